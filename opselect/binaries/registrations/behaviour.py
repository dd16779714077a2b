"""What the functions do that registrations call, told by how they are called: in binaries without names.

A registration is straight-line code: a builder begins with the name of an op, its functions return it, what the last of
them returns goes into the registrar, with the text of a class and the address of a factory. No other code looks so.
What the functions between do is told by what they are told: devices, attrs and arguments of the op, small numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kernel_index import shipped
from kernel_index.records import OpDefinition
from opselect.binaries.code.values import Call, Place
from opselect.binaries.registrations.arguments import Arguments
from opselect.binaries.registrations.roles import ApiFunction, Role

_OP = re.compile(r"_?[A-Z]\w*(?:>\w+)*")
"""Names of ops (``framework/op_def_util.cc``); those that begin with ``_`` are internal."""
_DEVICE = re.compile(r"(?:XLA_)?(?:CPU|GPU|TPU|DEFAULT)(?:_[A-Z]+)*")
_SPECIFICATION = re.compile(r"\s*([A-Za-z]\w*)\s*:\s*(.+)", re.DOTALL)
_ATTR_TYPE = re.compile(
    r"(?:list\s*\(|int\b|type\b|shape\b|tensor\b|func\b|\{|numbertype\b|realnumbertype\b|quantizedtype\b|(?:bool|string|float)\s*=)"
)
"""What stands behind the colon for an attr and for no input (``framework/op_def_builder.cc``)."""
_MOST_TYPES = 200


@dataclass(slots=True)
class _Chain:
    """The calls on one builder: the one with the name, those between, and the last, whose result is used."""

    begins: Call
    between: list[Call]
    last: Call
    op: str


@dataclass(slots=True)
class _Seen:
    """How a function between was called: with which texts for which ops, and the number behind the text."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    first_of_chain: int = 0


def kernel_api(
    functions: Iterable[Sequence[Call]], arguments: Arguments, calls_of: Callable[[int], Sequence[Call]],
    definitions: Callable[[str], frozenset[str] | None],
) -> dict[int | str, ApiFunction]:  # fmt: skip
    """What functions do for kernels, by all the calls of some functions.

    ``calls_of`` gives the calls of any function, ``definitions`` the inputs and outputs that the binary's own
    definition of an op names, None where it has none.
    """
    found: dict[Role, Counter[int | str]] = {role: Counter() for role in (Role.NAME, Role.BUILD, Role.REGISTRAR)}
    between: dict[int | str, _Seen] = {}
    for calls in functions:
        for registrar in calls:
            chain = _chain_into(calls, registrar, arguments)
            if chain is None or registrar.target is None:
                continue
            found[Role.REGISTRAR][registrar.target] += 1
            for role, call in ((Role.NAME, chain.begins), (Role.BUILD, chain.last)):
                if call.target is not None:
                    found[role][call.target] += 1
            for at, call in enumerate(chain.between):
                if call.target is not None:
                    seen = between.setdefault(call.target, _Seen())
                    seen.calls.append(call)
                    seen.first_of_chain += at == 0
                    text = arguments.text(call, 1)
                    if text is not None:
                        seen.texts.append((chain.op, text))
    api: dict[int | str, ApiFunction] = {}
    for role, counted in found.items():
        api |= {target: ApiFunction(role) for target in counted}
    inputs = _Inputs(definitions, between.values())
    for target, seen in between.items():
        api[target] = _between(target, seen, arguments, calls_of, inputs)
    return api


