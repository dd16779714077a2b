"""One of several nodes that compute the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node
from tests.opselect.graph_text import function, graph_of
from tests.opselect.graph_text import node as text_node
from tests.opselect.rewriting.transforms import graphs
from tests.opselect.rewriting.transforms.graphs import const, node
from tests.opselect.rewriting.transforms.run import after

MERGE = "merge_duplicate_nodes"
X = Node("x", "Placeholder", attrs={"dtype": DataType.DT_FLOAT})


def test_constants_and_what_is_made_of_them_are_merged() -> None:
    graph = graphs.graph(
        X,
        node("out", "Add", "b2", "b1:0", "^c2"),
        const("c2", [1.0, 2.0]),
        const("c1", [1.0, 2.0]),
        const("other", [1.0, 3.0]),
        node("b1", "Mul", "c1", "x"),
        node("b2", "Mul", "c2:0", "x:0"),
        node("b3", "Mul", "other", "x"),
        node("last", "Add", "out", "b3"),
    )
    done = after(MERGE, graph, "x", "last")
    assert list(done) == ["x", "out", "c2", "other", "b1", "b3", "last"]
    assert done["out"].inputs == ("b1", "b1:0", "^c2")
    assert done["b1"].inputs == ("c2", "x")


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_constants_are_compared_by_all_they_hold(size: int) -> None:
    values = np.zeros(size, np.float32)
    other = values.copy()
    other[-1] = -0.0
    same = [const(f"c{number}", values) for number in range(3)]
    done = after(MERGE, graphs.graph(same, const("d", other), const("e", other)))
    assert list(done) == ["c0", "d"]


@pytest.mark.parametrize(
    "different",
    [
        {"op": "Sub"},
        {"device": "/cpu:0"},
        {"inputs": ("x", "x:1")},
        {"inputs": ("x", "x", "^x")},
        {"attrs": {"T": DataType.DT_FLOAT, "_n": 0}},
        {"attrs": {"T": DataType.DT_FLOAT, "_n": False}},
        {"attrs": {"T": DataType.DT_FLOAT, "_n": 0.0}},
        {"attrs": {"T": DataType.DT_FLOAT, "_n": -0.0}},
    ],
)
def test_nodes_that_differ_stay(different: dict[str, Any]) -> None:
    first = Node("a", "Add", ("x", "x"), attrs={"T": DataType.DT_FLOAT, "_n": 1})
    second = replace(first, name="b", **different)
    third = replace(second, name="c")
    assert list(after(MERGE, graphs.graph(X, first, second, third), "x", gtt=True)) == ["x", "a", "b"]


@pytest.mark.parametrize("gtt", [False, True])
def test_what_is_fed_or_fetched_stays(gtt: bool) -> None:
    graph = graphs.graph(const("a", 1), const("b", 1), const("c", 1), const("d", 1))
    assert list(after(MERGE, graph, outputs="b:0", gtt=gtt)) == ["a", "b"]
    assert list(after(MERGE, graph, inputs="a", outputs="d", gtt=gtt)) == ["a", "b", "d"]


@pytest.mark.parametrize(
    ("op", "gtt"),
    [
        ("PlaceholderWithDefault", False),
        *((op, gtt) for op in ("RandomUniform", "NoSuchOp", "VariableV2") for gtt in (False, True)),
    ],
)
def test_what_may_not_be_the_same_twice_stays(op: str, gtt: bool) -> None:
    shape = const("s", [2], DataType.DT_INT32)
    graph = graphs.graph(shape, *(Node(name, op, attrs={"dtype": DataType.DT_FLOAT}) for name in "ab"))
    assert list(after(MERGE, graph, gtt=gtt)) == ["s", "a", "b"]


def test_placeholders_are_fed_apart_and_the_original_merges_them() -> None:
    graph = graphs.graph(X, replace(X, name="y"), node("out", "Sub", "x", "y"))
    assert after(MERGE, graph, "x", "out")["out"].inputs == ("x", "y")
    twice = graphs.graph(replace(X, name="y"), replace(X, name="z"), node("out", "Sub", "y", "z"))
    assert after(MERGE, twice, "", "out")["out"].inputs == ("y", "z")
    assert after(MERGE, twice, "", "out", gtt=True)["out"].inputs == ("y", "y")


@pytest.mark.parametrize("gtt", [False, True])
def test_calls_of_functions_stay(gtt: bool) -> None:
    graph = graph_of(text_node("a", "F") + text_node("b", "F") + function("F", text_node("n", "NoOp")))
    assert list(after(MERGE, graph, gtt=gtt)) == ["a", "b"]


def test_places_follow_the_node_that_stays() -> None:
    near = replace(const("n", 2), attrs={**const("n", 2).attrs, "_class": ("loc:@b",)})
    graph = graphs.graph(const("a", 1), const("b", 1), near)
    assert after(MERGE, graph)["n"].attrs["_class"] == ("loc:@a",)
    assert after(MERGE, graph, gtt=True)["n"].attrs["_class"] == ("loc:@b",)


def test_a_loop_is_walked_once() -> None:
    graph = Graph(
        (
            const("zero", 0),
            Node("enter", "Enter", ("zero",)),
            Node("merge", "Merge", ("enter", "next"), attrs={"N": 2, "T": DataType.DT_FLOAT}),
            Node("one", "Const", ("^merge",), attrs=const("", 1).attrs),
            Node("uno", "Const", ("^merge",), attrs=const("", 1).attrs),
            node("add", "Add", "merge", "one"),
            node("sum", "Add", "merge", "uno"),
            node("next", "NextIteration", "sum"),
            node("exit", "Exit", "add"),
        )
    )
    done = after(MERGE, graph, outputs="exit")
    assert list(done) == ["zero", "enter", "merge", "one", "add", "next", "exit"]
    assert done["next"].inputs == ("add",)
