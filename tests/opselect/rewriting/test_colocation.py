"""Nodes that ask to be where another is."""

from __future__ import annotations

from opselect.models.graph import Graph, Node
from opselect.rewriting.colocation import drop_colocations, rename_colocations


def at(*names: str) -> Node:
    return Node("n", "A", attrs={"_class": tuple(f"loc:@{name}" for name in names), "T": 1})


def test_other_names_are_followed() -> None:
    assert rename_colocations(at("a", "b"), {"a": "0"}) == at("0", "b")
    assert rename_colocations(Node("n", "A"), {"a": "0"}) == Node("n", "A")
    other = Node("n", "A", attrs={"_class": ("other:@a", 7)})
    assert rename_colocations(other, {"a": "0"}) == other


def test_nodes_that_are_gone_are_not_asked_for() -> None:
    graph = Graph((at("a", "b"), at("a"), Node("m", "A")))
    assert drop_colocations(graph, {"a"}) == Graph((at("b"), Node("n", "A", attrs={"T": 1}), Node("m", "A")))
    assert drop_colocations(graph, {"c"}) == graph
    assert drop_colocations(graph, ()) is graph
