"""What the functions do that registrations call, told by how they are called: in binaries without names.

A registration is straight-line code: a builder begins with the name of an op, its functions return it, what the last of
them returns goes into the registrar, with the text of a class and the address of a factory. No other code looks so.
What the functions between do is told by what they are told: devices, attrs and arguments of the op, small numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kernel_index import shipped
from kernel_index.records import OpDefinition
from opselect.binaries.code.values import CodeCall, Place
from opselect.binaries.records import CompiledDefinition
from opselect.binaries.registrations.arguments import OP_NAME, Arguments
from opselect.binaries.registrations.roles import ApiFunction, ApiRole

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

    begins: CodeCall
    between: list[CodeCall]
    last: CodeCall
    op: str


@dataclass(slots=True)
class _Seen:
    """How a function between was called: with which texts for which ops, and the number behind the text."""

    texts: list[tuple[str, str]] = field(default_factory=list)
    calls: list[CodeCall] = field(default_factory=list)
    first_of_chain: int = 0


def kernel_api(
    functions: Iterable[Sequence[CodeCall]], arguments: Arguments, calls_of: Callable[[int], Sequence[CodeCall]],
    definitions: Mapping[str, CompiledDefinition],
) -> dict[int | str, ApiFunction]:  # fmt: skip
    """What functions do for kernels, by all the calls of some functions.

    ``calls_of`` gives the calls of any function, ``definitions`` the binary's own op definitions by op.
    """
    found: dict[ApiRole, Counter[int | str]] = {
        role: Counter() for role in (ApiRole.NAME, ApiRole.BUILD, ApiRole.REGISTRAR)
    }
    between: dict[int | str, _Seen] = {}
    for calls in functions:
        for registrar in calls:
            chain = _chain_into(calls, registrar, arguments)
            if chain is None or registrar.target is None:
                continue
            found[ApiRole.REGISTRAR][registrar.target] += 1
            for role, call in ((ApiRole.NAME, chain.begins), (ApiRole.BUILD, chain.last)):
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
    inputs = _Definitions(definitions, between.values())
    api = {target: _between(target, seen, arguments, calls_of, inputs) for target, seen in between.items()}
    for role, counted in found.items():
        for target, times in counted.items():
            if target not in between or times >= len(between[target].calls):
                api[target] = ApiFunction(role)
    return api


def _chain_into(calls: Sequence[CodeCall], registrar: CodeCall, arguments: Arguments) -> _Chain | None:
    """The calls on the builder whose result a call is given, if it is given a class and a factory besides."""
    given = [argument for argument in registrar.arguments[:3] if isinstance(argument, Place) and argument.base > 0]
    if not given or arguments.factory(registrar, calls) is None:
        return None
    for place in given:
        if place.offset or place.base >= registrar.number:
            continue
        last = calls[place.base - 1]
        made = calls[last.number : registrar.number - 1]
        if arguments.class_of(registrar, made) is None:
            continue
        between: list[CodeCall] = []
        call = last
        while True:
            builder = call.arguments[0]
            if not isinstance(builder, Place):
                break
            if builder.base <= 0:
                begins = _begun(calls, call, builder, arguments)
                op = arguments.op_name(begins, 1) if begins is not None else None
                if begins is None or op is None:
                    break
                return _Chain(begins, list(reversed(between)), last, op)
            if builder.offset or builder.base >= call.number:
                break
            call = calls[builder.base - 1]
            named = arguments.op_name(call, 1)
            if named is not None and OP_NAME.fullmatch(named) and isinstance(call.arguments[0], Place):
                # On 32-bit ARM constructors return what they made.
                held = call.arguments[0]
                if (
                    held.base <= 0
                    and not any(before.arguments[0] == held for before in between)
                    and _begins(calls, call, held, arguments)
                ):
                    return _Chain(call, list(reversed(between)), last, named)
            between.append(call)
    return None


def _begins(calls: Sequence[CodeCall], call: CodeCall, builder: Place, arguments: Arguments) -> bool:
    """Whether no call before, on the same place, names an op: then this one begins the builder."""
    return _begun(calls, call, builder, arguments) is None


def _begun(calls: Sequence[CodeCall], call: CodeCall, builder: Place, arguments: Arguments) -> CodeCall | None:
    """The last call before that names an op for a builder on the stack."""
    for before in reversed(calls[: call.number - 1]):
        if before.arguments[0] == builder:
            text = arguments.op_name(before, 1)
            return before if text is not None and OP_NAME.fullmatch(text) else None
    return None


class _Definitions:
    """What the inputs, outputs and attrs of ops are called: by the binary's own definitions, else by the releases."""

    def __init__(self, own: Mapping[str, CompiledDefinition], seen: Iterable[_Seen]) -> None:
        self._own = own
        unknown = sorted({op for each in seen for op, _ in each.texts} - own.keys())
        if unknown:
            shipped.definitions_of(*unknown)

    def has(self, op: str, name: str) -> bool | None:
        """Whether an op has an input or output of a name; None where nobody says."""
        own = self._own.get(op)
        if own is not None:
            return any(_name(text) == name for text in (*own.inputs, *own.outputs))
        released = self._released(op)
        if not released:
            return None
        return any(name == each.name for definition in released for each in (*definition.inputs, *definition.outputs))

    def attr_type(self, op: str, name: str) -> str | None:
        """The type of an attr of an op; None where nobody says."""
        own = self._own.get(op)
        if own is not None:
            found = next(
                (match for text in own.attrs if (match := _SPECIFICATION.match(text)) and match[1] == name), None
            )
            return re.split(r"[\s=>{]", found[2], maxsplit=1)[0] or "type" if found else None
        return next((a.type for definition in self._released(op) for a in definition.attrs if a.name == name), None)

    @staticmethod
    def _released(op: str) -> list[OpDefinition]:
        return [definition for _, definition in shipped.definitions_of(op)]


