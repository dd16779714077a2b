"""Nodes and control inputs that are gone afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opselect.models.graph import Graph
from opselect.rewriting import TransformError
from tests.interpreter import run
from tests.opselect.graph_text import graph_of, node
from tests.opselect.rewriting.transforms.graphs import const
from tests.opselect.rewriting.transforms.run import after, transform

FLOAT = "T: type: DT_FLOAT"
X = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
REMOVE = "remove_nodes(op=Identity, op=CheckNumerics)"


def identity(name: str, *inputs: str, op: str = "Identity") -> str:
    return node(name, op, *inputs, attrs=FLOAT)


def test_who_read_a_removed_node_reads_its_input() -> None:
    graph = graph_of(
        X
        + identity("i", "x")
        + identity("c", "i:0", op="CheckNumerics")
        + node("a", "Add", "c", "i", "^c", attrs=FLOAT)
        + identity("out", "a")
    )
    done = after(REMOVE, graph, "x", "out:0")
    assert {name: each.inputs for name, each in done.items()} == {"x": (), "a": ("x", "x", "^x"), "out": ("a",)}


def test_the_output_that_was_read_is_the_one_that_is_read() -> None:
    graph = graph_of(
        node("axis", "Const", attrs="dtype: type: DT_INT32")
        + X
        + node("halves", "Split", "axis", "x", attrs="T: type: DT_FLOAT; num_split: i: 2")
        + identity("i", "halves:1")
        + node("out", "Relu", "i", "^i", attrs=FLOAT)
    )
    assert after(REMOVE, graph, "x", "out")["out"].inputs == ("halves:1", "^halves")


@pytest.mark.parametrize("gtt", [False, True])
def test_nodes_without_inputs_and_with_too_many_stay(gtt: bool) -> None:
    graph = graph_of(X + node("y", "AddN", "x", "x", attrs="T: type: DT_FLOAT; N: i: 2") + node("z", "NoOp", "^y"))
    assert list(after("remove_nodes(op=AddN, op=Placeholder, op=NoOp)", graph)) == ["x", "y", "z"]
    done, notes = transform("remove_nodes(op=AddN, max_inputs=2)", graph, gtt=gtt)
    assert done["z"].inputs == ("^x",)
    assert notes == ["of 1 removed nodes with several inputs only the first is kept, as of 'y'"]


def test_the_other_inputs_go_with_a_removed_node_unless_they_are_needed() -> None:
    others = node("only", "Const", attrs="dtype: type: DT_FLOAT") + node("both", "Const", attrs="dtype: type: DT_FLOAT")
    adds = node("a", "Add", "x", "only", attrs=FLOAT) + node("b", "Add", "a", "both", attrs=FLOAT)
    graph = graph_of(X + others + adds + node("out", "Relu", "b", attrs=FLOAT))
    assert list(after("remove_nodes(op=Add, max_inputs=2)", graph, "x", "out both")) == ["x", "both", "out"]


def test_what_only_those_other_inputs_need_goes_too() -> None:
    chain = node("c", "Const", attrs="dtype: type: DT_FLOAT") + "".join(
        node(name, "Neg", source, attrs=FLOAT) for name, source in (("d", "c"), ("e", "d"), ("f", "d"), ("g", "f"))
    )
    graph = graph_of(X + chain + node("y", "Add", "x", "e", attrs=FLOAT) + node("out", "Add", "y", "g", attrs=FLOAT))
    remove = "remove_nodes(op=Add, max_inputs=2)"
    assert list(after(remove, graph, "x", "out")) == ["x", "c", "d", "f", "g", "out"]
    chain += node("h", "Add", "x", "g", attrs=FLOAT) + node("last", "Neg", "h", attrs=FLOAT)
    graph = graph_of(X + chain + node("y", "Add", "x", "e", attrs=FLOAT) + node("out", "Neg", "y", attrs=FLOAT))
    assert list(after(remove, graph, "x", "out last")) == ["x", "last", "out"]
    assert list(after(remove, graph, "x d", "out last")) == ["x", "c", "d", "last", "out"]
    assert list(after(remove, graph, "x", "out last", gtt=True)) == ["x", "c", "d", "f", "last", "out"]


def test_what_a_removed_node_waited_for_its_consumers_wait_for() -> None:
    graph = graph_of(
        X
        + node("check", "NoOp")
        + identity("i", "x", "^check")
        + identity("j", "i", "^i")
        + node("out", "Relu", "j", attrs=FLOAT)
    )
    assert after(REMOVE, graph, "x", "out")["out"].inputs == ("x", "^x", "^check")
    assert after(REMOVE, graph, "x", "out", gtt=True)["out"].inputs == ("x",)


def test_other_outputs_of_a_node_keep_it() -> None:
    graph = graph_of(
        X
        + node("u", "Unique", "x", attrs="T: type: DT_FLOAT; out_idx: type: DT_INT32")
        + node("out", "Identity", "u:1", attrs="T: type: DT_INT32")
    )
    with pytest.raises(TransformError, match="node 'u': cannot be removed: 'out' reads its output 'u:1'"):
        after("remove_nodes(op=Unique)", graph, "x", "out")


def test_ops_must_be_named() -> None:
    with pytest.raises(TransformError, match="remove_nodes needs to know which ops"):
        after("remove_nodes", graph_of(X))


def conditional() -> Graph:
    """A constant on either side of a condition: nothing but control inputs says which side it is on."""
    return graph_of(
        node("p", "Placeholder", attrs="dtype: type: DT_BOOL")
        + node("switch", "Switch", "p", "p", attrs="T: type: DT_BOOL")
        + node("true", "Identity", "switch:1", attrs="T: type: DT_BOOL")
        + node("truer", "Identity", "true", attrs="T: type: DT_BOOL")
        + node("false", "Identity", "switch", attrs="T: type: DT_BOOL")
        + node("one", "Const", "^truer", attrs="dtype: type: DT_FLOAT")
        + node("two", "Const", "^false", attrs="dtype: type: DT_FLOAT")
        + node("merge", "Merge", "two", "one", attrs="T: type: DT_FLOAT; N: i: 2")
        + node("out", "Relu", "merge", "^p", attrs=FLOAT)
        + node("last", "Abs", "out", "^out", attrs=FLOAT)
    )


def test_a_node_that_stands_for_one_side_of_a_condition_stays() -> None:
    done = after("remove_nodes(op=Identity)", conditional(), "p", "last")
    assert {name: done[name].inputs for name in ("truer", "one", "two")} == {
        "truer": ("switch:1",),
        "one": ("^truer",),
        "two": ("^false",),
    }
    assert "true" not in done
    original = after("remove_nodes(op=Identity)", conditional(), "p", "last", gtt=True)
    assert original["one"].inputs == original["two"].inputs == ("^switch",)


@pytest.mark.parametrize("transform", [REMOVE, "remove_control_dependencies", "merge_duplicate_nodes"])
@pytest.mark.parametrize("condition", [True, False])
def test_a_condition_still_decides(transform: str, condition: bool) -> None:
    one, two = const("one", 1.0), const("two", 2.0)
    graph = conditional()
    nodes = {node.name: node for node in graph.nodes}
    nodes["one"], nodes["two"] = (replace(nodes[each.name], attrs=each.attrs) for each in (one, two))
    graph = replace(graph, nodes=tuple(nodes.values()))
    done = Graph(tuple(after(transform, graph, "p", "last").values()))
    (found,) = run(done, {"p": np.asarray(condition)}, ["last"])
    assert found.tolist() == (1.0 if condition else 2.0)


def test_control_inputs_are_gone_but_for_those_that_a_condition_is_made_of() -> None:
    done, notes = transform("remove_control_dependencies", conditional(), "p", "last")
    assert {name: each.inputs for name, each in done.items() if name in ("one", "two", "out", "last")} == {
        "one": ("^truer",), "two": ("^false",), "out": ("merge",), "last": ("out",),
    }  # fmt: skip
    assert notes == ["2 nodes keep the control inputs that put them into a conditional or a loop: 'one'"]


def test_the_original_leaves_no_control_input() -> None:
    done, notes = transform("remove_control_dependencies", conditional(), "p", "last", gtt=True)
    assert all(not reference.startswith("^") for each in done.values() for reference in each.inputs)
    assert notes == []


def test_what_a_graph_loses_is_no_longer_asked_for_as_a_place() -> None:
    near = 'T: type: DT_FLOAT; _class: list { s: "loc:@i" }'
    graph = graph_of(X + identity("i", "x") + node("out", "Relu", "i", attrs=near))
    assert "_class" not in after(REMOVE, graph, "x", "out")["out"].attrs
    assert after(REMOVE, graph, "x", "out", gtt=True)["out"].attrs["_class"] == ("loc:@i",)
