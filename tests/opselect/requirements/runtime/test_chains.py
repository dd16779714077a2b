"""Rewrites of what other rewrites leave: graphs in, ops that the runtime may insert out."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node
from opselect.requirements.runtime.inserted.forms import FormView
from tests.opselect.graph_text import graph_of, node
from tests.opselect.requirements.runtime.additions import additions, ops

F, H, I = "T: type: DT_FLOAT", "T: type: DT_HALF", "T: type: DT_INT32"  # noqa: E741
XY = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT") + node("y", "Placeholder", attrs="dtype: type: DT_FLOAT")
HALF_TO_FLOAT = "SrcT: type: DT_HALF; DstT: type: DT_FLOAT"
LATER = "once others have been applied: "


def const(name: str, *values: float, size: int = 0, dtype: str = "DT_FLOAT") -> str:
    shape = f"tensor_shape {{ dim {{ size: {size or len(values)} }} }}"
    field = "float_val" if dtype == "DT_FLOAT" else "int_val"
    numbers = " ".join(f"{field}: {value}" for value in values)
    return node(name, "Const", attrs=f"dtype: type: {dtype}; value: tensor {{ dtype: {dtype} {shape} {numbers} }}")


def scalar(name: str, value: float) -> str:
    text = f"dtype: DT_FLOAT tensor_shape {{ }} float_val: {value}"
    return node(name, "Const", attrs=f"dtype: type: DT_FLOAT; value: tensor {{ {text} }}")


def op(name: str, kind: str, *inputs: str, attrs: str = F) -> str:
    return node(name, kind, *inputs, attrs=attrs)


TWO = "T: list { type: DT_FLOAT type: DT_FLOAT }"
ONES, ZEROS, WEIGHTS = const("ones", 1, size=9), const("zeros", 0, size=9), const("w", 2, 3, 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (op("i", "Identity", "x") + op("s", "AddV2", "x", "i"), {"Mul": "float", "Const": "float"}),
        (ONES + op("t", "Tile", "x", "ones") + op("m", "MulNoNan", "t", "x"), {"Square": "float"}),
        (ONES + op("t", "Mul", "x", "ones") + op("m", "Mul", "t", "x"), {"Square": "float"}),
        (op("r", "Reshape", "x", "y") + op("m", "Mul", "r", "x"), {"Square": "float"}),
        (op("a", "Sin", "x") + op("b", "Sin", "x") + op("m", "Mul", "a", "b"), {"Square": "float"}),
        (ZEROS + op("p", "MatMul", "x", "zeros") + op("s", "AddV2", "p", "y"), {"BroadcastTo": "float,int32"}),
        (ZEROS + op("p", "Mul", "x", "zeros") + op("d", "Sub", "p", "y"), {"Neg": "float"}),
        (op("o", "OnesLike", "x") + op("d", "RealDiv", "o", "y"), {"Reciprocal": "float"}),
        (ZEROS + op("o", "Pow", "x", "zeros") + op("d", "RealDiv", "o", "y"), {"Reciprocal": "float"}),
        (
            const("one", 1, dtype="DT_INT32")
            + op("c", "Cast", "one", attrs="SrcT: type: DT_INT32; DstT: type: DT_FLOAT")
            + op("d", "RealDiv", "c", "x"),
            {"Reciprocal": "float"},
        ),
        (op("m", "Mul", "x", "x") + op("e", "Exp", "m"), {"_UnaryOpsComposition": "float"}),
        (
            op("m", "Mul", "x", "x") + op("i", "Identity", "m") + op("q", "Mul", "m", "i"),
            {"_UnaryOpsComposition": "float"},
        ),
        (
            op("n", "Neg", "x") + op("s", "AddV2", "y", "n") + op("i", "StopGradient", "s") + op("q", "Mul", "s", "i"),
            {"SquaredDifference": "float"},
        ),
        (
            op("r", "Sqrt", "x") + op("b", "IdentityN", "r", "r", attrs=TWO) + op("d", "RealDiv", "y", "b:1"),
            {"Rsqrt": "float", "Mul": "float"},
        ),
        (op("n", "Neg", "x") + op("s", "Add", "y", "n") + op("q", "Square", "s"), {"SquaredDifference": "float"}),
        (op("n", "Neg", "x") + op("m", "Neg", "n") + op("s", "Mul", "x", "m"), {"Square": "float"}),
        (
            op("a", "Mul", "x", "y")
            + op("b", "Mul", "x", "y2")
            + op("s", "AddV2", "a", "b")
            + op("q", "Mul", "s", "x")
            + op("y2", "Placeholder"),
            {"Square": "float"},
        ),
        (
            op("a", "Exp", "x")
            + op("b", "Exp", "y")
            + op("c", "ConcatV2", "a", "b", "axis")
            + op("s", "Sin", "c")
            + const("axis", 0, dtype="DT_INT32"),
            {"_UnaryOpsComposition": "float"},
        ),
        (WEIGHTS + op("s", "AddV2", "x", "w") + op("d", "Sub", "s", "w"), {"Sub": "float", "Add": "float"}),
    ],
)
def test_what_one_rewrite_leaves_is_matched_by_the_next(text: str, expected: dict[str, str]) -> None:
    found = ops(XY + text)
    assert {op: types for op, types in expected.items() if types not in found.get(op, ())} == {}


@pytest.mark.parametrize(
    ("text", "absent"),
    [
        (op("i", "Identity", "y") + op("s", "AddV2", "x", "i"), "Mul"),
        (op("a", "Sin", "x") + op("b", "Cos", "x") + op("m", "Mul", "a", "b"), "Square"),
        (
            op("n", "Neg", "x") + op("s", "Add", "y", "n") + op("q", "Exp", "s") + op("r", "Sin", "s"),
            "SquaredDifference",
        ),
        (WEIGHTS + op("p", "Mul", "w", "w") + op("d", "Sub", "p", "y"), "Neg"),
        (scalar("one", 1) + op("m", "Mul", "x", "one"), "BroadcastTo"),
        (scalar("one", 1) + op("m", "Mul", "x", "one"), "Tile"),
        (ONES + WEIGHTS + op("m", "Mul", "w", "ones") + op("e", "Exp", "m"), "BroadcastTo"),
        (
            op("r", "Reshape", "x", "y") + op("c", "Cast", "r", attrs="SrcT: type: DT_HALF; DstT: type: DT_FLOAT"),
            "Reshape",
        ),
        (op("s", "Sqrt", "x") + op("d", "RealDiv", "y", "s") + op("o", "Sinh", "s") + op("e", "Exp", "s"), "Rsqrt"),
    ],
)
def test_what_no_row_of_rewrites_makes(text: str, absent: str) -> None:
    assert absent not in ops(XY + text)


def test_the_numbers_that_fill_constants_are_followed() -> None:
    two = (
        const("two", 2, size=9) + const("half", 0.5, size=9) + op("a", "Mul", "x", "two") + op("b", "Mul", "a", "half")
    )
    assert "BroadcastTo" in ops(XY + two)
    assert "BroadcastTo" not in ops(XY + two.replace("0.5", "0.25"))


def test_the_reason_tells_a_rewrite_of_a_rewrite() -> None:
    chain = (
        XY + op("i", "Identity", "x") + op("s", "Mul", "x", "x") + op("t", "Sub", "x", "y") + op("q", "Mul", "t", "t")
    )
    why = {addition.op: addition.origin.why for addition in additions(graph_of(chain))}
    assert not why["Square"].startswith(LATER)
    assert why["SquaredDifference"].startswith(LATER)


@pytest.mark.parametrize("release", ["1.15", "2.14"])
def test_an_op_without_inputs_is_a_constant_in_every_build(release: str) -> None:
    """``common_runtime/constant_folding.cc`` asks for inputs that are constant, not for any inputs."""
    text = node("c", "ImmutableConst", attrs="dtype: type: DT_HALF") + op("n", "Neg", "c", attrs=H)
    (folded,) = {
        a.origin.why
        for a in additions(graph_of(text + op("s", "Add", "n", "x", attrs=H) + XY), release)
        if a.op == "Const" and a.attrs == {"dtype": DataType.DT_HALF}
    }
    assert "common_runtime/constant_folding.cc" in folded
    assert "grappler" not in folded


def test_what_is_fed_or_has_a_state_is_no_constant() -> None:
    for kind in ("Placeholder", "VarHandleOp", "FakeParam"):
        assert "Const" not in ops(node("c", kind, attrs="dtype: type: DT_HALF") + op("n", "Neg", "c", attrs=H))


def test_a_cycle_of_identities_comes_to_an_end() -> None:
    assert ops(op("a", "Identity", "b") + op("b", "Identity", "a") + op("m", "Mul", "a", "b") + op("n", "Neg", "m"))


_KINDS = (
    "Add",
    "AddN",
    "AddV2",
    "BiasAdd",
    "Exp",
    "Identity",
    "MatMul",
    "Mul",
    "Neg",
    "Reshape",
    "Sqrt",
    "Square",
    "Sub",
)


@given(st.lists(st.tuples(st.sampled_from(_KINDS), st.integers(0, 40), st.integers(0, 40)), max_size=14))
def test_any_graph_comes_to_an_end_with_the_same_ops_again(rows: list[tuple[str, int, int]]) -> None:
    """Inputs may come later: loops are no graphs that a session takes, but none may hang."""
    graph = graph_of_rows(rows)
    first = additions(graph)
    assert first == additions(graph)
    assert all(addition.nodes[0] in graph.nodes for addition in first)


def graph_of_rows(rows: list[tuple[str, int, int]]) -> Graph:
    """Nodes of these ops, each with the two inputs that the numbers name."""
    constants = graph_of(XY + ONES + ZEROS + WEIGHTS).nodes
    names = [each.name for each in constants] + [f"n{number}" for number in range(len(rows))]
    made = [
        Node(f"n{number}", kind, (names[one % len(names)], names[other % len(names)]), attrs={"T": DataType.DT_FLOAT})
        for number, (kind, one, other) in enumerate(rows)
    ]
    return Graph((*constants, *made))


def in_every_place(view: FormView, _changed: Iterable[str]) -> set[str]:
    """The slow way: every place may be the root of a pattern, whatever has changed."""
    return {node.name for node in view.plain.nodes} | set(view._forms)


NO_LONGER_READ = (
    const("one", 1, dtype="DT_INT32")
    + const("three", 3, dtype="DT_INT32")
    + const("five", 5, dtype="DT_INT32")
    + op("a", "Add", "one", "three", attrs=I)
    + op("b", "Add", "a", "five", attrs=I)
    + op("c", "AddN", "one", "b", attrs=f"{I}; N: i: 2")
    + op("d", "Mul", "b", "y", attrs=I)
    + op("e", "AddN", "d", "x", "y", "five", "b", attrs=f"{I}; N: i: 5")
)
"""Where what reads ``b`` beside ``c`` may come to read it no more, ``c`` can take it in."""


@given(st.lists(st.tuples(st.sampled_from(_KINDS), st.integers(0, 40), st.integers(0, 40)), max_size=14))
def test_places_that_are_not_looked_at_again_have_nothing_new(rows: list[tuple[str, int, int]]) -> None:
    assert_nothing_is_missed(graph_of_rows(rows))


def test_what_others_stop_reading_is_looked_at_again() -> None:
    graph = graph_of(XY + NO_LONGER_READ)
    assert_nothing_is_missed(graph)
    assert ("AddN", ["c", "b"]) in [(found.op, [node.name for node in found.nodes]) for found in additions(graph)]


def assert_nothing_is_missed(graph: Graph) -> None:
    found = additions(graph)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FormView, "_near", in_every_place)
        assert additions(graph) == found