def _chain_into(calls: Sequence[Call], registrar: Call, arguments: Arguments) -> _Chain | None:
    """The calls on the builder whose result a call is given, if it is given a class and a factory besides."""
    given = [argument for argument in registrar.arguments[:3] if isinstance(argument, Place) and argument.base > 0]
    if not given or arguments.class_of(registrar) is None or arguments.factory(registrar) is None:
        return None
    by_number = {call.number: call for call in calls}
    for place in given:
        last = by_number.get(place.base)
        if last is None or place.offset or last.number >= registrar.number:
            continue
        between: list[Call] = []
        call = last
        while True:
            builder = call.arguments[0]
            if not isinstance(builder, Place):
                break
            if builder.base <= 0:
                begins = _begun(calls, call, builder, arguments)
                op = arguments.text(begins, 1) if begins is not None else None
                if begins is None or op is None:
                    break
                return _Chain(begins, list(reversed(between)), last, op)
            if builder.offset or builder.base not in by_number or by_number[builder.base].number >= call.number:
                break
            call = by_number[builder.base]
            named = arguments.text(call, 1)
            if named is not None and _OP.fullmatch(named) and isinstance(call.arguments[0], Place):
                # On 32-bit ARM constructors return what they made.
                held = call.arguments[0]
                if held.base <= 0 and not any(before.arguments[0] == held for before in between) and _begins(
                    calls, call, held, arguments
                ):
                    return _Chain(call, list(reversed(between)), last, named)
            between.append(call)
    return None


def _begins(calls: Sequence[Call], call: Call, builder: Place, arguments: Arguments) -> bool:
    """Whether no call before, on the same place, names an op: then this one begins the builder."""
    return _begun(calls, call, builder, arguments) is None


def _begun(calls: Sequence[Call], call: Call, builder: Place, arguments: Arguments) -> Call | None:
    """The last call before that names an op for a builder on the stack."""
    for before in reversed(calls[: _position(calls, call)]):
        if before.arguments[0] == builder:
            text = arguments.text(before, 1)
            return before if text is not None and _OP.fullmatch(text) else None
    return None


def _position(calls: Sequence[Call], call: Call) -> int:
    return call.number - calls[0].number


class _Inputs:
    """What the inputs and outputs of ops are called, and their attrs: by the binary's own definitions, else by the
    releases that are shipped."""

    def __init__(
        self, own: Callable[[str], frozenset[str] | None], seen: Iterable[_Seen]
    ) -> None:
        self._own = own
        ops = sorted({op for each in seen for op, _ in each.texts})
        if ops:
            shipped.definitions_of(*ops)

    def has(self, op: str, name: str) -> bool | None:
        """Whether an op has an input or output of a name; None where nobody says."""
        own = self._own(op)
        released = self._released(op)
        if own is None and not released:
            return None
        return name in (own or ()) or any(
            name == argument.name for definition in released for argument in (*definition.inputs, *definition.outputs)
        )

    def attr_type(self, op: str, name: str) -> str | None:
        """The type of an attr of an op; None where nobody says."""
        return next((a.type for definition in self._released(op) for a in definition.attrs if a.name == name), None)

    @staticmethod
    def _released(op: str) -> list[OpDefinition]:
        return [definition for _, definition in shipped.definitions_of(op)]


def _between(
    target: int | str, seen: _Seen, arguments: Arguments, calls_of: Callable[[int], Sequence[Call]], inputs: _Inputs
) -> ApiFunction:
    """What a function between the name and the end does."""
    if not seen.texts:
        numbers = [call.arguments[1] for call in seen.calls if len(call.arguments) > 1]
        return ApiFunction(Role.PRIORITY if any(isinstance(number, int) for number in numbers) else Role.OTHER)
    texts = [text for _, text in seen.texts]
    if sum(_DEVICE.fullmatch(text) is not None for text in texts) * 2 > len(texts):
        return ApiFunction(Role.DEVICE)
    behind = [call.arguments[2] if len(call.arguments) > 2 else None for call in seen.calls]
    value_type = _value_type(seen, inputs)
    if value_type:
        return ApiFunction(Role.ATTR, value_type=value_type)
    if all(isinstance(value, int) and 0 < value < _MOST_TYPES for value in behind):
        return ApiFunction(Role.TYPE)
    if all(isinstance(value, Place) or (isinstance(value, int) and value >= _MOST_TYPES) for value in behind):
        return ApiFunction(Role.TYPES)
    if isinstance(target, int):
        dtype = _type_within(calls_of(target), arguments)
        if dtype is not None:
            return dtype
    known = [inputs.has(op, text) for op, text in seen.texts]
    if known.count(True) > known.count(False):
        return ApiFunction(Role.HOST_MEMORY)
    if known.count(False):
        return ApiFunction(Role.LABEL)
    return ApiFunction(Role.OTHER)


