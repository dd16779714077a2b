"""What only looks whether values are as they should be goes, and nothing that the model computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import FunctionArg, FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, Shape
from opselect.rewriting import Context, parse_steps
from opselect.rewriting.constants import constant_node
from opselect.rewriting.transforms import apply_steps
from tests.interpreter import run
from tests.opselect.rewriting.transforms.graphs import const, graph, node
from tests.opselect.rewriting.transforms.run import after

FLOAT, BOOL = DataType.DT_FLOAT, DataType.DT_BOOL
X = Node("x", "Placeholder", attrs={"dtype": FLOAT, "shape": Shape((2,))})
REMOVE = "remove_checks"


def check(name: str, *inputs: str, **attrs: NodeAttr) -> Node:
    return Node(name, "Assert", inputs, attrs={"T": (FLOAT,), "summarize": 3, **attrs})


CONDITION = (
    const("limit", 9.0),
    node("less", "Less", "x", "limit"),
    Node("axes", "Const", attrs=constant_node("axes", np.array([0], np.int32), DataType.DT_INT32).attrs),
    Node("all", "All", ("less", "axes"), attrs={"Tidx": DataType.DT_INT32}),
)
ONE = constant_node("one", np.float32(1), FLOAT)


def guarded(condition: str = "all") -> tuple[Node, ...]:
    """What ``tf.Assert`` of 1.x makes of values that are not strings: an Assert in a conditional."""
    return (
        Node("guard/Switch", "Switch", (condition, condition), attrs={"T": BOOL}),
        Node("guard/switch_t", "Identity", ("guard/Switch:1",), attrs={"T": BOOL}),
        Node("guard/switch_f", "Identity", ("guard/Switch",), attrs={"T": BOOL}),
        Node("guard/NoOp", "NoOp", ("^guard/switch_t",)),
        Node("guard/fine", "Identity", ("guard/switch_t", "^guard/NoOp"), attrs={"T": BOOL}),
        Node("guard/all/Switch", "Switch", (condition, condition), attrs={"T": BOOL}),
        node("guard/x/Switch", "Switch", "x", condition),
        check("guard/Assert", "guard/all/Switch", "guard/x/Switch", "^guard/switch_f"),
        Node("guard/failed", "Identity", ("guard/switch_f", "^guard/Assert"), attrs={"T": BOOL}),
        Node("guard/Merge", "Merge", ("guard/failed", "guard/fine"), attrs={"T": BOOL, "N": 2}),
    )


def test_an_assert_goes_with_all_that_only_it_needs() -> None:
    before = graph(X, CONDITION, check("assert", "all", "x"), node("y", "Neg", "x", "^assert"))
    done = after(REMOVE, before, "x", "y")
    assert {name: each.inputs for name, each in done.items()} == {"x": (), "y": ("x",)}


def test_what_others_need_too_stays() -> None:
    before = graph(X, CONDITION, check("assert", "all", "x"), node("y", "Neg", "limit", "^assert"))
    assert list(after(REMOVE, before, "x", "y less")) == ["x", "limit", "less", "y"]


def test_an_assert_in_a_conditional_goes_with_the_conditional() -> None:
    tied = replace(ONE, inputs=("^guard/Merge",))
    before = graph(
        X, CONDITION, guarded(), tied, node("sum", "Add", "x", "one"), node("y", "Neg", "sum", "^guard/Merge")
    )
    done = after(REMOVE, before, "x", "y")
    assert {name: each.inputs for name, each in done.items()} == {
        "x": (), "one": (), "sum": ("x", "one"), "y": ("sum",),
    }  # fmt: skip
    value = {"x": np.array([2, -3], np.float32)}
    (theirs,), (ours,) = (run(each, value, ["y"]) for each in (before, Graph(tuple(done.values()))))
    np.testing.assert_array_equal(theirs, ours)


def test_numbers_are_not_looked_at() -> None:
    before = graph(X, node("fine", "CheckNumerics", "x", message="no"), node("y", "Neg", "fine"))
    assert {name: each.inputs for name, each in after(REMOVE, before, "x", "y").items()} == {"x": (), "y": ("x",)}
    assert list(after(REMOVE, before, "x", "fine")) == ["x", "fine", "y"]


def test_calls_that_only_assert_go_and_others_stay() -> None:
    given = FunctionArg("a", FLOAT)
    body = (
        constant_node("no", np.array(False), BOOL),
        check("stop", "no:output:0", "a"),
        Node("same", "Identity", ("a", "^stop"), attrs={"T": FLOAT}),
    )
    fails = FunctionDefinition(
        "fails", (given,), (FunctionArg("r", FLOAT),), body, {"r": "same:output:0"}, stateful=True
    )
    effect = Node("more", "PrintV2", ("a",))
    prints = replace(fails, name="prints", nodes=(*body, effect))
    passes = replace(fails, name="passes", nodes=(replace(body[2], inputs=("a",)),))

    def choice(name: str, *functions: str) -> Node:
        named = {key: FunctionRef(value) for key, value in zip(("then_branch", "else_branch"), functions, strict=True)}
        return Node(name, "If", ("all", "x"), attrs={"Tin": (FLOAT,), "Tout": (FLOAT,), **named})

    nodes = (
        X, *CONDITION, choice("one", "passes", "fails"), choice("two", "passes", "prints"),
        node("three", "Identity", "one"), node("y", "Neg", "x", "^three", "^two"),
    )  # fmt: skip
    before = Graph(nodes, (fails, prints, passes))
    done = apply_steps(before, parse_steps(REMOVE), Context("m.pb", ("x",), ("y",)))
    assert [each.name for each in done.nodes if each.op != "Const"] == ["x", "less", "all", "two", "y"]
    assert [function.name for function in done.functions] == ["prints", "passes"]
    assert done.nodes[-1].inputs == ("x", "^two")


@pytest.mark.parametrize(
    "kept",
    [
        # What others read is more than a check.
        (node("same", "Identity", "x", "^assert"), node("y", "Neg", "same")),
        # Through it others wait for a side effect.
        (Node("both", "NoOp", ("^assert", "^print")), Node("print", "PrintV2", ("x",)), node("y", "Neg", "x", "^both")),
    ],
)
def test_what_waits_for_a_check_and_does_more_stays(kept: tuple[Node, ...]) -> None:
    done = after(REMOVE, graph(X, CONDITION, check("assert", "all", "x"), kept), "x", "y")
    assert set(done) == {"x", *(each.name for each in kept)}


def test_an_assert_that_waits_for_a_side_effect_stays() -> None:
    effect = Node("print", "PrintV2", ("x",))
    before = graph(X, CONDITION, effect, check("assert", "all", "x", "^print"), node("y", "Neg", "x", "^assert"))
    assert list(after(REMOVE, before, "x", "y")) == [each.name for each in before.nodes]


def test_what_is_on_one_side_of_a_conditional_through_a_check_stays_there() -> None:
    """The constants of the sides run where ``switch_t`` and ``switch_f`` do, which only checks lead to."""
    before = graph(
        X, CONDITION, check("assert", "all", "x"),
        Node("pred", "Identity", ("all", "^assert"), attrs={"T": BOOL}),
        Node("pivot", "Switch", ("pred", "pred"), attrs={"T": BOOL}),
        Node("switch_t", "Identity", ("pivot:1",), attrs={"T": BOOL}),
        Node("switch_f", "Identity", ("pivot",), attrs={"T": BOOL}),
        replace(const("yes", 1.0), inputs=("^switch_t",)),
        replace(const("no", 2.0), inputs=("^switch_f",)),
        node("y", "Merge", "no", "yes", N=2),
    )  # fmt: skip
    done = after(REMOVE, before, "x", "y")
    assert "assert" not in done
    assert {"pred", "pivot", "switch_t", "switch_f"} <= done.keys()
    assert (done["pred"].inputs, done["yes"].inputs) == (("all",), ("^switch_t",))


def test_a_constant_that_only_a_check_ties_to_its_side_keeps_the_check() -> None:
    before = graph(
        X, CONDITION,
        Node("p", "Placeholder", attrs={"dtype": BOOL, "shape": Shape(())}),
        node("on", "Switch", "x", "p"),
        check("assert", "p", "on:1"),
        replace(const("yes", 1.0), inputs=("^assert",)),
        node("no", "Neg", "on"),
        node("y", "Merge", "no", "yes", N=2),
    )  # fmt: skip
    done = after(REMOVE, before, "x p", "y")
    assert done["yes"].inputs == ("^assert",)
