"""What a resolver for microcontrollers must add for some models, and what it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from opselect.lite.micro.int8 import INT8_RULES
from opselect.lite.micro.table import MicroFunction, MicroTable, micro_table
from opselect.lite.operators import LiteModel
from opselect.models.graph.tflite import OperatorCode, TfliteOperator, TfliteSubgraph

MAX_PLACES = 3
"""Operators that are named as examples."""


@dataclass(frozen=True, slots=True)
class MicroUse:
    """An operator that models have, and the function that adds it.

    ``count`` operators use it. ``int8`` says whether its registration for int8 alone does for all of them; ``remark``
    is why it does not, empty where there is none.
    """

    function: MicroFunction
    count: int
    int8: bool
    remark: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """An operator that no function adds: how many use it, examples of them, and the models that have it."""

    code: OperatorCode
    count: int
    places: tuple[str, ...]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MicroUses:
    """``added`` stand in the order of their operators' names, ``lacking`` too, whatever their versions."""

    added: tuple[MicroUse, ...]
    lacking: tuple[Lacking, ...]


def micro_uses(models: Sequence[LiteModel], *, whole_table: bool = False, table: MicroTable | None = None) -> MicroUses:
    """What all models together need.

    The runtime knows no versions of operators (``lite/micro/micro_op_resolver.h``), so these count for nothing. With
    ``whole_table`` operators count, too, that a model has in its table and uses nowhere.
    """
    functions = (table or micro_table()).by_operator()
    added, lacking = [], []
    for found in _found(models, whole_table=whole_table):
        function = functions.get((found.is_custom, found.name))
        if function is None:
            lacking.append(found.lacking())
        else:
            remark = _remark(function, found)
            int8 = bool(function.int8 and found.operators) and not remark
            added.append(MicroUse(function, len(found.operators), int8, remark))
    return MicroUses(tuple(added), tuple(lacking))


@dataclass(frozen=True, slots=True)
class _Place:
    model: str
    number: int
    index: int
    subgraph: TfliteSubgraph
    operator: TfliteOperator

    def __str__(self) -> str:
        return f"subgraph_{self.number}/operator_{self.index}"


@dataclass(slots=True)
class _Found:
    name: str
    is_custom: bool
    operators: list[_Place] = field(default_factory=list)
    models: list[str] = field(default_factory=list)

    def lacking(self) -> Lacking:
        code = OperatorCode(self.name, is_custom=self.is_custom)
        places = tuple(map(str, self.operators[:MAX_PLACES]))
        return Lacking(code, len(self.operators), places, tuple(dict.fromkeys(self.models)))


def _found(models: Sequence[LiteModel], *, whole_table: bool) -> list[_Found]:
    found: dict[tuple[str, bool], _Found] = {}

    def at(name: str, is_custom: bool, model: str) -> _Found:
        each = found.setdefault((name, is_custom), _Found(name, is_custom))
        each.models.append(model)
        return each

    for model in models:
        if whole_table:
            for code in model.model.operator_codes:
                at(code.name, code.is_custom, model.name)
        for place in _places(model):
            at(place.operator.name, place.operator.is_custom, model.name).operators.append(place)
    return [found[key] for key in sorted(found)]


def _places(model: LiteModel) -> Iterator[_Place]:
    for number, subgraph in enumerate(model.model.subgraphs):
        for index, operator in enumerate(subgraph.operators):
            yield _Place(model.name, number, index, subgraph, operator)


def _remark(function: MicroFunction, found: _Found) -> str:
    """Why the registration for int8 alone is not for all operators; empty where it is, and where there is none."""
    if not function.int8:
        return ""
    rule = INT8_RULES.get(function.operator)
    if rule is None:
        return "nobody has read yet what its int8 kernels take"
    for place in found.operators:
        misfit = rule.misfit(place.operator, place.subgraph)
        if misfit:
            return f"{misfit} in {place} of {place.model}"
    return rule.never
