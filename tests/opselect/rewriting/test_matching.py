"""Names and patterns on small graphs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opselect.models.graph import Graph, Node
from opselect.rewriting import Match, Pattern, find_matches, replace_matches
from opselect.rewriting.names import consumers, rename_inputs
from tests.opselect.graph_text import graph_of, node

CONV_MUL = Pattern("Mul", (Pattern("Conv2D|MatMul"), Pattern("Const")))
GRAPH = graph_of(
    node("out", "Identity", "mul")
    + node("mul", "Mul", "conv", "scale", "^x")
    + node("conv", "Conv2D", "x", "w")
    + node("w", "Const")
    + node("scale", "Const")
    + node("x", "Placeholder")
)


def names(nodes: tuple[Node, ...]) -> list[str]:
    return [each.name for each in nodes]


def test_who_consumes_a_node() -> None:
    assert {name: len(users) for name, users in consumers(GRAPH.nodes).items()} == {
        "mul": 1, "conv": 1, "scale": 1, "x": 2, "w": 1,
    }  # fmt: skip


def test_inputs_are_renamed() -> None:
    nodes = graph_of(node("a", "A", "b", "b:1", "^b", "c:0") + node("keep", "A", "b")).nodes
    renamed = rename_inputs(nodes, {"b": "new", "c": "d", "d": "e:2"}, {"keep"})
    assert renamed[0].inputs == ("new", "b:1", "^b", "e:2")
    assert renamed[1] is nodes[1]
    assert rename_inputs(nodes, {"b:*": "other"})[0].inputs == ("other", "other:1", "^other", "c:0")
    with pytest.raises(ValueError, match="circle"):
        rename_inputs(nodes, {"b": "c", "c": "b"})


def test_a_pattern_is_found_with_what_feeds_it() -> None:
    (match,) = find_matches(GRAPH, CONV_MUL)
    assert [each.name for each in match.nodes()] == ["mul", "conv", "scale"]
    assert match.inputs[0].node.name == "conv"
    assert find_matches(GRAPH, Pattern("Mul", (Pattern("Const"), Pattern("Const")))) == ()
    assert find_matches(GRAPH, Pattern("Mul", (Pattern("*"),))) == ()


def test_matches_share_no_node() -> None:
    graph = graph_of(
        node("s", "Const") + node("c", "Conv2D") + node("m1", "Mul", "c", "s") + node("m2", "Mul", "c", "s")
    )
    assert len(find_matches(graph, CONV_MUL)) == 1


def joined(match: Match) -> list[Node]:
    return [replace(match.node, op="Both", inputs=match.inputs[0].node.inputs)]


def test_a_match_is_replaced_where_its_head_was() -> None:
    assert names(replace_matches(GRAPH, CONV_MUL, joined).nodes) == ["out", "mul", "w", "x"]
    assert replace_matches(GRAPH, CONV_MUL, lambda _: None) == Graph(
        (GRAPH.nodes[0], *(GRAPH.nodes[i] for i in (1, 2, 4)), GRAPH.nodes[3], GRAPH.nodes[5]), versions=GRAPH.versions
    )


def test_a_match_whose_inside_is_needed_elsewhere_stays() -> None:
    graph = replace(GRAPH, nodes=(*GRAPH.nodes, Node("peek", "Identity", ("conv",))))
    assert {each.op for each in replace_matches(graph, CONV_MUL, joined).nodes} >= {"Mul", "Conv2D"}
    assert "Both" in {each.op for each in replace_matches(graph, CONV_MUL, joined, keep_needed=False).nodes}
