"""Against TensorFlow itself: what its runtime made of small graphs (fixtures/runtime)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kernel_index.datatypes import DataType, from_enum_name
from kernel_index.records import AttrValue
from opselect.models.formats import read_model
from opselect.models.graph import Entry, Graph
from opselect.requirements.collect import Requirement, collect_requirements
from opselect.requirements.runtime import SESSION_OPS
from tests.opselect.requirements.runtime.additions import shipped

FIXTURES = Path(__file__).parents[4] / "fixtures" / "runtime"
OBSERVED: dict[str, Any] = json.loads((FIXTURES / "observed.json").read_text(encoding="utf-8"))
ONLY_IN_GRAPPLER = "grappler/"
TYPES = {"type", "list(type)"}

Row = tuple[str, tuple[tuple[str, AttrValue], ...]]


def graph_of(name: str) -> Graph:
    (meta_graph,) = read_model(str(FIXTURES / "graphs" / f"{name}.pb"), None).meta_graphs
    return meta_graph.graph


def needed(name: str) -> tuple[Requirement, ...]:
    entries = (Entry(outputs=("out",)),)
    return collect_requirements(graph_of(name), name, index=shipped("2.14"), entries=entries).items


def observed(name: str, mode: str) -> set[Row]:
    """The rows, with the defaults of attrs that are types."""
    functions = {function.name for function in graph_of(name).functions}
    rows: set[Row] = set()
    for op, types in OBSERVED[name][mode]:
        if op in SESSION_OPS or op in functions:
            continue
        definition = shipped("2.14").op_definition(op)
        assert definition is not None
        attrs: dict[str, AttrValue] = {
            attr.name: attr.default for attr in definition.attrs if attr.type in TYPES and attr.default is not None
        }
        attrs |= {attr: _types(value) for attr, value in types.items() if not attr.startswith("_")}
        rows.add((op, tuple(sorted(attrs.items()))))
    return rows


def _types(value: str | list[str]) -> AttrValue:
    if isinstance(value, str):
        found = from_enum_name(value)
        assert found is not None
        return found
    return tuple(item for item in map(from_enum_name, value) if item is not None)


def predicted(items: tuple[Requirement, ...], *, grappler: bool) -> set[Row]:
    return {
        (item.op, tuple((attr, value) for attr, value in item.attrs if _is_types(value)))
        for item in items
        if grappler or not item.may_insert or (item.origin is not None and ONLY_IN_GRAPPLER not in item.origin.why)
    }


def _is_types(value: AttrValue) -> bool:
    return isinstance(value, DataType) or (
        isinstance(value, tuple) and all(isinstance(item, DataType) for item in value)
    )


@pytest.mark.parametrize("mode", ["plain", "grappler"])
@pytest.mark.parametrize("name", sorted(OBSERVED))
def test_every_op_that_ran_was_predicted_with_its_types(name: str, mode: str) -> None:
    assert observed(name, mode) - predicted(needed(name), grappler=mode == "grappler") == set()


CONTROL_FLOW = {"Switch", "_SwitchN", "Merge", "Enter", "Exit", "NextIteration", "LoopCond"}


@pytest.mark.parametrize("name", ["branches", "cases", "loop", "nested", "string_loop"])
def test_lowered_control_flow_has_just_the_types_that_ran(name: str) -> None:
    """Only what nothing reads is pruned: an unused output's Exit, and the Merge that tells that a branch has run."""
    added = tuple(item for item in needed(name) if item.origin is not None and item.origin.kind == "added")
    more = predicted(added, grappler=False) - observed(name, "plain")
    assert {(op, attrs) for op, attrs in more if op in CONTROL_FLOW} <= {
        ("Exit", (("T", DataType.DT_INT32),)),
        ("Merge", (("T", DataType.DT_BOOL),)),
        ("Merge", (("T", DataType.DT_INT32),)),
    }


@pytest.mark.parametrize("name", ["branches", "cases", "loop", "nested", "string_loop"])
def test_lowered_control_flow_does_not_run_itself(name: str) -> None:
    replaced = {item.op for item in needed(name) if item.origin is not None and item.origin.kind == "replaced"}
    assert replaced
    assert not replaced & {op for op, _ in observed(name, "plain")}
    assert not replaced & {item.op for item in needed(name) if item.origin is None}
