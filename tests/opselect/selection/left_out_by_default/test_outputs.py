"""A graph in, the nodes that a program is likely to fetch out."""

from __future__ import annotations

from pathlib import Path

import pytest

from opselect.models.formats import read_graph
from opselect.selection.left_out_by_default.outputs import likely_outputs
from opselect.selection.left_out_by_default.stages import Stages
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.selection.left_out_by_default.lists import mobile_index, op

MODELS = Path(__file__).parents[4] / "fixtures" / "models"
INDEX = mobile_index([], [], definitions=[op("Assert", outputs=()), op("QueueEnqueueV2", outputs=())])


def outputs(*nodes: str) -> tuple[str, ...]:
    return likely_outputs(Stages(graph_of("".join(nodes))), INDEX)


X = node("x", "Placeholder")
MODEL = (X, node("w", "VariableV2"), node("y", "MatMul", "x", "w"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tiny_mobilenet", ("MobilenetV2/Predictions",)),
        ("jpeg_training", ("probabilities",)),
        ("training", ("loss",)),
        ("while_v1", ("result",)),
        ("functions", ("Identity",)),
    ],
)
def test_real_graphs(name: str, expected: tuple[str, ...]) -> None:
    assert likely_outputs(Stages(read_graph(MODELS / f"{name}.pb")), INDEX) == expected


def test_nodes_that_nothing_consumes_in_the_order_of_the_file() -> None:
    assert outputs(X, node("b", "Neg", "x"), node("a", "Neg", "x"), node("c", "NoOp", "^x")) == ("b", "a")


def test_what_has_no_output_is_not_fetched() -> None:
    assert outputs(X, node("y", "Neg", "x"), node("sure", "Assert", "x"), node("put", "QueueEnqueueV2", "x")) == ("y",)


def test_what_does_not_depend_on_an_input_is_not_the_models() -> None:
    assert outputs(*MODEL, node("step", "Identity", "w")) == ("y",)
    assert outputs(*MODEL, node("shape", "Shape", "x")) == ("y",)
    assert outputs(node("c", "Const"), node("y", "Neg", "c")) == ("y",)


def test_what_training_alone_consumes_is_fetched_where_nothing_else_is() -> None:
    loss = node("loss", "SparseSoftmaxCrossEntropyWithLogits", "y", "x")
    assert outputs(*MODEL, loss, node("mean", "Mean", "loss")) == ("y",)
    assert outputs(*MODEL, loss, node("probs", "Softmax", "y")) == ("probs",)
    assert outputs(*MODEL, node("gradients/y_grad", "Mul", "y")) == ("y",)


def test_what_waits_for_a_checkpoint_is_there_for_saving() -> None:
    saving = (
        node("save", "SaveV2", "file", "w"),
        node("file", "Placeholder"),
        node("done", "Identity", "file", "^save"),
    )
    assert outputs(*MODEL, *saving) == ("y",)


def test_moving_averages_of_a_batch_norm_do_not_hide_what_waits_for_them() -> None:
    assert outputs(*MODEL, node("update", "AssignSub", "w", "y"), node("z", "Identity", "y", "^update")) == ("z",)


def test_calls_of_functions_that_save_or_train() -> None:
    library = function("saves", node("s", "SaveV2", "x"), inputs="x").replace("library {", "library { ", 1)
    assert outputs(X, node("y", "Neg", "x"), node("call", "saves", "x"), library) == ("y",)


def test_no_outputs_at_all() -> None:
    assert outputs(node("c", "Const"), node("n", "NoOp")) == ()
    assert outputs() == ()


def test_one_side_of_a_conditional_is_no_output() -> None:
    pivots = (node("cond", "Switch", "flag", "flag"), node("switch_t", "Identity", "cond:1"))
    sides = (node("a", "Switch", "x", "flag"), node("no", "Neg", "a"), node("m", "Merge", "no", "a:1"))
    graph = (X, node("flag", "Placeholder"), *pivots, *sides, node("y", "Relu", "m"))
    assert outputs(*graph) == ("y",)
    assert outputs(X, node("flag", "Placeholder"), *pivots) == ("switch_t",)
