"""Does a graph look like a training graph?"""

from __future__ import annotations

from pathlib import Path

import pytest

from opselect.criteria.training import training_signs, training_warning
from opselect.models.formats import read_graph
from tests.opselect.graph_text import graph_of, node

MODELS = Path(__file__).parents[3] / "fixtures" / "models"


@pytest.mark.parametrize("name", ["tiny_mobilenet", "functions", "while_v1"])
def test_inference_graphs_have_no_signs(name: str) -> None:
    graph = read_graph(MODELS / f"{name}.pb")
    assert training_signs(graph.nodes) == ()
    assert training_warning(graph.nodes, "m.pb") == ""


def test_signs_of_a_real_training_graph() -> None:
    graph = read_graph(MODELS / "training.pb")
    assert [sign.partition(" (")[0] for sign in training_signs(graph.nodes)] == [
        "gradients",
        "optimizer steps",
        "checkpoint saving",
        "variables that are not frozen",
        "input queues",
        "summaries",
    ]
    warning = training_warning(graph.nodes, "m.pb")
    assert warning.startswith("m.pb looks like a training graph: it has gradients ('gradients/Shape')")
    assert "--outputs" in warning


@pytest.mark.parametrize(
    ("op", "sign"),
    [
        ("ApplyGradientDescent", "optimizer steps"),
        ("ResourceSparseApplyAdagrad", "optimizer steps"),
        ("RestoreV2", "checkpoint saving"),
        ("SaveSlices", "checkpoint saving"),
        ("VarHandleOp", "variables that are not frozen"),
        ("RandomShuffleQueueV2", "input queues"),
        ("QueueDequeueUpToV2", "input queues"),
        ("TFRecordReaderV2", "file readers"),
        ("MergeSummary", "summaries"),
        ("ReluGrad", "gradients"),
    ],
)
def test_ops_that_are_signs(op: str, sign: str) -> None:
    assert training_signs(graph_of(node("n", op)).nodes) == (f"{sign} ('n', op {op})",)


@pytest.mark.parametrize(
    "op", ["Conv2D", "ReadFile", "Apply", "Identity", "StackV2", "ReadVariableOp", "Conv2DBackpropInput"]
)
def test_ops_that_are_not(op: str) -> None:
    assert training_signs(graph_of(node("n", op)).nodes) == ()


@pytest.mark.parametrize(
    ("name", "is_gradient"),
    [
        ("gradients/x", True),
        ("tower/gradients_1/x", True),
        ("gradient_tape/x", True),
        ("my_gradients/x", False),
        ("gradients", False),
    ],
)
def test_names_of_gradients(name: str, is_gradient: bool) -> None:
    assert bool(training_signs(graph_of(node(name, "Neg")).nodes)) is is_gradient


def test_the_ops_of_a_tensorflow_lite_model_get_advice_that_can_be_followed() -> None:
    warning = training_warning(graph_of(node("s", "Save")).nodes, "m.tflite", is_whole=False)
    assert warning.startswith("m.tflite holds what only training on the device needs: checkpoint saving ('s', op Save)")
    assert "convert the model again with the signatures that it runs" in warning
    assert "--outputs" not in warning
    assert training_warning(graph_of(node("n", "Neg")).nodes, "m.tflite", is_whole=False) == ""
