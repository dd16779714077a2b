"""Bodies of functions in the place of their calls, and which calls stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.graph import FunctionArg, FunctionDefinition, FunctionRef, Graph, Node, Shape
from opselect.rewriting import Context, TransformError, parse_steps
from opselect.rewriting.constants import constant_node
from opselect.rewriting.transforms import apply_steps
from tests.interpreter import run

FLOAT, BOOL = DataType.DT_FLOAT, DataType.DT_BOOL
X = Node("x", "Placeholder", attrs={"dtype": FLOAT, "shape": Shape((2,))})
PLUS_ONE = FunctionDefinition(
    "plus_one",
    (FunctionArg("a", FLOAT),),
    (FunctionArg("r", FLOAT),),
    (constant_node("one", np.float32(1), FLOAT), Node("sum", "AddV2", ("a", "one:output:0"), attrs={"T": FLOAT})),
    {"r": "sum:z:0"},
)


def call(function: str, *inputs: str, name: str = "call") -> Node:
    return Node(name, "PartitionedCall", inputs, attrs={"f": FunctionRef(function), "Tin": (FLOAT,), "Tout": (FLOAT,)})


TWICE = replace(
    PLUS_ONE,
    name="twice",
    nodes=(
        Node(
            "first", "PartitionedCall", ("a",), attrs={"f": FunctionRef("plus_one"), "Tin": (FLOAT,), "Tout": (FLOAT,)}
        ),
        Node("sum", "AddV2", ("first:output:0", "a"), attrs={"T": FLOAT}),
    ),
)
OUT = Node("out", "Neg", ("call",), attrs={"T": FLOAT})


def inlined(graph: Graph, *outputs: str, inputs: str = "x", gtt: bool = False) -> tuple[Graph, list[str]]:
    notes: list[str] = []
    context = Context("m.pb", tuple(inputs.split()), outputs, gtt=gtt, note=notes.append)
    return apply_steps(graph, parse_steps("inline_partitionedcall"), context), notes


def check_same(before: Graph, after: Graph, output: str = "out") -> None:
    value = np.array([2, -3], np.float32)
    (theirs,), (ours,) = (run(graph, {"x": value}, [output]) for graph in (before, after))
    np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize(("gtt", "functions"), [(False, []), (True, ["plus_one"])])
def test_the_body_takes_the_place_of_the_call(gtt: bool, functions: list[str]) -> None:
    before = Graph((X, call("plus_one", "x"), OUT), (PLUS_ONE,))
    after, notes = inlined(before, "out", gtt=gtt)
    ops = {node.name: node.op for node in after.nodes}
    assert ops.items() >= {"x": "Placeholder", "call/one": "Const", "call/sum": "AddV2", "out": "Neg"}.items()
    assert set(ops.values()) == {"Placeholder", "Const", "AddV2", "Neg", "Identity"}
    assert [function.name for function in after.functions] == functions
    assert notes == []
    check_same(before, after)


def test_calls_inside_of_the_body_stay() -> None:
    before = Graph((X, call("twice", "x"), OUT), (PLUS_ONE, TWICE))
    after, _ = inlined(before, "out")
    assert {node.name: node.op for node in after.nodes}["call/first"] == "PartitionedCall"
    assert [function.name for function in after.functions] == ["plus_one"]
    check_same(before, after)


def test_one_that_is_fetched_keeps_its_name_and_one_that_is_fed_stays() -> None:
    before = Graph((X, call("plus_one", "x")), (PLUS_ONE,))
    after, _ = inlined(before, "call")
    check_same(before, after, "call")
    assert inlined(Graph((*before.nodes, OUT), (PLUS_ONE,)), "out", inputs="call")[0].nodes[1] == before.nodes[1]


def test_a_call_that_waits_is_waited_for() -> None:
    late = Node("late", "NoOp", ("^x",))
    waits = replace(PLUS_ONE, control_returns={"sum": "sum"})
    before = Graph((X, late, call("plus_one", "x", "^late"), OUT, Node("end", "NoOp", ("^call",))), (waits,))
    after, _ = inlined(before, "out", "end")
    by_name = {node.name: node for node in after.nodes}
    seen: set[str] = set()
    waiting = ["end"]
    while waiting:
        name = waiting.pop().removeprefix("^").partition(":")[0]
        if name not in seen:
            seen.add(name)
            waiting.extend(by_name[name].inputs)
    assert {"late", "call/sum"} <= seen


def test_a_call_in_a_conditional_stays_where_its_constants_would_run_on_both_sides() -> None:
    predicate = Node("p", "Placeholder", attrs={"dtype": BOOL, "shape": Shape(())})
    switch = Node("on", "Switch", ("x", "p"), attrs={"T": FLOAT})
    before = Graph((X, predicate, switch, call("plus_one", "on:1"), OUT), (PLUS_ONE,))
    after, notes = inlined(before, "out")
    assert [node.op for node in after.nodes if node.name == "call"] == ["PartitionedCall"]
    assert notes == ["'call' stays a PartitionedCall: to inline it could change what the graph computes"]


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (replace(call("plus_one", "x"), attrs={}), "node 'call': does not say which function it calls"),
        (call("none", "x"), "node 'call': calls the function 'none', which is not in the library"),
    ],
)
def test_a_call_of_no_function_is_refused(broken: Node, problem: str) -> None:
    with pytest.raises(TransformError, match=problem):
        inlined(Graph((X, broken, OUT), (PLUS_ONE,)), "out")
