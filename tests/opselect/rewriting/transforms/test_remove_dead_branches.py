"""Conditionals whose predicate is constant: only the side that is taken stays."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node, Shape
from opselect.rewriting import Context, TransformError, parse_steps
from opselect.rewriting.constants import constant_node
from opselect.rewriting.transforms import apply_steps
from tests.interpreter import run
from tests.opselect.rewriting.transforms import graphs
from tests.opselect.rewriting.transforms.graphs import const, node
from tests.opselect.rewriting.transforms.random_graphs import random_graph
from tests.opselect.rewriting.transforms.run import after, transform

DEAD = "remove_dead_branches"
BOOL, INT32 = DataType.DT_BOOL, DataType.DT_INT32
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
