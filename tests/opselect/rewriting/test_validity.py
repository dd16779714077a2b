"""What a step may not do to a graph."""

from __future__ import annotations

import pytest

from opselect.models.graph import Graph
from opselect.rewriting import Context, TransformError, ops_of
from opselect.rewriting.validity import Guard, type_problems
from tests.opselect.graph_text import graph_of, node

FLOAT, INT = "T: type: DT_FLOAT", "T: type: DT_INT32"
OPS = ops_of(None)
X = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
GOOD = graph_of(X + node("y", "Relu", "x", attrs=FLOAT))


def check(before: Graph, after: Graph, context: Context | None = None) -> None:
    Guard(context or Context("m.pb")).check("step", before, after)


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        (X + node("y", "Relu", "z", attrs=FLOAT), "after step node 'y' has an input 'z', which does not exist"),
        (X + X, "after step two nodes are named 'x'"),
        (node("x", "Relu", "y") + node("y", "Relu", "x"), "after step nodes form a cycle"),
        (
            X + node("y", "Relu", "x", attrs=INT),
            "node 'y': after step its input 'x' is DT_FLOAT, but Relu takes DT_INT32",
        ),
        (X + node("y", "Relu", "x:1", attrs=FLOAT), "node 'y': after step its input 'x:1' does not exist"),
        (X + node("y", "Add", "x", attrs=FLOAT), "node 'y': after step Add takes 2 inputs, but it has 1"),
    ],
)
def test_a_step_must_leave_a_graph_that_makes_sense(after: str, problem: str) -> None:
    with pytest.raises(TransformError) as caught:
        check(GOOD, graph_of(after))
    assert problem in caught.value.problem
    assert caught.value.advice == "Nothing was written."


def test_what_was_wrong_before_is_said_to_have_been() -> None:
    broken = graph_of(node("y", "Relu", "z"))
    with pytest.raises(TransformError, match="before and after step node 'y' has an input 'z'"):
        check(broken, broken)


@pytest.mark.parametrize(("inputs", "outputs", "kind"), [(("x",), (), "fed"), ((), ("x:0",), "fetched")])
def test_fed_and_fetched_nodes_must_stay(inputs: tuple[str, ...], outputs: tuple[str, ...], kind: str) -> None:
    lost = graph_of(node("new", "Placeholder"))
    with pytest.raises(TransformError, match=f"node 'x': is {kind}, but step removes it"):
        check(GOOD, lost, Context(inputs=inputs, outputs=outputs))
    check(GOOD, lost)
    check(GOOD, lost, Context(inputs=inputs, outputs=outputs, gtt=True))


def test_types_that_were_wrong_before_are_not_the_fault_of_the_step() -> None:
    wrong = X + node("y", "Relu", "x", attrs=INT)
    check(graph_of(wrong), graph_of(wrong + node("z", "Relu", "x", attrs=FLOAT)))
    renamed = node("0", "Placeholder", attrs="dtype: type: DT_FLOAT") + node("1", "Relu", "0", attrs=INT)
    check(graph_of(wrong), graph_of(renamed))
    with pytest.raises(TransformError, match="node 'z'"):
        check(graph_of(wrong), graph_of(wrong + node("z", "Relu", "x", attrs=INT)))


def test_the_original_looks_at_no_types() -> None:
    check(GOOD, graph_of(X + node("y", "Relu", "x", attrs=INT)), Context(gtt=True))


def test_types_are_compared_where_both_sides_tell_them() -> None:
    assert type_problems(GOOD, OPS) == ()
    unknown = node("f", "MyOwnOp", "x") + node("y", "Relu", "f:7", attrs=INT) + node("z", "Relu", "x")
    assert type_problems(graph_of(X + unknown), OPS) == ()
    variable = node("v", "VariableV2", attrs="dtype: type: DT_FLOAT_REF") + node("y", "Relu", "v", "^x", attrs=FLOAT)
    assert type_problems(graph_of(X + variable), OPS) == ()


def test_a_guard_follows_a_graph_through_steps() -> None:
    guard = Guard(Context())
    second = graph_of(X + node("y", "Relu6", "x", attrs=FLOAT))
    guard.check("first", GOOD, second)
    with pytest.raises(TransformError, match="after second its input"):
        guard.check("second", second, graph_of(X + node("y", "Relu6", "x", attrs=INT)))
