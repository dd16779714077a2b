"""Outputs and inputs in, the nodes that run out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.models.formats import read_graph
from opselect.models.graph import Reached, reach
from tests.opselect.graph_text import graph_of, node

MODELS = Path(__file__).parents[4] / "fixtures" / "models"

GRAPH = graph_of(
    node("file", "ReadFile")
    + node("decoded", "DecodeJpeg", "file")
    + node("split", "Split", "decoded")
    + node("init", "NoOp")
    + node("conv", "Conv2D", "split", "^init")
    + node("other", "Relu", "split:1")
    + node("softmax", "Softmax", "conv:0")
    + node("save", "SaveV2", "conv")
)


def names(reached: Reached) -> list[str]:
    return [node.name for node in reached.nodes]


def fed(reached: Reached) -> list[tuple[str, int]]:
    return [(fed.node.name, fed.output) for fed in reached.fed]


def test_everything_without_outputs() -> None:
    assert reach(GRAPH, (), (), "g").nodes == GRAPH.nodes


@pytest.mark.parametrize("output", ["softmax", "softmax:0", "^softmax", "softmax:3"])
def test_data_and_control_inputs_are_followed(output: str) -> None:
    assert names(reach(GRAPH, (), (output,), "g")) == ["file", "decoded", "split", "init", "conv", "softmax"]


def test_several_outputs() -> None:
    assert "save" in names(reach(GRAPH, (), ("softmax", "save"), "g"))


def test_what_is_behind_an_input_is_not_needed_and_neither_is_its_op() -> None:
    reached = reach(GRAPH, ("decoded",), ("softmax",), "g")
    assert names(reached) == ["split", "init", "conv", "softmax"]
    assert fed(reached) == [("decoded", 0)]


def test_a_placeholder_that_is_fed_is_kept() -> None:
    graph = graph_of(node("x", "Placeholder", "^before") + node("before", "NoOp") + node("y", "Neg", "x"))
    reached = reach(graph, ("x",), ("y",), "g")
    assert names(reached) == ["x", "y"]
    assert fed(reached) == []


def test_one_output_of_a_node_that_is_fed() -> None:
    assert "split" not in names(reach(GRAPH, ("split:1",), ("other",), "g"))
    both = reach(GRAPH, ("split:1",), ("other", "softmax"), "g")
    assert "split" in names(both)
    assert "file" in names(both)


def test_a_bare_name_feeds_all_outputs() -> None:
    assert names(reach(GRAPH, ("split",), ("other", "softmax"), "g")) == ["init", "conv", "other", "softmax"]


def test_an_input_that_is_itself_the_output() -> None:
    reached = reach(GRAPH, ("conv",), ("conv",), "g")
    assert names(reached) == []
    assert fed(reached) == [("conv", 0)]


def test_inputs_without_outputs_leave_out_what_only_they_ask_for() -> None:
    assert names(reach(GRAPH, ("split",), (), "g")) == ["init", "conv", "other", "softmax", "save"]
    kept = names(reach(GRAPH, ("conv",), (), "g"))
    assert kept == ["file", "decoded", "split", "other", "softmax", "save"]


def test_inputs_without_outputs_keep_loops() -> None:
    graph = read_graph(MODELS / "while_v1.pb")
    reached = reach(graph, ("x",), (), "g")
    assert reached.nodes == graph.nodes


def test_inputs_that_nothing_asks_for_are_reported() -> None:
    assert reach(GRAPH, ("other", "conv"), ("softmax",), "g").unused_inputs == ("other",)


def test_misspelt_names_are_all_reported_with_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        reach(GRAPH, ("decodet", "split"), ("sofmax", "zzzzzz"), "m.pb")
    text = str(caught.value)
    assert "no node 'decodet' for the input; did you mean decoded" in text
    assert "no node 'sofmax' for the output; did you mean softmax" in text
    assert "no node 'zzzzzz' for the output\n" in text


def test_the_last_part_of_a_name_suggests_the_whole() -> None:
    graph = graph_of(node("MobilenetV1/Predictions/Softmax", "Softmax"))
    with pytest.raises(InputError, match="did you mean MobilenetV1/Predictions/Softmax"):
        reach(graph, (), ("softmax",), "m.pb")


@pytest.mark.parametrize("output", ["softmax:", "softmax:x", "softmax:-1", "softmax:0:0", "softmax:²", ""])
def test_names_that_are_no_tensor_names(output: str) -> None:
    with pytest.raises(InputError):
        reach(GRAPH, (), (output,), "m.pb")
