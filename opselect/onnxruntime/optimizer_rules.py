"""What ONNX Runtime may add to a graph, and what it puts in the place of operators: text → records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from kernel_index.errors import InputError, Place
from opselect.onnxruntime.models import ONNX_DOMAIN

OperatorName: TypeAlias = tuple[str, str]
"""Domain and name."""

Level: TypeAlias = Literal["always", "basic", "extended", "layout"]
"""The level of optimisation that an optimiser runs at; the higher ones run those of the lower ones too."""

_TYPES = "types:"
_RULE_CELLS = 4
_BODY_CELLS = 5
_EVERY_TYPE = "*"


@dataclass(frozen=True, slots=True)
class RuleOperator:
    """An operator that an optimiser adds; only to models of the opset ``since`` of ONNX and of later ones."""

    operator: OperatorName
    since: int = 1


@dataclass(frozen=True, slots=True)
class OptimizerRule:
    """An optimiser may add ``adds`` to a model that has one operator of each of ``needs``.

    ``types`` are types of elements, as C++ names, one of which values of the model must have; empty where any will do.
    """

    optimizer: str
    level: Level
    needs: tuple[tuple[OperatorName, ...], ...]
    types: frozenset[str]
    adds: tuple[RuleOperator, ...]


@dataclass(frozen=True, slots=True)
class FunctionBody:
    """An operator of ONNX that is replaced by others in models of the opsets ``first`` to ``last``.

    ``types`` are those of its values with which it is, None is with all.
    """

    operator: str
    first: int
    last: int
    types: frozenset[str] | None
    body: tuple[OperatorName, ...]


@dataclass(frozen=True, slots=True)
class FunctionBodies:
    """The operators that are replaced, by name. ``newest`` is the last opset that is known of: for later ones what it
    has is taken to hold.
    """

    by_operator: dict[str, tuple[FunctionBody, ...]]
    newest: int


def parse_rules(text: str, name: str) -> tuple[OptimizerRule, ...]:
    """The rules of a table, in its order. Raises InputError with the line for what is no rule."""
    return tuple(_rule(cells, Place(name, line)) for line, cells in _rows(text, name, _RULE_CELLS))


def parse_bodies(text: str, name: str) -> FunctionBodies:
    """What replaces operators. Raises InputError with the line for what is no row of the table."""
    found: dict[str, list[FunctionBody]] = {}
    for line, cells in _rows(text, name, _BODY_CELLS):
        operator, first, last, types, body = cells
        if not (first.isdecimal() and last.isdecimal()):
            raise InputError(Place(name, line), "opsets are numbers", "The first and the last one of the row.")
        known = None if types == _EVERY_TYPE else frozenset(types.split())
        row = FunctionBody(operator, int(first), int(last), known, tuple(_operator(each) for each in body.split()))
        found.setdefault(operator, []).append(row)
    newest = max((row.last for rows in found.values() for row in rows), default=0)
    return FunctionBodies({operator: tuple(rows) for operator, rows in found.items()}, newest)


@cache
def optimizer_rules() -> tuple[OptimizerRule, ...]:
    """The rules that are shipped: onnxruntime/core/optimizer, read by hand."""
    return parse_rules(_shipped("optimizer_rules.txt"), "optimizer_rules.txt")


@cache
def function_bodies() -> FunctionBodies:
    """The bodies that are shipped: asked of a runtime by tests/conformance/dump_function_bodies.py."""
    return parse_bodies(_shipped("function_bodies.txt"), "function_bodies.txt")


def _shipped(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _rows(text: str, name: str, cells: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith("#"):
            row = [cell.strip() for cell in line.split(";")]
            if len(row) != cells or not all(row):
                raise InputError(Place(name, number), f"a row has {cells} cells with semicolons between them", line)
            yield number, row


def _rule(cells: list[str], place: Place) -> OptimizerRule:
    optimizer, level, needs, adds = cells
    for known in get_args(Level):
        if level == known:
            words = needs.split()
            types = [word for word in words if word.startswith(_TYPES)]
            return OptimizerRule(
                optimizer,
                known,
                tuple(tuple(map(_operator, word.split("|"))) for word in words if word not in types),
                frozenset(each for word in types for each in word[len(_TYPES) :].split("|")),
                tuple(_addition(word, place) for word in adds.split()),
            )
    raise InputError(place, f"there is no level {level!r}", f"Levels are {', '.join(get_args(Level))}.")


def _addition(word: str, place: Place) -> RuleOperator:
    operator, bounded, since = word.partition("@")
    if bounded and not since.isdecimal():
        raise InputError(place, f"{since!r} is no opset", "It is a number behind the @.")
    return RuleOperator(_operator(operator), int(since) if bounded else 1)


def _operator(word: str) -> OperatorName:
    domain, named, name = word.rpartition(":")
    return (domain, name) if named else (ONNX_DOMAIN, name)
