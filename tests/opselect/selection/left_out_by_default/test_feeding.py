"""What is fed in place of nodes really leaves them out, whatever the graph looks like."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opselect.models.graph import Graph, Node, reach
from opselect.selection.left_out_by_default.feeding import Feeding
from opselect.selection.left_out_by_default.stages import Stages
from tests.opselect.selection.left_out_by_default.lists import mobile_index

INDEX = mobile_index([], [])
OPS = ("DecodeJpeg", "ReaderReadV2", "Cast", "Mul", "Switch", "Merge", "Enter", "Exit", "Conv2D", "VariableV2", "NoOp")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Nodes each of which takes some outputs of those before it, by data or control."""
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, 14))):
        sources = draw(st.lists(st.integers(0, number - 1), max_size=3)) if number else []
        inputs = tuple(draw(st.sampled_from(("n{}", "n{}:1", "^n{}"))).format(source) for source in sources)
        nodes.append(Node(f"n{number}", draw(st.sampled_from(OPS)), inputs))
    return Graph(tuple(nodes))


@given(graphs(), st.data())
def test_what_is_replaced_does_not_run(graph: Graph, data: st.DataObject) -> None:
    names = [node.name for node in graph.nodes]
    outputs = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    replaced = data.draw(st.sets(st.sampled_from(names), min_size=1))
    needed = {node.name for node in reach(graph, (), outputs, "g").nodes}
    fed = Feeding(Stages(graph), INDEX, needed, outputs).in_place_of(replaced)
    assert set(fed) <= needed
    if fed:
        left = {node.name for node in reach(graph, fed, outputs, "g").nodes}
        assert not left & replaced
