"""The calls that make a registration, put together: a kernel from its name to the registrar, a definition likewise.

Source: ``KernelDefBuilder`` of ``framework/kernel_def_builder.cc``, ``REGISTER_KERNEL_BUILDER`` of
``framework/op_kernel.h`` and ``REGISTER_OP`` of ``framework/op.h``: what the macros write is straight-line code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kernel_index.records import AttrScalar, Constraint
from opselect.binaries.code.values import CodeCall, Place, Value
from opselect.binaries.records import CompiledDefinition, KnownFrom, RegisteredKernel, Registrations, Undecoded
from opselect.binaries.registrations.arguments import NO_OP, OP_NAME, Arguments
from opselect.binaries.registrations.roles import ApiFunction, ApiRole

_UNKNOWN = ApiFunction(ApiRole.OTHER)
_OF_DEFINITIONS = frozenset({ApiRole.OP_ATTR, ApiRole.OP_INPUT, ApiRole.OP_OUTPUT, ApiRole.RECEIVER})


Api = dict[int | str, ApiFunction]
"""What the functions do that registrations call, by address or by the name of the import."""


@dataclass(slots=True)
class _Builder:
    """A registration that is being put together: the calls that were made on one builder, in their order.

    ``role`` is that of the call that begins it, ``op`` the name of the op, ``number`` that call's in the function.
    ``places`` are where it is when it begins: on the stack, or the result of the call that makes it. ``built`` is the
    number of the call that ends it. Its code is that from ``first`` to ``end``. Where it is ``conditional``, the run
    decides whether there is an op.
    """

    role: ApiRole
    op: str | None
    begins: CodeCall
    number: int
    places: set[Value]
    told: list[tuple[ApiFunction, CodeCall]] = field(default_factory=list)
    built: int = 0
    registered: bool = False
    first: int = 0
    end: int = 0
    conditional: bool = False


class _Builders:
    """The builders of the calls of one function, by where they are."""

    def __init__(self) -> None:
        self.all: list[_Builder] = []
        self._places: dict[Value, _Builder] = {}
        self._built: dict[int, _Builder] = {}

    def add(self, builder: _Builder) -> None:
        """Adds one; what was at its place before is not there any more."""
        self.all.append(builder)
        self._places.update(dict.fromkeys(builder.places, builder))

    def at(self, place: Value) -> _Builder | None:
        """The builder that is at a place, if it has not ended."""
        builder = self._places.get(place) if isinstance(place, Place) else None
        return builder if builder is not None and not builder.built else None

    def returned(self, builder: _Builder, call: CodeCall) -> None:
        """Notes that a call on a builder may return it, or what was built."""
        self._places[Place(call.number, 0)] = builder
        self._built[call.number] = builder

    def told_by(self, api: ApiFunction, call: CodeCall) -> _Builder | None:
        """The builder that a call is made on: at its first argument, or the last one where that is not known."""
        if api.role is ApiRole.RECEIVER:
            return self.at(call.arguments[0]) or self.at(call.arguments[1])
        if call.arguments[0] is not None:
            return self.at(call.arguments[0])
        return self.all[-1] if self.all and not self.all[-1].built else None

    def registered_by(self, api: ApiFunction, call: CodeCall) -> _Builder | None:
        """The builder whose result a registrar is given, or in C the builder itself."""
        if api.of_c:
            return self.at(call.arguments[1])
        for given in call.arguments[:3]:
            if isinstance(given, Place) and not given.offset:
                builder = self._built.get(given.base)
                if builder is not None and builder.built == given.base:
                    return builder
        return None

    def set_ranges(self, calls: Sequence[CodeCall], function: int) -> None:
        """Says where the code of each begins and ends: at the call before its name, and before the next one's."""
        for builder in self.all:
            builder.first = calls[builder.number - 1].after if builder.number else function
        for builder, following in pairwise(self.all):
            builder.end = max(following.first, builder.begins.after)
        if self.all:
            self.all[-1].end = calls[-1].after


