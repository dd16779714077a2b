"""Calls of functions in, the nodes of the functions out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opselect.models.graph import FunctionDefinition, FunctionRef, Graph, Node
from opselect.rewriting import ops_of
from opselect.rewriting.freezing import inline
from opselect.rewriting.freezing.inline import Inliner, construction_order
from tests.opselect.rewriting.freezing.graphs import FLOAT, INT, RESOURCE, by_name, call, function, graph, node, read

X = node("x", "Placeholder", dtype=FLOAT)
HANDLE = node("v", "Placeholder", dtype=RESOURCE)
DOUBLE = function(
    "double",
    {"a": FLOAT},
    {"b": (FLOAT, "sum:z:0")},
    node("two", "Const", dtype=FLOAT),
    node("sum", "Mul", "a", "two:output:0", T=FLOAT),
)
SIDE_EFFECT = replace(
    function("print", {"a": FLOAT}, {"b": (FLOAT, "a")}, node("say", "Print", "a", T=FLOAT)),
    control_returns={"say": "say"},
    stateful=True,
)


def inlined(before: Graph, *fetched: str) -> dict[str, Node]:
    """The nodes of the graph with its calls inlined."""
    return by_name(Inliner(ops_of(None, before.functions)).graph(before, fetched, "graph.pb"))


def stays(before: Graph, *fetched: str) -> bool:
    """Whether the node ``c`` still is a call."""
    return inlined(before, *fetched)["c"].op == "PartitionedCall"


def a_call(*inputs: str, of: str = "double") -> Node:
    """A call ``c`` from float to float."""
    return replace(call("c", of, *inputs, takes=(FLOAT,), gives=(FLOAT,)), op="PartitionedCall")


def test_a_body_stands_in_place_of_its_call() -> None:
    nodes = inlined(graph(X, a_call("x"), node("y", "Neg", "c", T=FLOAT), functions=(DOUBLE,)))
    assert nodes == {
        "x": X,
        "Func/c/input/_0": node("Func/c/input/_0", "Identity", "x", T=FLOAT),
        "c/two": node("c/two", "Const", dtype=FLOAT),
        "c/sum": node("c/sum", "Mul", "Func/c/input/_0", "c/two", T=FLOAT),
        "Func/c/output/_1": node("Func/c/output/_1", "Identity", "c/sum", T=FLOAT),
        "y": node("y", "Neg", "Func/c/output/_1", T=FLOAT),
    }


def test_outputs_are_those_of_their_position() -> None:
    top = function(
        "top", {"a": FLOAT}, {"v": (FLOAT, "t:values:0"), "i": (INT, "t:indices:0")},
        node("k", "Const", dtype=INT), node("t", "TopKV2", "a", "k:output:0", T=FLOAT),
    )  # fmt: skip
    before = graph(
        X, call("c", "top", "x", takes=(FLOAT,), gives=(FLOAT, INT)), node("y", "Neg", "c:1", T=INT), functions=(top,)
    )
    nodes = inlined(before)
    assert nodes["Func/c/output/_2"].inputs == ("c/t:1",)
    assert nodes["y"].inputs == ("Func/c/output/_2",)


def test_what_a_call_waits_for_the_body_waits_for() -> None:
    nodes = inlined(graph(X, node("n", "NoOp"), a_call("x", "^n"), node("y", "Neg", "c"), functions=(DOUBLE,)))
    gate = "^Func/c/input_control_node/_0"
    assert nodes["Func/c/input_control_node/_0"] == node("Func/c/input_control_node/_0", "NoOp", "^n")
    assert nodes["Func/c/input/_1"].inputs == ("x", gate)
    assert nodes["c/two"].inputs == (gate,)
    assert nodes["c/sum"].inputs == ("Func/c/input/_1", "c/two")


def test_a_function_that_takes_a_resource_waits_for_all_it_takes() -> None:
    """All inputs of a call are there before anything in it runs."""
    reader = replace(
        function("reader", {"v": RESOURCE, "a": FLOAT}, {"b": (FLOAT, "r:value:0")}, read("r", "v")),
        control_returns={"r": "r"},
    )
    first = node("first", "Identity", "x", T=FLOAT)
    before = graph(
        X, HANDLE, first, call("c", "reader", "v", "first", takes=(RESOURCE, FLOAT), gives=(FLOAT,)),
        node("y", "Neg", "c"), functions=(reader,),
    )  # fmt: skip
    nodes = inlined(before)
    assert nodes["Func/c/input_control_node/_0"].inputs == ("^first",)
    assert nodes["Func/c/input/_1"].inputs == ("v", "^Func/c/input_control_node/_0")


def test_who_waits_for_a_call_waits_for_its_side_effects() -> None:
    before = graph(X, a_call("x", of="print"), node("y", "Neg", "x", "^c"), functions=(SIDE_EFFECT,))
    nodes = inlined(before)
    assert nodes["Func/c/output_control_node/_2"].inputs == ("^c/say",)
    assert nodes["y"].inputs == ("x", "^Func/c/output_control_node/_2")


def test_a_call_whose_side_effects_nobody_waits_for_stays() -> None:
    assert stays(graph(X, a_call("x", of="print"), node("y", "Neg", "c"), functions=(SIDE_EFFECT,)))


def test_a_side_effect_that_leads_to_no_control_output_keeps_the_call() -> None:
    lost = replace(SIDE_EFFECT, control_returns={})
    assert stays(graph(X, a_call("x", of="print"), node("y", "Neg", "x", "^c"), functions=(lost,)))


@pytest.mark.parametrize(
    "changed",
    [
        replace(DOUBLE, attrs={"_noinline": True}),
        replace(DOUBLE, nodes=(*DOUBLE.nodes, node("own", "Custom>Op", "a"))),
        replace(DOUBLE, inputs=(*DOUBLE.inputs, *DOUBLE.inputs)),
        replace(DOUBLE, inputs=(replace(DOUBLE.inputs[0], type=None, type_attr="T"),)),
    ],
    ids=["marked", "unknown op", "other arguments", "bound by callers"],
)
def test_some_functions_are_only_called(changed: FunctionDefinition) -> None:
    assert stays(graph(X, a_call("x"), node("y", "Neg", "c", T=FLOAT), functions=(changed,)))


def test_a_call_for_xla_stays() -> None:
    marked = replace(a_call("x"), attrs={**a_call("x").attrs, "_XlaMustCompile": True})
    assert stays(graph(X, marked, node("y", "Neg", "c", T=FLOAT), functions=(DOUBLE,)))


def test_a_function_that_may_return_nothing_stays() -> None:
    dead = function(
        "dead", {"a": FLOAT}, {"b": (FLOAT, "s:output_true:0")},
        node("p", "Const"), node("s", "Switch", "a", "p:output:0", T=FLOAT),
    )  # fmt: skip
    assert stays(graph(X, a_call("x", of="dead"), node("y", "Neg", "c"), functions=(dead,)))


def test_a_call_that_is_fetched_keeps_its_name() -> None:
    nodes = inlined(graph(X, a_call("x"), functions=(DOUBLE,)), "c")
    done = "^Func/c/output_control_node/_2"
    assert nodes["c"] == node("c", "IdentityN", "Func/c/output/_1", done, T=(FLOAT,))


def test_calls_inside_of_functions_are_inlined_one_after_the_other() -> None:
    outer = function(
        "outer", {"a": FLOAT}, {"b": (FLOAT, "c:output:0")}, replace(a_call("a"), name="c"),
    )  # fmt: skip
    before = graph(
        X, call("o", "outer", "x", takes=(FLOAT,), gives=(FLOAT,)), node("y", "Neg", "o"), functions=(DOUBLE, outer)
    )
    nodes = inlined(before)
    assert nodes["o/c/sum"].inputs == ("Func/o/c/input/_2", "o/c/two")
    assert nodes["Func/o/c/input/_2"].inputs == ("Func/o/input/_0",)
    assert nodes["Func/o/output/_1"].inputs == ("Func/o/c/output/_3",)


def test_functions_that_are_still_called_have_their_calls_inlined() -> None:
    loop = node("loop", "While", "x", cond=FunctionRef("go"), body=FunctionRef("body"), T=(FLOAT,))
    go = function("go", {"a": FLOAT}, {"b": (FLOAT, "l:z:0")}, node("l", "Less", "a", "a", T=FLOAT))
    body = function("body", {"a": FLOAT}, {"b": (FLOAT, "c:output:0")}, a_call("a"))
    after = Inliner(ops_of(None, (DOUBLE, go, body))).graph(
        graph(X, loop, functions=(DOUBLE, go, body)), (), "graph.pb"
    )
    functions = {each.name: each for each in after.functions}
    assert functions["go"] == go
    nodes = by_name(functions["body"])
    assert nodes["c"] == node(
        "c", "IdentityN", "Func/c/output/_1:output:0", "^Func/c/output_control_node/_2", T=(FLOAT,)
    )
    assert nodes["c/sum"].inputs == ("Func/c/input/_0:output:0", "c/two:output:0")
    assert nodes["Func/c/input/_0"].inputs == ("a",)
    assert functions["body"].returns == {"b": "c:output:0"}


def test_frames_of_loops_in_functions_get_names_of_their_own() -> None:
    enters = function(
        "enters", {"a": FLOAT}, {"b": (FLOAT, "e:output:0")}, node("e", "Enter", "a", T=FLOAT, frame_name="loop")
    )
    nodes = inlined(graph(X, a_call("x", of="enters"), node("y", "Neg", "c"), functions=(enters,)))
    assert nodes["c/e"].attrs["frame_name"] == "c/loop"


def test_a_call_in_a_loop_brings_the_frame_of_the_loop() -> None:
    enter = node("enter", "Enter", "x", T=FLOAT, frame_name="loop")
    nodes = inlined(graph(X, enter, a_call("enter"), node("y", "Neg", "c"), functions=(DOUBLE,)))
    assert nodes["c/two"].inputs == ("^Func/c/input_control_node/_0",)
    assert nodes["Func/c/input_control_node/_0"].inputs == ("^enter",)


def test_functions_that_call_themselves_are_only_called() -> None:
    again = function("again", {"a": FLOAT}, {"b": (FLOAT, "n:y:0")}, node("n", "Neg", "a"), a_call("a", of="again"))
    assert stays(graph(X, a_call("x", of="again"), node("y", "Neg", "c"), functions=(again,)))


def test_a_graph_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inline, "MAX_NODES", 1000)
    functions = [DOUBLE]
    for level in range(30):
        below = functions[-1].name
        twice = [replace(a_call("a", of=below), name=name) for name in ("c", "d")]
        functions.append(function(f"level_{level}", {"a": FLOAT}, {"b": (FLOAT, "c:output:0")}, *twice))
    before = graph(X, a_call("x", of="level_29"), node("y", "Neg", "c"), functions=tuple(functions))
    assert len(inlined(before)) <= 1010


def test_nodes_come_in_the_order_in_which_their_inputs_are_there() -> None:
    nodes = (
        node("c", "AddV2", "b", "a"), node("b", "Neg", "a"), node("a", "Const"),
        node("merge", "Merge", "a", "next"), node("next", "NextIteration", "merge"),
    )  # fmt: skip
    assert [each.name for each in construction_order(nodes, ())] == ["a", "b", "c", "merge", "next"]