def _name(text: str) -> str:
    """The name of an input or output as its op is told it: what stands before the colon."""
    return text.partition(":")[0].strip()


def _between(
    target: int | str,
    seen: _Seen,
    arguments: Arguments,
    calls_of: Callable[[int], Sequence[CodeCall]],
    inputs: _Definitions,
) -> ApiFunction:
    """What a function between the name and the end does."""
    if len(seen.texts) * 2 <= len(seen.calls):
        numbers = [call.arguments[1] for call in seen.calls if len(call.arguments) > 1]
        return ApiFunction(ApiRole.PRIORITY if any(isinstance(number, int) for number in numbers) else ApiRole.OTHER)
    texts = [text for _, text in seen.texts]
    if sum(_DEVICE.fullmatch(text) is not None for text in texts) * 2 > len(texts):
        return ApiFunction(ApiRole.DEVICE)
    behind = [call.arguments[2] if len(call.arguments) > 2 else None for call in seen.calls]
    value_type = _value_type(seen, inputs)
    if value_type:
        return ApiFunction(ApiRole.ATTR, value_type=value_type)
    named = [inputs.has(op, text) for op, text in seen.texts]
    if named.count(True) > named.count(False):
        return ApiFunction(ApiRole.HOST_MEMORY)
    if isinstance(target, int):
        # What stands behind the text may be left over there from before: so it comes after this.
        dtype = _type_within(calls_of(target), arguments)
        if dtype is not None:
            return dtype
    attrs = [inputs.attr_type(op, text) is not None for op, text in seen.texts]
    if named.count(False) and not any(attrs):
        return ApiFunction(ApiRole.LABEL)
    if all(isinstance(value, int) and 0 < value < _MOST_TYPES for value in behind):
        return ApiFunction(ApiRole.TYPE)
    if all(isinstance(value, Place) or (isinstance(value, int) and value >= _MOST_TYPES) for value in behind):
        return ApiFunction(ApiRole.TYPES)
    return ApiFunction(ApiRole.OTHER)


def _value_type(seen: _Seen, inputs: _Definitions) -> str:
    """How the value of an attr that is no type is given: only attrs of such types are told to the function."""
    kinds = {inputs.attr_type(op, text) for op, text in seen.texts}
    spelled = {"bool": "b", "int": "l", "string": "PKc"}
    return spelled[kind] if len(kinds) == 1 and (kind := kinds.pop() or "") in spelled else ""


