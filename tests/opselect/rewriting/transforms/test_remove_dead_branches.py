"""Conditionals whose predicate is constant: only the side that is taken stays."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import FunctionArg, FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, Shape
from opselect.rewriting import Context, TransformError, parse_steps
from opselect.rewriting.constants import constant_node
from opselect.rewriting.transforms import apply_steps, find_transform
from tests.interpreter import run
from tests.opselect.rewriting.transforms import graphs
from tests.opselect.rewriting.transforms.graphs import const, node
from tests.opselect.rewriting.transforms.random_graphs import random_graph
from tests.opselect.rewriting.transforms.run import after, transform

DEAD = "remove_dead_branches"
BOOL, FLOAT, INT32 = DataType.DT_BOOL, DataType.DT_FLOAT, DataType.DT_INT32
X = Node("x", "Placeholder", attrs={"dtype": DataType.DT_FLOAT, "shape": Shape((2,))})


def phase(value: bool, name: str = "phase") -> tuple[Node, Node]:
    """A PlaceholderWithDefault, and its default."""
    default = constant_node(f"{name}/input", np.array(value), BOOL)
    return default, Node(name, "PlaceholderWithDefault", (default.name,), attrs={"dtype": BOOL, "shape": Shape(())})


def dropout(predicate: str = "phase") -> tuple[Node, ...]:
    """What ``tf.cond`` makes of a noise that is for training only."""
    return (
        Node("pivot", "Switch", (predicate, predicate), attrs={"T": BOOL}),
        Node("switch_t", "Identity", ("pivot:1",), attrs={"T": BOOL}),
        Node("switch_f", "Identity", ("pivot",), attrs={"T": BOOL}),
        node("on", "Switch", "x", predicate),
        replace(const("noise", 3.0), inputs=("^switch_t",)),
        node("noisy", "Mul", "on:1", "noise"),
        node("off", "Switch", "x", predicate),
        node("plain", "Identity", "off"),
        node("merge", "Merge", "plain", "noisy", N=2),
        node("out", "Relu", "merge"),
    )


def test_of_a_dropout_nothing_stays_that_is_for_training() -> None:
    done = after(f"{DEAD} fold_constants", graphs.graph(X, phase(False), dropout()), "x", "out")
    assert {name: each.op for name, each in done.items()} == {"out": "Relu", "x": "Placeholder"}
    assert done["out"].inputs in (("x",), ("x:0",))


def test_the_other_side_is_taken_where_the_phase_is_true() -> None:
    done = after(f"{DEAD} fold_constants", graphs.graph(X, phase(True), dropout()), "x", "out")
    assert {each.op for each in done.values()} == {"Relu", "Placeholder", "Mul", "Const"}


@pytest.mark.parametrize("predicate", [phase(False), Node("phase", "Placeholder", attrs={"dtype": BOOL})])
def test_a_predicate_that_is_fed_decides_nothing(predicate: Node | tuple[Node, ...]) -> None:
    graph = graphs.graph(X, predicate, dropout())
    done = after(DEAD, graph, "x phase", "out")
    assert list(done) == [each.name for each in graph.nodes]


def test_what_is_fed_behind_a_dead_switch_keeps_the_graph_as_it_is() -> None:
    graph = graphs.graph(X, phase(False), dropout())
    assert list(after(DEAD, graph, "x noisy", "out")) == [each.name for each in graph.nodes]


def test_a_merge_that_is_fetched_or_waits_keeps_its_name() -> None:
    graph = graphs.graph(X, phase(False), dropout(), node("late", "Neg", "x"))
    done = after(DEAD, graph, "x", "merge")
    assert (done["merge"].op, done["merge"].inputs) == ("Identity", ("x",))
    waiting = Graph(tuple(replace(n, inputs=(*n.inputs, "^late")) if n.name == "merge" else n for n in graph.nodes))
    done = after(DEAD, waiting, "x", "out")
    assert (done["merge"].inputs, done["out"].inputs) == (("x", "^late"), ("merge",))


def test_which_input_a_merge_took_becomes_a_constant() -> None:
    graph = graphs.graph(X, phase(True), dropout(), Node("which", "Identity", ("merge:1",), attrs={"T": INT32}))
    outputs = ["out", "which"]
    context = Context("m.pb", ("x",), tuple(outputs))
    done = apply_steps(graph, parse_steps(DEAD), context)
    assert "Merge" not in {each.op for each in done.nodes}
    feeds = {"x": np.array([1, -1], np.float32)}
    for before, now in zip(run(graph, feeds, outputs), run(done, feeds, outputs), strict=True):
        np.testing.assert_array_equal(now, before)


def test_which_input_a_merge_took_can_be_fetched() -> None:
    graph = graphs.graph(X, phase(False), dropout())
    assert after(DEAD, graph, "x", "out merge:1")["merge"].op == "Merge"
    flag = Node("flag", "Placeholder", attrs={"dtype": BOOL})
    open_one = (node("open", "Switch", "x", "flag"), node("a", "Neg", "open"), node("b", "Abs", "open:1"))
    three = graphs.graph(*graph.nodes, flag, open_one, node("three", "Merge", "noisy", "a", "b", N=3))
    assert after(DEAD, three, "x flag", "three:1")["three"].attrs["N"] == 3


def test_what_waits_for_a_switch_or_merge_waits_for_what_it_passes_on() -> None:
    graph = graphs.graph(X, phase(False), dropout(), node("end", "Neg", "x", "^merge", "^off"))
    assert after(DEAD, graph, "x", "end")["end"].inputs == ("x", "^x")


def test_a_switch_that_is_fetched_stays() -> None:
    done = after(DEAD, graphs.graph(X, phase(False), dropout()), "x", "off:0 out")
    assert done["off"].op == "Switch"
    assert "noisy" not in done


def test_an_output_that_never_runs_is_an_error() -> None:
    with pytest.raises(TransformError, match="'noisy': is on the side of a conditional that is never taken"):
        transform(DEAD, graphs.graph(X, phase(False), dropout()), "x", "noisy")


def test_a_conditional_that_the_outer_one_decides() -> None:
    inner = (
        replace(constant_node("yes", np.array(True), BOOL), inputs=("^switch_f",)),
        replace(constant_node("no", np.array(False), BOOL), inputs=("^switch_t",)),
        Node("inner", "Merge", ("yes", "no"), attrs={"T": BOOL, "N": 2}),
        node("again", "Switch", "out", "inner"),
        node("less", "Neg", "again"),
        node("more", "Abs", "again:1"),
        node("end", "Merge", "less", "more", N=2),
    )
    done = after(DEAD, graphs.graph(X, phase(False), dropout(), inner), "x", "end")
    assert not {"Switch", "Merge", "Neg"} & {each.op for each in done.values()}
    assert done["end"].inputs == ("more",)


def test_a_switch_in_a_loop_stays() -> None:
    loop = (
        Node("in", "Enter", ("x",), attrs={"T": DataType.DT_FLOAT, "frame_name": "loop"}),
        replace(constant_node("no", np.array(False), BOOL), inputs=("^in",)),
        node("switch", "Switch", "in", "no"),
        node("less", "Neg", "switch"),
        node("more", "Abs", "switch:1"),
        node("merge", "Merge", "less", "more", N=2),
        node("out", "Exit", "merge"),
    )
    graph = graphs.graph(X, loop)
    assert list(after(DEAD, graph, "x", "out")) == [each.name for each in graph.nodes]


def test_a_merge_of_three_loses_what_is_dead() -> None:
    flag = Node("flag", "Placeholder", attrs={"dtype": BOOL})
    open_one = (node("open", "Switch", "x", "flag"), node("a", "Neg", "open"), node("b", "Abs", "open:1"))
    three = node("three", "Merge", "noisy", "a", "b", N=3)
    graph = graphs.graph(X, flag, phase(False), dropout(), open_one, three)
    done = after(DEAD, graph, "x flag", "three")
    assert (done["three"].inputs, done["three"].attrs["N"]) == (("a", "b"), 2)
    asked = graphs.graph(*graph.nodes, Node("which", "Identity", ("three:1",), attrs={"T": INT32}))
    assert after(DEAD, asked, "x flag", "which")["three"].attrs["N"] == 3


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_graphs_at_random_compute_the_same_without_what_never_runs(choose: random.Random) -> None:
    made = random_graph(choose)
    flags = {name for name, value in made.feeds.items() if value.dtype == np.bool_}
    nodes = tuple(
        each
        for old in made.graph.nodes
        for each in (phase(bool(made.feeds[old.name]), old.name) if old.name in flags else (old,))
    )
    graph = replace(made.graph, nodes=nodes)
    feeds = {name: value for name, value in made.feeds.items() if name not in flags}
    done = apply_steps(graph, parse_steps(DEAD), Context("m.pb", tuple(feeds), made.fetches))
    for before, now in zip(run(made.graph, made.feeds, made.fetches), run(done, feeds, made.fetches), strict=True):
        np.testing.assert_array_equal(now, before)
    fed_inside = any(each.name in feeds and each.op != "Placeholder" for each in graph.nodes)
    if not fed_inside and "Enter" not in {each.op for each in graph.nodes}:
        assert not {"Switch", "Merge"} & {each.op for each in done.nodes}


def chooses(op: str, predicate: str, **attrs: NodeAttr) -> Node:
    """A conditional of functions that take and give one float."""
    given = {name: FunctionRef(value) if isinstance(value, str) else value for name, value in attrs.items()}
    return Node("choice", op, (predicate, "x"), attrs={"Tin": (FLOAT,), "Tout": (FLOAT,), **given})


def one_op(name: str, op: str, **attrs: NodeAttr) -> FunctionDefinition:
    """A function that applies an op to its argument."""
    argument, result = FunctionArg("a", FLOAT), FunctionArg("r", FLOAT)
    body = Node("run", op, ("a",), attrs={"T": FLOAT, **attrs})
    return FunctionDefinition(name, (argument,), (result,), (body,), {"r": "run:y:0"})


HALVES = (one_op("negated", "Neg"), one_op("rooted", "Sqrt"), one_op("squared", "Square"))
IF = {"then_branch": "negated", "else_branch": "rooted"}
CASE = {"branches": tuple(map(FunctionRef, ("negated", "rooted", "squared")))}


@pytest.mark.parametrize(
    ("op", "attrs", "predicate", "runs"),
    [
        ("If", IF, np.array(True), "Neg"),
        ("StatelessIf", IF, np.array(False), "Sqrt"),
        ("If", IF, np.array(3, np.int32), "Neg"),
        ("If", IF, np.zeros(2, np.int32), "Neg"),
        ("If", IF, np.zeros(0, np.int32), "Sqrt"),
        ("Case", CASE, np.array(1, np.int32), "Sqrt"),
        ("StatelessCase", CASE, np.array(-1, np.int32), "Square"),
        ("Case", CASE, np.array(7, np.int32), "Square"),
    ],
)
def test_of_functions_the_one_that_runs_is_left(
    op: str, attrs: dict[str, NodeAttr], predicate: Array, runs: str
) -> None:
    data_type = BOOL if predicate.dtype == bool else INT32
    nodes = (X, constant_node("p", predicate, data_type), chooses(op, "p", **attrs), node("out", "Relu", "choice"))
    done = apply_steps(Graph(nodes, HALVES), parse_steps(f"{DEAD} strip_unused_nodes"), Context("m", ("x",), ("out",)))
    assert {each.op for each in done.nodes} == {"Placeholder", "Identity", runs, "Relu"}
    assert done.functions == ()


def test_what_chooses_between_functions_stays_where_it_is_fed_or_not_known() -> None:
    graph = Graph((X, *phase(True), chooses("If", "phase", **IF), node("out", "Relu", "choice")), HALVES)
    for inputs in (("x", "phase"), ("x", "choice")):
        assert apply_steps(graph, parse_steps(DEAD), Context("m", inputs, ("out",))) == graph


def test_a_conditional_that_is_fetched_keeps_its_name_and_its_neighbours_stay_calls() -> None:
    other = Node(
        "other", "PartitionedCall", ("x",), attrs={"f": FunctionRef("rooted"), "Tin": (FLOAT,), "Tout": (FLOAT,)}
    )
    graph = Graph((X, *phase(True), chooses("If", "phase", **IF), other), HALVES)
    done = apply_steps(graph, parse_steps(DEAD), Context("m", ("x",), ("choice", "other")))
    ops = {each.name: each.op for each in done.nodes}
    assert (ops["choice"], ops["other"]) == ("IdentityN", "PartitionedCall")
    assert [function.name for function in done.functions] == ["rooted"]


def test_a_function_that_calls_itself_is_called() -> None:
    again = chooses("If", "p", then_branch="again", else_branch="rooted")
    loop = FunctionDefinition(
        "again",
        (FunctionArg("a", FLOAT),),
        (FunctionArg("r", FLOAT),),
        (constant_node("p", np.array(True), BOOL), replace(again, name="run", inputs=("p:output:0", "a"))),
        {"r": "run:output:0"},
    )
    graph = Graph((X, constant_node("p", np.array(True), BOOL), again), (loop, *HALVES))
    done = apply_steps(graph, parse_steps(DEAD), Context("m", ("x",), ("choice",)))
    assert {each.name: each.op for each in done.nodes}["choice"] == "StatefulPartitionedCall"


def test_functions_that_only_a_dead_side_calls_go() -> None:
    call = Node(
        "noisy", "PartitionedCall", ("on:1",), attrs={"f": FunctionRef("rooted"), "Tin": (FLOAT,), "Tout": (FLOAT,)}
    )
    nodes = [call if each.name == "noisy" else each for each in (X, *phase(False), *dropout())]
    done = apply_steps(Graph(tuple(nodes), HALVES), parse_steps(DEAD), Context("m", ("x",), ("out",)))
    assert done.functions == ()


@pytest.mark.parametrize(
    ("odd", "problem"),
    [
        (Node("odd", "Exit", ("x",), attrs={"T": FLOAT}), "leaves a loop that it is not in"),
        (Node("odd", "Enter", ("x",), attrs={"T": FLOAT}), "enters a loop without a name"),
    ],
)
def test_a_loop_that_no_program_can_run_is_named(odd: Node, problem: str) -> None:
    with pytest.raises(TransformError, match=problem) as caught:
        apply_steps(Graph((X, *phase(True), *dropout(), odd)), parse_steps(DEAD), Context("m.pb"))
    assert caught.value.node == "odd"


@pytest.mark.parametrize(
    "odd",
    [
        Node("odd", "Switch", ("x",), attrs={"T": FLOAT}),
        Node("odd", "Switch", ("x", "phase", "phase"), attrs={"T": FLOAT}),
        Node("odd", "Identity", ("^phase",), attrs={"T": FLOAT}),
        Node("odd", "Identity"),
        Node("odd", "Merge", ("^phase",), attrs={"T": FLOAT, "N": 0}),
    ],
)
def test_nodes_that_lack_inputs_are_left_as_they_are(odd: Node) -> None:
    given = Graph((X, *phase(True), *dropout(), odd))
    assert odd in find_transform(DEAD).apply(given, Context("m.pb")).nodes


def test_what_lacks_a_type_stands_in_without_one() -> None:
    switch = Node("s", "Switch", ("x", "phase"))
    given = Graph((X, *phase(True), switch, Node("m", "Merge", ("s", "s:1"), attrs={"N": 2})))
    done = find_transform(DEAD).apply(given, Context("m.pb", outputs=("m",)))
    assert Node("m", "Identity", ("x",)) in done.nodes
