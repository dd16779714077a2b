"""Ops, attrs, devices and names that are others afterwards."""

from __future__ import annotations

import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node
from opselect.rewriting import TransformError
from tests.opselect.graph_text import graph_of, node
from tests.opselect.rewriting.transforms.run import after

FLOAT = DataType.DT_FLOAT
GRAPH = graph_of(
    node("in", "Placeholder", device="/gpu:0", attrs="dtype: type: DT_FLOAT")
    + node("a", "Relu", "in", attrs='T: type: DT_FLOAT; _class: list { s: "loc:@in" s: "loc:@b" }')
    + node("b", "Abs", "a", "^in", device="/gpu:0", attrs="T: type: DT_FLOAT")
    + node("out", "Add", "a:0", "b", attrs="T: type: DT_FLOAT")
)


def test_an_attr_is_removed_from_all_nodes_or_those_of_one_op() -> None:
    done = after("remove_attribute(attribute_name=T)", GRAPH)
    assert all("T" not in each.attrs for each in done.values())
    assert "_class" in done["a"].attrs
    done = after("remove_attribute(attribute_name=T, op_name=Relu)", GRAPH)
    assert [name for name, each in done.items() if "T" in each.attrs] == ["b", "out"]
    with pytest.raises(TransformError, match="argument 'attribute_name' is missing"):
        after("remove_attribute", GRAPH)


def test_a_node_is_renamed_and_all_that_name_it_follow() -> None:
    done = after("rename_node(old_node_name=in, new_node_name=image)", GRAPH)
    assert list(done) == ["image", "a", "b", "out"]
    assert done["a"].inputs == ("image",)
    assert done["b"].inputs == ("a", "^image")
    assert done["a"].attrs["_class"] == ("loc:@image", "loc:@b")
    done = after("rename_node(old_node_name=in, new_node_name=image)", GRAPH, gtt=True)
    assert done["a"].attrs["_class"] == ("loc:@in", "loc:@b")


RENAMED = (
    "rename_node(old_node_name=out, new_node_name=super/mid) rename_node(old_node_name=super/mid, new_node_name=y)"
)


@pytest.mark.parametrize("outputs", ["out", "out:0", "y", "super/mid"])
def test_what_is_fed_and_fetched_may_be_renamed_and_the_next_steps_know(outputs: str) -> None:
    chain = f"{RENAMED} strip_unused_nodes rename_node(old_node_name=in, new_node_name=x) strip_unused_nodes"
    assert list(after(chain, GRAPH, "in", outputs)) == ["x", "a", "b", "y"]
    assert list(after(chain, GRAPH, "x", outputs)) == ["x", "a", "b", "y"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("old_node_name=a, new_node_name=b", "there is a node 'b' already"),
        ("old_node_name=ab, new_node_name=c", "there is no node 'ab' to rename"),
        ('old_node_name=a, new_node_name="c d"', "is no name that a node may have"),
        ("old_node_name=a", "argument 'new_node_name' is missing"),
    ],
)
def test_a_rename_that_cannot_be_is_refused(arguments: str, problem: str) -> None:
    with pytest.raises(TransformError, match=problem):
        after(f"rename_node({arguments})", GRAPH)
    assert list(after(f"rename_node({arguments}, ignore_errors=true)", GRAPH, "in", "out")) == ["in", "a", "b", "out"]


def test_to_rename_what_is_not_there_is_nothing_to_the_original() -> None:
    assert list(after("rename_node(old_node_name=no, new_node_name=c)", GRAPH, gtt=True)) == ["in", "a", "b", "out"]


def test_an_attr_is_renamed_on_all_nodes_or_those_of_one_op() -> None:
    done = after("rename_attribute(old_attribute_name=T, new_attribute_name=Tx)", GRAPH)
    assert [(name, each.attrs["Tx"]) for name, each in done.items() if "Tx" in each.attrs] == [
        ("a", FLOAT), ("b", FLOAT), ("out", FLOAT),
    ]  # fmt: skip
    assert "T" not in done["a"].attrs
    done = after("rename_attribute(old_attribute_name=T, new_attribute_name=Tx, op_name=Abs)", GRAPH)
    assert [name for name, each in done.items() if "Tx" in each.attrs] == ["b"]


def test_an_attr_is_not_renamed_over_another() -> None:
    text = "rename_attribute(old_attribute_name=T, new_attribute_name=_class)"
    with pytest.raises(TransformError, match="node 'a': has an attr '_class' already"):
        after(text, GRAPH)
    assert after(text, GRAPH, gtt=True)["a"].attrs == {"_class": ("loc:@in", "loc:@b")}
    same = "rename_attribute(old_attribute_name=T, new_attribute_name=T)"
    assert after(same, GRAPH)["a"] == GRAPH.nodes[1]


def test_an_op_is_another() -> None:
    done = after("rename_op(old_op_name=Relu, new_op_name=Relu6)", GRAPH)
    assert [each.op for each in done.values()] == ["Placeholder", "Relu6", "Abs", "Add"]
    with pytest.raises(TransformError, match="argument 'new_op_name' is missing"):
        after("rename_op(old_op_name=Relu)", GRAPH)


def test_an_op_with_another_signature_is_refused() -> None:
    with pytest.raises(TransformError, match="node 'a': after rename_op Add takes 2 inputs, but it has 1"):
        after("rename_op(old_op_name=Relu, new_op_name=Add)", GRAPH)


def test_devices() -> None:
    assert {each.device for each in after('set_device(device="/cpu:0")', GRAPH).values()} == {"/cpu:0"}
    assert {each.device for each in after("set_device", GRAPH).values()} == {""}
    some = after('set_device(device="/cpu:0", if_default=true)', GRAPH)
    assert [each.device for each in some.values()] == ["/gpu:0", "/cpu:0", "/gpu:0", "/cpu:0"]


def test_names_are_numbers_in_the_order_of_the_graph() -> None:
    done = after("obfuscate_names", GRAPH, "in", "out:0")
    assert list(done) == ["in", "0", "1", "out"]
    assert done["0"].attrs["_class"] == ("loc:@in", "loc:@1")
    assert done["1"].inputs == ("0", "^in")
    assert done["out"].inputs == ("0:0", "1")


def test_the_original_forgets_what_is_fetched_by_a_tensor_name_and_where_nodes_are() -> None:
    done = after("obfuscate_names", GRAPH, "in:0", "out", gtt=True)
    assert list(done) == ["0", "1", "2", "out"]
    assert done["1"].attrs["_class"] == ("loc:@in", "loc:@b")


def test_a_number_that_is_fetched_is_not_given_again() -> None:
    many = Graph(tuple(Node(name, "Const") for name in (*(f"n{number}" for number in range(65)), "1", "Z")))
    done = list(after("obfuscate_names", many, outputs="1 Z"))
    assert done[:3] == ["0", "2", "3"]
    assert done[58:] == ["X", "Y", "10", "11", "12", "13", "14", "1", "Z"]
