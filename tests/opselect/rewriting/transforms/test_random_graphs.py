"""Transforms one after the other: what they make is valid and computes the same, and their input stays as it was."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opselect.models.formats import read_graph
from opselect.rewriting import Context, parse_steps
from opselect.rewriting.transforms import NAMES, apply_steps
from tests.fuzz.transforms import check, encoded

FIXTURES = Path(__file__).parents[4] / "fixtures" / "transforms"
ARGUMENTS = {
    "add_default_attributes": "tensorflow=2.14",
    "quantize_weights": "minimum_size=2",
    "remove_attribute": "attribute_name=T",
    "remove_nodes": "op=Identity, op=Add, max_inputs=2",
    "rename_attribute": "old_attribute_name=_class, new_attribute_name=_group",
    "rename_op": "old_op_name=Add, new_op_name=AddV2",
    "set_device": 'device="/cpu:0"',
}
"""Of transforms that do nothing without."""
OTHERS = ("inline_partitionedcall", "rename_node")
"""Transforms of calls and of one node by its name, which these graphs do not share: they have tests of their own."""


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_any_chain_of_transforms_keeps_what_a_graph_computes(choose: random.Random) -> None:
    check(choose)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OTHERS])
@pytest.mark.parametrize("gtt", [False, True])
def test_a_transform_leaves_its_input_as_it_was(name: str, gtt: bool) -> None:
    changed = 0
    step = parse_steps(f"{name}({ARGUMENTS.get(name, '')}, ignore_errors=true)")
    for path in sorted(FIXTURES.glob("*/input.pb")):
        graph = read_graph(str(path))
        context = Context(outputs=tuple(each.name for each in graph.nodes[-1:]), gtt=gtt)
        for start in (graph, apply_steps(graph, parse_steps("fold_constants"), context)):
            before = encoded(start)
            after = apply_steps(start, step, context)
            assert encoded(start) == before
            changed += after.nodes != start.nodes
    assert changed
