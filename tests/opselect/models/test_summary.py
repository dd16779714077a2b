"""Graphs in, summaries out."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from opselect.models.formats import read_graph
from opselect.models.graph import Graph, Shape, StoredBytes, TensorRef
from opselect.models.summary import FunctionSummary, NodeTensor, Output, Parameters, summarize
from tests.opselect.graph_text import function, graph_of, node

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
VECTOR = "dtype: type: DT_FLOAT; shape: shape { dim { size: 1000 } }"


def constant(name: str, dtype: str, dims: str, values: str) -> str:
    shape = " ".join(f"dim {{ size: {dim} }}" for dim in dims.split(","))
    return node(name, "Const", attrs=f"value: tensor {{ dtype: {dtype} tensor_shape {{ {shape} }} {values} }}")


def test_a_frozen_model() -> None:
    summary = summarize(read_graph(MODELS / "tiny_mobilenet.pb"))
    assert summary.inputs == (NodeTensor("input", "Placeholder", DataType.DT_FLOAT, Shape((1, 32, 32, 3))),)
    assert summary.outputs == (Output("MobilenetV2/Predictions", "Softmax"),)
    assert summary.nodes == sum(summary.op_counts.values()) == 222
    assert list(summary.op_counts.items())[:4] == [
        ("Const", 86),
        ("Identity", 82),
        ("FusedBatchNormV3", 16),
        ("Conv2D", 11),
    ]
    assert summary.constants.count > 6000
    assert summary.constants.bytes == 4 * summary.constants.count
    assert (summary.variables, summary.functions, summary.devices, summary.undecodable) == ((), (), {}, ())


def test_outputs_are_what_nothing_consumes() -> None:
    text = node("x", "Placeholder") + node("c", "Const") + node("init", "NoOp", "^v") + node("v", "Assign")
    text += node("a", "Split", "x") + node("b", "Relu", "a:1") + node("e", "Relu", "x") + node("f", "Relu", "^e")
    assert [output.name for output in summarize(graph_of(text)).outputs] == ["b", "f"]


def test_variables_of_every_kind_and_what_they_hold() -> None:
    text = node("a", "Variable", attrs=VECTOR) + node("b", "VariableV2", attrs=VECTOR)
    text += node("c", "VarHandleOp", attrs="dtype: type: DT_INT64; shape: shape { dim { size: 2 } }")
    text += node("d", "VarHandleOp", attrs="dtype: type: DT_INT64; shape: shape { dim { size: -1 } }")
    text += node("e", "VarHandleOp", attrs="dtype: type: DT_INT64; shape: shape { unknown_rank: true }")
    summary = summarize(graph_of(text))
    assert [variable.name for variable in summary.variables] == ["a", "b", "c", "d", "e"]
    assert summary.variables_held == Parameters(2002, 8016)


def test_constants_are_counted_by_type_and_shape() -> None:
    text = constant("a", "DT_FLOAT", "100,100", "float_val: 1")
    text += constant("b", "DT_INT8", "3", "tensor_content: 'abc'")
    text += constant("s", "DT_STRING", "2", "string_val: 'one' string_val: 'two'")
    text += constant("cut", "DT_FLOAT", "2", "tensor_content: 'abc'")
    text += constant("unknown", "DT_FLOAT", "-1", "float_val: 1")
    summary = summarize(graph_of(text))
    assert summary.constants.count == 10_000 + 3 + 2
    assert 40_003 < summary.constants.bytes < 40_100
    assert summary.undecodable == ("cut", "unknown")


def test_contents_are_not_read() -> None:
    class Counting:
        """Bytes that know how many of them were asked for."""

        def __init__(self, data: bytes) -> None:
            self.data = data
            self.read_bytes = 0

        def read(self, offset: int, length: int) -> bytes:
            self.read_bytes += length
            return self.data[offset : offset + length]

    graph = graph_of(constant("big", "DT_FLOAT", "250000", f"tensor_content: '{'0' * 1_000_000}'"))
    value = graph.nodes[0].attrs["value"]
    assert isinstance(value, TensorRef)
    source = Counting(StoredBytes(value.source, 0, value.offset + value.length).read())
    graph.nodes[0].attrs["value"] = TensorRef(source, value.offset, value.length)  # type: ignore[index]
    assert summarize(graph).constants == Parameters(250_000, 1_000_000)
    assert 0 < source.read_bytes < 100_000


def test_functions_and_their_bodies() -> None:
    body = constant("k", "DT_FLOAT", "5", "float_val: 1") + node("y", "Relu", "x")
    text = node("x", "Placeholder") + node("call", "f", "x") + function("f", body, inputs="x", returns="out=y:y:0")
    summary = summarize(graph_of(text))
    assert summary.functions == (FunctionSummary("f", 1, 0, 2),)
    assert summary.function_constants == Parameters(5, 20)
    assert summary.constants == Parameters()
    assert summary.op_counts == {"Const": 1, "Placeholder": 1, "Relu": 1, "f": 1}


def test_devices_and_control_edges() -> None:
    text = (
        node("a", "X", device="/gpu:0")
        + node("b", "X", "^a", device="/cpu:0")
        + node("c", "X", "^a", "^b", device="/gpu:0")
    )
    summary = summarize(graph_of(text))
    assert list(summary.devices.items()) == [("/cpu:0", 1), ("/gpu:0", 2)]
    assert summary.control_edges == 3


def test_a_broken_graph_is_summarized_too() -> None:
    summary = summarize(graph_of(node("a", "X", "gone:1", "a") + node("a", "Y")))
    assert summary.invalid_inputs == (("a", "gone"),)
    assert summary.op_counts == {"X": 1, "Y": 1}


@pytest.mark.parametrize("graph", [Graph()])
def test_an_empty_graph_has_nothing(graph: Graph) -> None:
    assert summarize(graph).op_counts == {}
