"""The calls that make a registration, put together: a kernel from its name to the registrar, a definition likewise.

Source: ``KernelDefBuilder`` of ``framework/kernel_def_builder.cc``, ``REGISTER_KERNEL_BUILDER`` of
``framework/op_kernel.h`` and ``REGISTER_OP`` of ``framework/op.h``: what the macros write is straight-line code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, Constraint
from opselect.binaries.code.values import Call, Imported, Loaded, Place, Value
from opselect.binaries.image import Image, is_text
from opselect.binaries.records import CompiledDefinition, KnownFrom, RegisteredKernel, Registrations, Undecoded
from opselect.binaries.registrations.roles import ApiFunction, Role

_NO_OP = ("", "_no_register")
"""Names that selective registration gives to what it leaves out (``framework/kernel_def_builder.h``)."""
_DEVICES = {
    "DEVICE_DEFAULT": "DEFAULT",
    "DEVICE_CPU": "CPU",
    "DEVICE_GPU": "GPU",
    "DEVICE_TPU": "TPU",
    "DEVICE_TPU_SYSTEM": "TPU_SYSTEM",
}
"""The texts of the constants of ``framework/types.cc``, which another library of the program defines."""
_OF_DEFINITIONS = frozenset({Role.OP_ATTR, Role.OP_INPUT, Role.OP_OUTPUT, Role.RECEIVER})
_MAX_LIST = 64
_MAX_TEXT = 1 << 16


Api = dict[int | str, ApiFunction]
"""What the functions do that registrations call, by address or by the name of the import."""


@dataclass(slots=True)
class _Builder:
    """A registration that is being put together: the calls that were made on one builder, in their order.

    ``role`` is that of the call that begins it, ``op`` the name of the op, ``number`` that call's in the function.
    ``places`` are where the builder is: on the stack, and the results of its own functions, which return it.
    """

    role: Role
    op: str | None
    begins: Call
    number: int
    places: set[Value]
    told: list[tuple[ApiFunction, Call]] = field(default_factory=list)
    built: int = 0
    registered: bool = False


class Assembler:
    """Makes records of the calls of one function after the other.

    ``api`` says what the called functions do, ``is_function`` whether a function begins at an address.
    """

    def __init__(self, image: Image, known_from: KnownFrom, api: Api, is_function: Callable[[int], bool]) -> None:
        self._image = image
        self._known_from = known_from
        self._api = api
        self._is_function = is_function
        self._kernels: list[RegisteredKernel] = []
        self._definitions: list[CompiledDefinition] = []
        self._undecoded: list[Undecoded] = []

    def registrations(self) -> Registrations:
        """Everything that was read."""
        return Registrations(
            kernels=tuple(sorted(self._kernels, key=lambda kernel: kernel.place)),
            definitions=tuple(sorted(self._definitions, key=lambda definition: definition.place)),
            undecoded=tuple(sorted(self._undecoded, key=lambda undecoded: undecoded.place)),
        )

    def read(self, calls: Sequence[Call], function: int, name: str, file: str) -> None:
        """Reads the calls of a function, with those of functions that are followed in the place of their call."""
        builders: list[_Builder] = []
        registrars: list[Call] = []
        for at, call in enumerate(calls):
            api = None if call.target is None else self._api.get(call.target)
            if api is None:
                continue
            if api.role in {Role.NAME, Role.OP}:
                places = {call.arguments[0], Place(call.number, 0)}
                builders.append(_Builder(api.role, self._text(call, 1), call, at, places))
            elif api.role is Role.REGISTRAR:
                registrars.append(call)
            else:
                builder = _of_call(builders, api.role, call)
                if builder is None and api.role in _OF_DEFINITIONS:
                    builder = self._begun_in_place(calls, at)
                    if builder is not None:
                        builders.append(builder)
                if builder is not None:
                    builder.told.append((api, call))
                    builder.places.add(Place(call.number, 0))
                    if api.role in {Role.BUILD, Role.RECEIVER}:
                        builder.built = call.number
        ranges = _ranges(builders, calls, function)
        where = _Where(function, name, file)
        for call in registrars:
            builder = _registered_by(builders, call)
            if builder is not None:
                builder.registered = True
                self._kernel(builder, call, where, *ranges[builder.number])
            elif not _is_left_out(call):
                self._undecoded.append(where.undecoded(call.place, self._class_of(call) or "", "its op"))
        for builder in builders:
            if builder.role is Role.OP:
                self._definition(builder, where, *ranges[builder.number])
            elif not builder.registered and builder.op not in _NO_OP:
                reason = f"no call registers what begins with op {builder.op}" if builder.op else "its op"
                self._undecoded.append(where.undecoded(builder.begins.place, "", reason))

    def _begun_in_place(self, calls: Sequence[Call], at: int) -> _Builder | None:
        """A definition whose name is put into the builder without a function of its own: as a string there.

        The string is made by the last call before with the same place and a text, or by storing its characters.
        """
        call = calls[at]
        for place in call.arguments[:2]:
            if not isinstance(place, Place):
                continue
            op = self._string(call, place)
            for number in range(at - 1, -1, -1):
                before = calls[number]
                if before.target in self._api:
                    break
                texts = [text for text in map(self._plain_text, before.arguments[1:]) if text]
                if before.arguments[0] == place and (texts or op):
                    return _Builder(Role.OP, texts[0] if texts else op, before, number, {place})
            if op is not None:
                return _Builder(Role.OP, op, call, at, {place})
        return None

    def _definition(self, builder: _Builder, where: _Where, first: int, end: int) -> None:
        told: dict[Role, list[str]] = {Role.OP_INPUT: [], Role.OP_OUTPUT: [], Role.OP_ATTR: []}
        for api, call in builder.told:
            text = self._text(call, 1) if api.role in told else None
            if text is not None:
                told[api.role].append(text)
        op = builder.op
        if op is None:
            self._undecoded.append(where.undecoded(builder.begins.place, "", "the name of an op definition"))
        elif op:
            self._definitions.append(
                CompiledDefinition(
                    op=op,
                    inputs=tuple(told[Role.OP_INPUT]),
                    outputs=tuple(told[Role.OP_OUTPUT]),
                    attrs=tuple(told[Role.OP_ATTR]),
                    file=where.file,
                    known_from=self._known_from,
                    place=builder.begins.place,
                    function=where.function,
                    first=first,
                    end=end,
                )
            )

    def _kernel(self, builder: _Builder, call: Call, where: _Where, first: int, end: int) -> None:
        """Makes the record of a kernel, or says what of it could not be read."""
        op, kernel_class = builder.op, self._class_of(call)
        device: str | None = None
        label, priority = "", 0
        constraints: dict[str, tuple[AttrScalar, ...]] = {}
        host_memory_args: list[str] = []
        unknown = [] if op is not None else ["its op"]
        if op in _NO_OP:
            return
        of_op = f" of a kernel of op {op}"
        for api, told in builder.told:
            role, text = api.role, self._text(told, 1)
            if role is Role.PRIORITY:
                value = told.arguments[1]
                if isinstance(value, int):
                    priority = (value & 0x7FFFFFFF) - (value & 0x80000000)
                else:
                    unknown.append(f"the priority{of_op}")
            elif role is Role.BUILD:
                continue
            elif text is None or role is Role.OTHER:
                unknown.append(f"what a call says that {role.value},{of_op}")
            elif role is Role.DEVICE:
                device = text
            elif role in {Role.TYPE, Role.TYPES, Role.ATTR}:
                allowed = self._allowed(api, told)
                if allowed is None:
                    unknown.append(f"what attr {text} may be{of_op}")
                else:
                    constraints[text] = (*constraints.get(text, ()), *allowed)
            elif role is Role.HOST_MEMORY:
                host_memory_args.append(text)
            elif role is Role.LABEL:
                label = text
        if device is None:
            unknown.append(f"the device{of_op}")
        if kernel_class is None:
            unknown.append(f"the class{of_op}")
        if unknown or op is None or device is None or kernel_class is None:
            self._undecoded.append(where.undecoded(call.place, kernel_class or "", unknown[0]))
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
                known_from=self._known_from,
                place=call.place,
                function=where.function,
                first=first,
                end=end,
                factory=self._factory(call),
            )
        )

    def _class_of(self, call: Call) -> str | None:
        """The text of the class: two arguments that are its length and its beginning, or one that ends with NUL."""
        arguments = call.arguments
        for at in range(len(arguments) - 1):
            for length, start in ((arguments[at], arguments[at + 1]), (arguments[at + 1], arguments[at])):
                text = self._sized_text(length, start)
                if text is not None:
                    return text
        for argument in arguments:
            if isinstance(argument, Place):
                first, second = call.memory.pair(argument, call.number)
                text = self._sized_text(first, second) or self._sized_text(second, first)
                if text:
                    return text
        return next((text for text in map(self._plain_text, arguments[1:]) if text), None)

    def _sized_text(self, length: Value, start: Value) -> str | None:
        if not isinstance(length, int) or not isinstance(start, int) or not 0 < length < _MAX_TEXT:
            return None
        text = self._image.text(start, length + 1)
        return text if text is not None and len(text) == length else None

    def _plain_text(self, value: Value) -> str | None:
        return self._image.text(value, _MAX_TEXT) or None if isinstance(value, int) and value else None

    def _factory(self, call: Call) -> int | None:
        """The function that makes the kernel: an argument, or what an object holds that is an argument."""
        for argument in reversed(call.arguments):
            if isinstance(argument, int) and self._is_function(argument):
                return argument
        for argument in reversed(call.arguments[1:]):
            if isinstance(argument, Place):
                for word in call.memory.reachable(argument, call.number):
                    if isinstance(word, int) and self._is_function(word):
                        return word
        return None

    def _text(self, call: Call, at: int) -> str | None:
        """The text of an argument: a C string, a string object, or a constant of another library."""
        if at >= len(call.arguments):
            return None
        value = call.arguments[at]
        if isinstance(value, int):
            return self._image.text(value, _MAX_TEXT)
        if isinstance(value, Loaded | Imported):
            return next((text for name, text in _DEVICES.items() if value.name.endswith(f"{len(name)}{name}E")), None)
        if isinstance(value, Place):
            return self._string(call, value)
        return None

    def _string(self, call: Call, place: Place) -> str | None:
        """The text of a string object: made by a call of a C string, or word by word in place."""
        made_of = call.memory.made_of(place, call.number)
        if made_of is not None:
            text = self._image.text(made_of, _MAX_TEXT)
            if text is not None:
                return text
        start, length = call.memory.pair(place, call.number)
        if isinstance(length, int) and 0 <= length < _MAX_TEXT:
            if isinstance(start, Place):
                return _printable(call.memory.content(start, length, call.number), length)
            text = self._sized_text(length, start)
            if text is not None:
                return text
        # libc++ keeps a short string behind a byte that is twice its length.
        short = call.memory.content(place, 3 * self._image.pointer_size, call.number)
        return _printable(short[1 : 1 + short[0] // 2], short[0] // 2) if short and not short[0] & 1 else None

    def _allowed(self, api: ApiFunction, call: Call) -> tuple[AttrScalar, ...] | None:
        """The values that a constraint admits."""
        if api.dtype is not None:
            return (api.dtype,)
        value = call.arguments[2] if len(call.arguments) > 2 else None
        if api.role is Role.TYPE:
            return _types((value,)) if isinstance(value, int) else None
        if api.role is Role.TYPES:
            return self._type_list(call)
        if not isinstance(value, int):
            return None
        if api.value_type == "b":
            return (bool(value),)
        if api.value_type in {"l", "x", "i"}:
            return (value - (1 << 64) if value & (1 << 63) else value,)
        text = self._image.text(value, _MAX_TEXT)
        return None if text is None else (text,)

    def _type_list(self, call: Call) -> tuple[AttrScalar, ...] | None:
        """The types of a list: its beginning and its length are arguments, or words of an object that is one."""
        start, count = (*call.arguments[2:4], None, None)[:2]
        if isinstance(start, Place) and not isinstance(count, int):
            start, count = call.memory.pair(start, call.number)
        if not isinstance(count, int) or not 0 < count <= _MAX_LIST:
            return None
        if isinstance(start, int):
            found = self._image.bytes_at(start, 4 * count)
        elif isinstance(start, Place):
            found = call.memory.content(start, 4 * count, call.number)
        else:
            return None
        order = "big" if self._image.big_endian else "little"
        numbers = [int.from_bytes(found[at : at + 4], order) for at in range(0, len(found), 4)]
        return _types(numbers) if len(numbers) == count else None


@dataclass(frozen=True, slots=True)
class _Where:
    """The function whose calls are read."""

    function: int
    name: str
    file: str

    def undecoded(self, place: int, kernel_class: str, reason: str) -> Undecoded:
        """What is known of a call there that could not be read."""
        return Undecoded(place, self.function, self.name, self.file, kernel_class, reason)


def _of_call(builders: Sequence[_Builder], role: Role, call: Call) -> _Builder | None:
    """The builder that a call is made on: the one that is at its first argument, or the last where that is unknown."""
    builder_at = call.arguments[0]
    if role is Role.RECEIVER:
        given = [argument for argument in call.arguments[:2] if isinstance(argument, Place)]
        return next((b for b in reversed(builders) if not b.built and b.places.intersection(given)), None)
    if builder_at is None:
        return builders[-1] if builders and not builders[-1].built else None
    return next((builder for builder in reversed(builders) if not builder.built and builder_at in builder.places), None)


def _registered_by(builders: Sequence[_Builder], call: Call) -> _Builder | None:
    """The builder whose result a registrar is given."""
    given = {argument.base for argument in call.arguments[:3] if isinstance(argument, Place) and not argument.offset}
    return next((builder for builder in reversed(builders) if builder.built and builder.built in given), None)


def _is_left_out(call: Call) -> bool:
    """Whether a registrar is given no kernel, as selective registration does with what it leaves out."""
    return 0 in call.arguments[:2]


def _ranges(builders: Sequence[_Builder], calls: Sequence[Call], function: int) -> dict[int, tuple[int, int]]:
    """Where the code of each registration begins and ends: at the call before its name, and before the next one's."""
    starts = [calls[builder.number - 1].after if builder.number else function for builder in builders]
    ends = [*starts[1:], calls[-1].after][: len(starts)] if builders else []
    return {
        builder.number: (start, max(end, builder.begins.after))
        for builder, start, end in zip(builders, starts, ends, strict=True)
    }


def _printable(found: bytes, length: int) -> str | None:
    return found.decode("ascii") if len(found) == length and is_text(found) else None


def _types(numbers: Sequence[int]) -> tuple[AttrScalar, ...] | None:
    known = {dtype.value for dtype in DataType}
    return tuple(DataType(number) for number in numbers) if all(number in known for number in numbers) else None


def _in_order(allowed: Sequence[AttrScalar]) -> tuple[AttrScalar, ...]:
    return tuple(sorted(set(allowed), key=lambda value: (type(value).__name__, value)))