def _type_within(calls: Sequence[CodeCall], arguments: Arguments) -> ApiFunction | None:
    """The type of a function that does nothing but to hand on its arguments with a type."""
    if not calls or (len(calls) != 1 and not calls[0].jump):
        return None
    dtype = arguments.dtype(calls[0].arguments[2])
    return None if dtype is None else ApiFunction(ApiRole.TYPE, dtype)


def definition_api(functions: Iterable[Sequence[CodeCall]], arguments: Arguments) -> dict[int | str, ApiFunction]:
    """What functions do for op definitions, by all the calls of some functions.

    A definition is told texts such as ``x: T`` and ``T: type``; inputs come before outputs.
    """
    told: dict[int | str, list[str]] = {}
    begun: Counter[int | str] = Counter()
    received: Counter[int | str] = Counter()
    named: Counter[int | str] = Counter()
    orders: Counter[tuple[int | str, int | str]] = Counter()
    for calls in functions:
        for call in calls:
            text = arguments.op_name(call, 1) if isinstance(call.arguments[0], Place) else None
            if call.target is not None and text is not None and OP_NAME.fullmatch(text):
                named[call.target] += 1
        for definition in _specifications(calls, arguments):
            if definition.begins is not None and definition.begins.target is not None:
                begun[definition.begins.target] += 1
            if definition.receiver is not None and definition.receiver.target is not None:
                received[definition.receiver.target] += 1
            for call, text in definition.specified:
                if call.target is not None:
                    told.setdefault(call.target, []).append(text)
            firsts = list(dict.fromkeys(call.target for call, _ in definition.specified if call.target is not None))
            orders.update((a, b) for at, a in enumerate(firsts) for b in firsts[at + 1 :])
    # What begins kernels is told names of ops, too, and now and then a text with a colon.
    api: dict[int | str, ApiFunction] = {
        target: ApiFunction(ApiRole.OP) for target, times in begun.items() if times * 2 > named[target]
    }
    api |= {target: ApiFunction(ApiRole.RECEIVER) for target in received if target not in told}
    of_ops = []
    for target, texts in told.items():
        matches = [_SPECIFICATION.match(text) for text in texts]
        attrs = sum(match is not None and _ATTR_TYPE.match(match[2]) is not None for match in matches)
        if attrs * 2 > len(texts):
            api[target] = ApiFunction(ApiRole.OP_ATTR)
        else:
            of_ops.append(target)
    for target in of_ops:
        before = sum(orders[target, other] - orders[other, target] for other in of_ops)
        api[target] = ApiFunction(ApiRole.OP_INPUT if before > 0 or len(of_ops) == 1 else ApiRole.OP_OUTPUT)
    return api


@dataclass(slots=True)
class _Specified:
    """The calls of a definition: the one that names the op, those that specify it, and the one that takes it."""

    begins: CodeCall | None
    specified: list[tuple[CodeCall, str]]
    receiver: CodeCall | None = None


def _specifications(calls: Sequence[CodeCall], arguments: Arguments) -> list[_Specified]:
    """The calls of each definition that specifies something."""
    at: dict[Place, _Specified] = {}
    found: list[_Specified] = []
    for call in calls:
        place, builder = call.arguments[0], call.arguments[1]
        given = at.get(builder) if isinstance(builder, Place) and builder != place else None
        if given is not None and given.specified and given.receiver is None:
            given.receiver = call
            continue
        if not isinstance(place, Place):
            continue
        text = arguments.text(call, 1)
        current = at.get(place)
        if text is not None and _SPECIFICATION.fullmatch(text):
            if current is None or current.receiver is not None:
                current = _Specified(None, [])
                at[place] = current
            if not current.specified:
                found.append(current)
            current.specified.append((call, text))
        elif text is not None and OP_NAME.fullmatch(text) and place.base <= 0:
            current = at[place] = _Specified(call, [])
        if current is not None:
            at[Place(call.number, 0)] = current
    return found