def _value_type(seen: _Seen, inputs: _Inputs) -> str:
    """How the value of an attr that is no type is given: only attrs of such types are told to the function."""
    kinds = {inputs.attr_type(op, text) for op, text in seen.texts}
    spelled = {"bool": "b", "int": "l", "string": "PKc"}
    return spelled[kind] if len(kinds) == 1 and (kind := kinds.pop() or "") in spelled else ""


def _type_within(calls: Sequence[Call], arguments: Arguments) -> ApiFunction | None:
    """The type of a function that does nothing but to hand on its arguments with a type."""
    if len(calls) != 1 or len(calls[0].arguments) < 3:
        return None
    dtype = arguments.dtype(calls[0].arguments[2])
    return None if dtype is None else ApiFunction(Role.TYPE, dtype)


def definition_api(functions: Iterable[Sequence[Call]], arguments: Arguments) -> dict[int | str, ApiFunction]:
    """What functions do for op definitions, by all the calls of some functions.

    A definition is told texts such as ``x: T`` and ``T: type``; inputs come before outputs.
    """
    told: dict[int | str, list[str]] = {}
    begun: Counter[int | str] = Counter()
    orders: Counter[tuple[int | str, int | str]] = Counter()
    for calls in functions:
        for begins, specified in _specifications(calls, arguments):
            if begins is not None and begins.target is not None:
                begun[begins.target] += 1
            targets = []
            for call, text in specified:
                if call.target is not None:
                    told.setdefault(call.target, []).append(text)
                    targets.append(call.target)
            firsts = list(dict.fromkeys(targets))
            orders.update((a, b) for at, a in enumerate(firsts) for b in firsts[at + 1 :])
    api: dict[int | str, ApiFunction] = {target: ApiFunction(Role.OP) for target in begun}
    arguments_of_ops = []
    for target, texts in told.items():
        matches = [_SPECIFICATION.match(text) for text in texts]
        attrs = sum(match is not None and _ATTR_TYPE.match(match[2]) is not None for match in matches)
        if attrs * 2 > len(texts):
            api[target] = ApiFunction(Role.OP_ATTR)
        else:
            arguments_of_ops.append(target)
    for target in arguments_of_ops:
        before = sum(orders[target, other] - orders[other, target] for other in arguments_of_ops)
        api[target] = ApiFunction(Role.OP_INPUT if before > 0 or len(arguments_of_ops) == 1 else Role.OP_OUTPUT)
    return api


def _specifications(
    calls: Sequence[Call], arguments: Arguments
) -> Iterator[tuple[Call | None, list[tuple[Call, str]]]]:
    """The call that names an op, and those that declare its inputs, outputs and attrs, of each definition."""
    open_at: dict[Place, tuple[Call | None, list[tuple[Call, str]]]] = {}
    for call in calls:
        place = call.arguments[0]
        if not isinstance(place, Place):
            continue
        text = arguments.text(call, 1)
        current = open_at.get(place)
        if text is not None and _SPECIFICATION.fullmatch(text):
            if current is None:
                current = None, []
                open_at[place] = current
            current[1].append((call, text))
        elif text is not None and _OP.fullmatch(text) and place.base <= 0:
            if current is not None:
                yield from (current,) if current[1] else ()
            current = call, []
            open_at = {at: kept for at, kept in open_at.items() if kept is not open_at.get(place)}
            open_at[place] = current
        if current is not None:
            open_at[Place(call.number, 0)] = current
    seen: list[tuple[Call | None, list[tuple[Call, str]]]] = []
    for current in open_at.values():
        if current[1] and not any(current is other for other in seen):
            seen.append(current)
    yield from seen
