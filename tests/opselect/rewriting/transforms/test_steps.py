"""Steps one after the other, and what keeps them from going wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kernel_index.errors import InputError
from opselect.models.graph import Graph, Node
from opselect.rewriting import Context, Transform, TransformError, parse_steps, transforms
from opselect.rewriting.transforms import apply_steps, find_transform
from tests.opselect.graph_text import graph_of, node

GRAPH = graph_of(node("b", "Identity", "a", device="/gpu:0") + node("a", "Const"))


@pytest.mark.parametrize("name", transforms.NAMES)
def test_every_transform_says_what_it_does(name: str) -> None:
    transform = find_transform(name)
    assert transform.name == name
    assert transform.summary.endswith(".")
    assert all(argument.help for argument in transform.arguments)


def test_names_are_sorted() -> None:
    assert list(transforms.NAMES) == sorted(transforms.NAMES)


def test_steps_run_in_order() -> None:
    calls: list[tuple[int, int]] = []
    steps = parse_steps("remove_device sort_by_execution_order")
    done = apply_steps(GRAPH, steps, Context(), lambda *call: calls.append(call))
    assert [(each.name, each.device) for each in done.nodes] == [("a", ""), ("b", "")]
    assert calls == [(1, 2), (2, 2)]


def test_two_nodes_of_one_name_of_which_one_cannot_run_are_told_of() -> None:
    twice = Graph((Node("a", "NoOp"), Node("a", "Identity", ("nothing",))))
    transform = find_transform("sort_by_execution_order")
    with pytest.raises(TransformError, match="1 nodes wait for each other") as caught:
        transform.apply(twice, Context())
    assert caught.value.node == "a"
    with pytest.raises(TransformError, match="one of 1 nodes that wait for each other") as caught:
        find_transform("fold_constants").apply(twice, Context(outputs=("a",)))
    assert caught.value.node == "a"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("remove_devices", "there is no transform 'remove_devices'; did you mean remove_device"),
        ("remove_device(ignore_error=true)", "no argument 'ignore_error'; did you mean ignore_errors?"),
        ("remove_device(ignore_errors=perhaps)", "argument 'ignore_errors' is 'perhaps'"),
        ("set_device(device=a, device=b)", "argument 'device' is given 2 times"),
        ("rename_op(old_op_name=A, new_op_name=B, new_op_name=C)", "argument 'new_op_name' is given 2 times"),
        ("remove_device(ignore_errors=true, ignore_errors=false)", "argument 'ignore_errors' is given 2 times"),
    ],
)
@pytest.mark.parametrize("gtt", [False, True])
def test_steps_that_are_misspelt(text: str, problem: str, gtt: bool) -> None:
    with pytest.raises(InputError) as caught:
        apply_steps(GRAPH, parse_steps(text), Context(gtt=gtt))
    assert problem in caught.value.problem


def fail(_: Graph, context: Context) -> Graph:
    raise context.error("will not do", node="a")


def double(graph: Graph, _: Context) -> Graph:
    return replace(graph, nodes=(*graph.nodes, Node("a", "Const")))


def test_a_step_that_fails_is_an_error_unless_that_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transforms, "find_transform", lambda _: Transform("fail", "Fails.", fail))
    with pytest.raises(TransformError, match="node 'a': will not do"):
        apply_steps(GRAPH, parse_steps("fail"), Context())
    notes: list[str] = []
    assert apply_steps(GRAPH, parse_steps("fail(ignore_errors=true)"), Context(note=notes.append)) == GRAPH
    assert notes == ["fail failed and was left out: node 'a': will not do"]


@pytest.mark.parametrize("gtt", [False, True])
def test_a_step_that_breaks_the_graph_is_an_error(monkeypatch: pytest.MonkeyPatch, gtt: bool) -> None:
    monkeypatch.setattr(transforms, "find_transform", lambda _: Transform("double", "Doubles.", double))
    with pytest.raises(TransformError, match="after double two nodes are named 'a'"):
        apply_steps(GRAPH, parse_steps("double"), Context(gtt=gtt))