class Assembler:
    """Makes records of the calls of one function after the other.

    ``api`` says what the called functions do.
    """

    def __init__(self, arguments: Arguments, api: Api) -> None:
        self._arguments = arguments
        self._api = api
        self._kernels: list[RegisteredKernel] = []
        self._conditional: dict[int, _Where] = {}
        self._definitions: list[CompiledDefinition] = []
        self._undecoded: list[Undecoded] = []

    def registrations(self) -> Registrations:
        """Everything that was read.

        Where the run decides whether selective registration keeps an op, it keeps the definition by the same rule.
        """
        defined = {definition.op for definition in self._definitions}
        kept = []
        for kernel in self._kernels:
            if kernel.place not in self._conditional or kernel.op in defined:
                kept.append(kernel)
            elif not defined:
                reason = f"whether selective registration keeps op {kernel.op}"
                where = self._conditional[kernel.place]
                self._undecoded.append(where.undecoded(kernel.place, kernel.kernel_class, reason))
        self._kernels = kept
        return Registrations(
            kernels=tuple(sorted(self._kernels, key=lambda kernel: kernel.place)),
            definitions=tuple(sorted(self._definitions, key=lambda definition: definition.place)),
            undecoded=tuple(sorted(self._undecoded, key=lambda undecoded: undecoded.place)),
        )

    def read(self, calls: Sequence[CodeCall], function: int, name: str, file: str) -> None:
        """Reads the calls of a function, with those of functions that are followed in the place of their call."""
        builders = _Builders()
        registrars: list[tuple[ApiFunction, CodeCall]] = []
        for at, call in enumerate(calls):
            api = None if call.target is None else self._api.get(call.target)
            if api is None:
                builder = builders.at(call.arguments[0])
                if builder is not None:
                    builders.returned(builder, call)
                    if builder.role is ApiRole.NAME:
                        builder.told.append((_UNKNOWN, call))
            elif api.role is ApiRole.NAME or api.role is ApiRole.OP:
                builders.add(self._begun(api, call, at))
            elif api.role is ApiRole.REGISTRAR:
                registrars.append((api, call))
            else:
                builder = builders.told_by(api, call)
                if builder is None and api.role in _OF_DEFINITIONS:
                    builder = self._begun_in_place(calls, at)
                    if builder is not None:
                        builders.add(builder)
                if builder is not None:
                    builder.told.append((api, call))
                    builders.returned(builder, call)
                    if api.role is ApiRole.BUILD or api.role is ApiRole.RECEIVER:
                        builder.built = call.number
        builders.set_ranges(calls, function)
        where = _Where(
            function=function,
            name=name,
            file=file,
            known_from=KnownFrom.SYMBOLS if name else KnownFrom.CODE,
            is_initialiser=self._arguments.is_initialiser(function),
        )
        for api, call in registrars:
            builder = builders.registered_by(api, call)
            if builder is not None:
                builder.registered = True
                if builder.conditional:
                    self._conditional[call.place] = where
                self._kernel(builder, call, where, *self._class_and_factory(api, builder, call, calls))
            elif not _is_left_out(call):
                self._undecoded.append(where.undecoded(call.place, self._arguments.class_of(call) or "", "its op"))
        for builder in builders.all:
            if builder.role is ApiRole.OP:
                self._definition(builder, where)
            elif not builder.registered and builder.op not in NO_OP:
                reason = f"no call registers what begins with op {builder.op}" if builder.op else "its op"
                self._undecoded.append(where.undecoded(builder.begins.place, "", reason))

    def _begun(self, api: ApiFunction, call: CodeCall, at: int) -> _Builder:
        """A registration that a call begins with the name of an op."""
        if api.of_c:
            builder = _Builder(api.role, self._arguments.op_name(call, 0), call, at, {Place(call.number, 0)})
            if api.role is ApiRole.NAME:
                builder.told.append((ApiFunction(ApiRole.DEVICE), call))
            return builder
        places = {call.arguments[0], Place(call.number, 0)}
        builder = _Builder(api.role, self._arguments.op_name(call, 1), call, at, places)
        builder.conditional = api.conditional or self._arguments.is_conditional(call, 1)
        return builder

    def _class_and_factory(
        self, api: ApiFunction, builder: _Builder, call: CodeCall, calls: Sequence[CodeCall]
    ) -> tuple[str | None, int | None]:
        """The text of the class that a registrar is given, and the function that makes the kernel."""
        if api.of_c:
            return self._arguments.text(call, 0), self._arguments.function(builder.begins.arguments[2])
        between = calls[builder.built : call.number - 1]
        return self._arguments.class_of(call, between), self._arguments.factory(call, calls)

    def _begun_in_place(self, calls: Sequence[CodeCall], at: int) -> _Builder | None:
        """A definition whose name is put into the builder without a function of its own: as a string there.

        The string is made by the last call before with the same place and a text, or by storing its characters.
        """
        call = calls[at]
        for place in call.arguments[:2]:
            if not isinstance(place, Place):
                continue
            op = self._arguments.string(call, place)
            for number in range(at - 1, -1, -1):
                before = calls[number]
                if before.target in self._api:
                    break
                texts = [
                    text
                    for text in map(self._arguments.plain_text, before.arguments[1:])
                    if OP_NAME.fullmatch(text or "")
                ]
                if before.arguments[0] == place and (texts or op):
                    return _Builder(ApiRole.OP, texts[0] if texts else op, before, number, {place})
            if op is not None:
                return _Builder(ApiRole.OP, op, call, at, {place})
        return None

    def _definition(self, builder: _Builder, where: _Where) -> None:
        told: dict[ApiRole, list[str]] = {ApiRole.OP_INPUT: [], ApiRole.OP_OUTPUT: [], ApiRole.OP_ATTR: []}
        for api, call in builder.told:
            if api.role in told:
                told[api.role].append(self._arguments.text(call, 1) or "")
        op = builder.op
        if op is None and (builder.built or where.is_initialiser):
            self._undecoded.append(where.undecoded(builder.begins.place, "", "the name of an op definition"))
        elif op:
            self._definitions.append(
                CompiledDefinition(
                    op=op,
                    inputs=tuple(told[ApiRole.OP_INPUT]),
                    outputs=tuple(told[ApiRole.OP_OUTPUT]),
                    attrs=tuple(told[ApiRole.OP_ATTR]),
                    file=where.file,
                    known_from=where.known_from,
                    place=builder.begins.place,
                    function=where.function,
                    first=builder.first,
                    end=builder.end,
                )
            )

    def _kernel(
        self, builder: _Builder, call: CodeCall, where: _Where, kernel_class: str | None, factory: int | None
    ) -> None:
        """Makes the record of a kernel, or says what of it could not be read."""
        op = builder.op
        device: str | None = None
        label, priority = "", 0
        constraints: dict[str, tuple[AttrScalar, ...]] = {}
        host_memory_args: list[str] = []
        unknown = [] if op is not None else ["its op"]
        if op in NO_OP:
            return
        of_op = f" of a kernel of op {op}"
        for api, told in builder.told:
            role, text = api.role, self._arguments.text(told, 1)
            if role is ApiRole.PRIORITY:
                value = told.arguments[1]
                if isinstance(value, int):
                    priority = (value & 0x7FFFFFFF) - (value & 0x80000000)
                else:
                    unknown.append(f"the priority{of_op}")
            elif role is ApiRole.BUILD:
                continue
            elif text is None or role is ApiRole.OTHER:
                unknown.append(f"what a call says that {role.value},{of_op}")
            elif role is ApiRole.DEVICE:
                device = text
            elif role is ApiRole.TYPE or role is ApiRole.TYPES or role is ApiRole.ATTR:
                allowed = self._arguments.allowed(api, told)
                if allowed is None:
                    unknown.append(f"what attr {text} may be{of_op}")
                else:
                    constraints[text] = (*constraints.get(text, ()), *allowed)
            elif role is ApiRole.HOST_MEMORY:
                host_memory_args.append(text)
            elif role is ApiRole.LABEL:
                label = text
        unknown += self._decided_by_run(builder, call, of_op)
        if device is None:
            unknown.append(f"the device{of_op}")
        if kernel_class is None:
            unknown.append(f"the class{of_op}")
        if unknown or op is None or device is None or kernel_class is None:
            self._undecoded.append(where.undecoded(call.place, kernel_class or "", unknown[0], op or ""))
            return
        self._kernels.append(
            RegisteredKernel(
                op=op,
                device=device,
                label=label,
                priority=priority,
                constraints=tuple(Constraint(attr, _in_order(found)) for attr, found in sorted(constraints.items())),
                host_memory_args=tuple(host_memory_args),
                kernel_class=kernel_class,
                file=where.file,
                known_from=where.known_from,
                place=call.place,
                function=where.function,
                first=builder.first,
                end=builder.end,
                factory=factory,
            )
        )

    @staticmethod
    def _decided_by_run(builder: _Builder, registrar: CodeCall, of_op: str) -> Iterator[str]:
        """What only the run decides: how often there is such a kernel, and what is said of it."""
        if registrar.jumps.may_repeat(registrar.place):
            yield f"how often a loop registers a kernel{of_op.removeprefix(' of a kernel')}"
        first, last = builder.begins.place, registrar.place
        for api, told in builder.told:
            if api.role is ApiRole.BUILD or told is builder.begins or told.jumps is not registrar.jumps:
                continue
            # A loop that makes the builder anew tells each one once.
            repeats = told.jumps.may_repeat(told.place) and not told.jumps.may_repeat(first)
            if repeats or told.jumps.may_skip(told.place, first, last):
                yield f"whether a call is made that {api.role.value},{of_op}"


@dataclass(frozen=True, slots=True)
class _Where:
    """The function whose calls are read."""

    function: int
    name: str
    file: str
    known_from: KnownFrom
    is_initialiser: bool

    def undecoded(self, place: int, kernel_class: str, reason: str, op: str = "") -> Undecoded:
        """What is known of a call there that could not be read."""
        return Undecoded(place, self.function, self.name, self.file, kernel_class, reason, op)


def _is_left_out(call: CodeCall) -> bool:
    """Whether a registrar is given no kernel, as selective registration does with what it leaves out."""
    return 0 in call.arguments[:2]


def _in_order(allowed: Sequence[AttrScalar]) -> tuple[AttrScalar, ...]:
    each = set(allowed)
    if len({type(value) for value in each}) == 1:
        return tuple(sorted(each))
    return tuple(sorted(each, key=lambda value: (type(value).__name__, value)))
