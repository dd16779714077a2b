"""Graphs in, the order in which their nodes can run out."""

from __future__ import annotations

from pathlib import Path

import pytest

from opselect.models.formats import read_graph
from opselect.models.graph import input_node
from opselect.models.graph.order import execution_order
from tests.opselect.graph_text import graph_of, node

MODELS = Path(__file__).parents[4] / "fixtures" / "models"


def order_of(text: str) -> str:
    return " ".join(each.name for each in execution_order(graph_of(text)))


def test_the_last_that_is_ready_runs_first() -> None:
    assert order_of(node("a", "X") + node("b", "X") + node("c", "X", "a") + node("d", "X", "b", "^c")) == "b a c d"


@pytest.mark.parametrize("name", ["tiny_mobilenet", "training", "functions"])
def test_every_node_comes_after_its_inputs(name: str) -> None:
    graph = read_graph(MODELS / f"{name}.pb")
    order = execution_order(graph)
    assert sorted(each.name for each in order) == sorted(each.name for each in graph.nodes)
    done: set[str] = set()
    for each in order:
        assert {input_node(reference) for reference in each.inputs} <= done
        done.add(each.name)


def test_a_loop_is_in_order() -> None:
    graph = read_graph(MODELS / "while_v1.pb")
    assert any(each.op == "NextIteration" for each in graph.nodes)
    assert len(execution_order(graph)) == len(graph.nodes)


def test_a_merge_waits_for_its_control_inputs() -> None:
    text = node("m", "Merge", "a", "b", "^c") + node("a", "X") + node("b", "X", "m") + node("c", "X", "a")
    assert order_of(text) == "a c m b"


def test_what_can_never_run_is_left_out() -> None:
    text = node("a", "X", "b") + node("b", "X", "a") + node("c", "X", "gone") + node("d", "X")
    assert order_of(text) == "d"
