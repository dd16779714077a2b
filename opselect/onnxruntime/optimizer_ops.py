"""Which operators does ONNX Runtime add when it loads a model, so that a reduced build must have them too?

A reduced build has the kernels of the operators that models name. When the runtime loads a model it fuses operators,
changes layouts and takes functions apart, and then asks for kernels of what has come of it. What is said here is what
may come of the operators of a model, with the CPU provider and the defaults of a session, at whatever level of
optimisation; other providers add operators of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from opselect.onnxruntime.models import ONNX_DOMAIN
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from opselect.onnxruntime.optimizer_rules import (
    FunctionBodies,
    FunctionBody,
    Level,
    OperatorName,
    OptimizerRule,
    function_bodies,
    optimizer_rules,
)

_NHWC_DOMAIN = "com.ms.internal.nhwc"
"""Its operators are those of ONNX with another layout, and have the versions of those."""
_CONTRIB_OPSET = 1
"""The one opset of the domains of ONNX Runtime."""
_OLDEST_OPSET = 7
"""The opsets of ONNX from here on are promised by ONNX Runtime: those of a model whose own is not known."""

_FLOAT16, _FLOAT = "MLFloat16", "float"
_INDICES = frozenset({"int32_t", "int64_t"})
"""Shapes, axes and positions, in added operators."""


@dataclass(frozen=True, slots=True)
class AddedOperator:
    """An operator that ONNX Runtime may add, and why.

    ``optimizer`` is the name that it has in the options of a session, or the operator whose function is put in its
    place. ``because`` names the operators that make it do so.
    """

    domain: str
    opset: int
    name: str
    optimizer: str
    level: Level
    because: tuple[str, ...]


def added_operators(
    required: RequiredOperators, element_types: Collection[str] | None = None
) -> tuple[AddedOperator, ...]:
    """The operators that may be added, sorted by domain, opset and name, each with the first reason there is for it.

    ``element_types`` are the C++ names of all types that values of the model may have, None where they are not known.
    An operator that is required already is among them if it has a type entry that no longer holds.
    """
    if required.all_operators:
        return ()
    return _Growing(required, element_types, function_bodies()).grown(optimizer_rules())


def added_to_any(
    parts: Iterable[tuple[RequiredOperators, Collection[str] | None]], together: RequiredOperators
) -> tuple[AddedOperator, ...]:
    """What may be added when that is loaded which any of ``parts`` is for, each with the types of its values.

    An optimiser sees one model: operators of two files are not fused, and what one does not say of its opsets is not
    said by the other. ``together`` is what all parts need, and what that has with all types is not told again.
    """
    if together.all_operators:
        return ()
    found: dict[tuple[str, int, str], AddedOperator] = {}
    for required, element_types in parts:
        for each in added_operators(required, element_types):
            there = each.name in together.operators.get((each.domain, each.opset), ())
            if not there or (each.domain, each.name) in together.types:
                found.setdefault((each.domain, each.opset, each.name), each)
    return tuple(found[key] for key in sorted(found))


def with_added(required: RequiredOperators, added: Iterable[AddedOperator]) -> RequiredOperators:
    """What is required with the operators that are added.

    These are needed with all types, whatever a type entry says of those that were required before. Operators on
    float16 are needed on float too: where there is no kernel for float16, the runtime casts.
    """
    operators = {key: set(names) for key, names in required.operators.items()}
    types = dict(required.types)
    names = list(added)
    for each in names:
        operators.setdefault((each.domain, each.opset), set()).add(each.name)
        types.pop((each.domain, each.name), None)
    allowed = required.allowed_types
    if allowed is not None:
        allowed = _with_float(allowed) | (_INDICES if names else frozenset())
    return replace(
        required,
        operators={key: frozenset(operators[key]) for key in sorted(operators)},
        types={operator: _entry_with_float(entry) for operator, entry in types.items()},
        allowed_types=allowed,
    )


class _Growing:
    """Operators, to which rules add until none has more to add: what one optimiser adds, another may fuse."""

    def __init__(
        self, required: RequiredOperators, element_types: Collection[str] | None, bodies: FunctionBodies
    ) -> None:
        self._required = required
        self._element_types = element_types
        self._bodies = bodies
        self._all = {(domain, name) for (domain, _), names in required.operators.items() for name in names}
        self._by_opset = {
            opset: set(names) for (domain, opset), names in required.operators.items() if domain == ONNX_DOMAIN
        } or {opset: set[str]() for opset in range(_OLDEST_OPSET, bodies.newest + 1)}
        self._added: dict[tuple[str, int, str], AddedOperator] = {}

    def grown(self, rules: tuple[OptimizerRule, ...]) -> tuple[AddedOperator, ...]:
        known = -1
        while known != len(self._added):
            known = len(self._added)
            for opset, body in self._replaced():
                for operator in body.body:
                    self._add(operator, opset, body.operator, "always", (body.operator,))
            for rule in rules:
                because = self._because(rule)
                if because is not None:
                    for addition in rule.adds:
                        for opset in self._by_opset:
                            if opset >= addition.since:
                                self._add(addition.operator, opset, rule.optimizer, rule.level, because)
        return tuple(self._added[key] for key in sorted(self._added))

    def _replaced(self) -> list[tuple[int, FunctionBody]]:
        """The operators whose functions are put in their place, with the opset that they are of."""
        known = self._bodies
        return [
            (opset, body)
            for opset, names in self._by_opset.items()
            for name in sorted(names & known.by_operator.keys())
            for body in known.by_operator[name]
            if body.first <= min(opset, known.newest) <= body.last and self._has_types(body)
        ]

    def _has_types(self, body: FunctionBody) -> bool:
        """Whether the operator may have values of the types with which it is replaced."""
        operator = (ONNX_DOMAIN, body.operator)
        if body.types is None:
            return True
        entry = self._required.types.get(operator)
        if entry is not None and not any(operator == (each.domain, each.name) for each in self._added.values()):
            return not body.types.isdisjoint(_types_of(entry))
        return self._element_types is None or not body.types.isdisjoint(self._element_types)

    def _because(self, rule: OptimizerRule) -> tuple[str, ...] | None:
        """The operators for which the rule holds, None where it does not."""
        if rule.types and self._element_types is not None and rule.types.isdisjoint(self._element_types):
            return None
        found = []
        for alternatives in rule.needs:
            has = next((operator for operator in alternatives if operator in self._all), None)
            if has is None:
                return None
            found.append(_spelled(has))
        return tuple(found) or tuple(sorted(rule.types))

    def _add(self, operator: OperatorName, opset: int, optimizer: str, level: Level, because: tuple[str, ...]) -> None:
        domain, name = operator
        of_onnx = domain in (ONNX_DOMAIN, _NHWC_DOMAIN)
        key = (domain, opset if of_onnx else _CONTRIB_OPSET, name)
        there = name in self._required.operators.get(key[:2], ()) and operator not in self._required.types
        if key in self._added or there:
            return
        self._added[key] = AddedOperator(*key, optimizer, level, because)
        self._all.add(operator)
        if domain == ONNX_DOMAIN:
            self._by_opset[opset].add(name)


def _spelled(operator: OperatorName) -> str:
    domain, name = operator
    return name if domain == ONNX_DOMAIN else f"{domain}:{name}"


def _types_of(entry: TypeEntry) -> Iterator[str]:
    for types in (*entry.inputs.values(), *entry.outputs.values(), *entry.custom):
        yield from types


def _entry_with_float(entry: TypeEntry) -> TypeEntry:
    return TypeEntry(
        {position: _with_float(types) for position, types in entry.inputs.items()},
        {position: _with_float(types) for position, types in entry.outputs.items()},
        entry.custom | {tuple(_FLOAT if each == _FLOAT16 else each for each in types) for types in entry.custom},
    )


def _with_float(types: frozenset[str]) -> frozenset[str]:
    return types | {_FLOAT} if _FLOAT16 in types else types
