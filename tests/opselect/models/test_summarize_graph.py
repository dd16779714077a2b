"""Graphs in, the text of TensorFlow's summarize_graph out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opselect.models.formats import read_graph
from opselect.models.graph import Node
from opselect.models.graph.order import execution_order
from opselect.models.summarize_graph import structure_lines, summarize_graph_text
from opselect.models.summary import summarize
from tests.conformance.summarize import comparable
from tests.opselect.graph_text import graph_of, node

FIXTURES = Path(__file__).parents[3] / "fixtures" / "summarize_graph"
TEXTS = sorted(path.name for path in FIXTURES.glob("*.txt"))


def text_of(graph: str, path: str = "g.pb") -> list[str]:
    return summarize_graph_text(summarize(graph_of(graph)), path).splitlines()


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_is_that_of_tensorflow(name: str) -> None:
    expected = (FIXTURES / name).read_text()
    graph = read_graph(FIXTURES / f"{name.partition('.')[0]}.pb")
    (path,) = re.findall(r"--graph=(\S+)", expected)
    text = summarize_graph_text(summarize(graph), path)
    if ".structure" in name:
        text += "".join(f"{line}\n" for line in structure_lines(execution_order(graph)))
    assert comparable(text) == comparable(expected)


def test_there_are_texts_with_and_without_structure() -> None:
    assert len(TEXTS) >= 5
    assert 0 < sum(".structure" in name for name in TEXTS) < len(TEXTS)


def test_inputs_that_do_not_exist_end_the_text() -> None:
    lines = text_of(node("a", "Relu", "gone", "^also_gone") + node("b", "Relu", "a"))
    assert lines[-3:] == [
        "Found 0 (0) const parameters, 0 (0) variable parameters, and 1 control_edges",
        "Invalid input gone for node a",
        "Invalid input also_gone for node a",
    ]


@pytest.mark.parametrize(
    ("attrs", "described", "sizes"),
    [
        ("dtype: type: DT_FLOAT", "type=float(1), shape=None", ""),
        ("dtype: type: DT_FLOAT; shape: shape { unknown_rank: true }", "type=float(1), shape=<unknown>", ""),
        ("dtype: type: DT_INT64; shape: shape { }", "type=int64(9), shape=[]", ""),
        (
            "dtype: type: DT_HALF; shape: shape { dim { size: -1 } dim { size: 3 } }",
            "type=half(19), shape=[?,3]",
            "-1,3",
        ),
        (
            "shape: shape { dim { size: -2 } }",
            "type=INVALID(0), shape=Shape [-2] has dimensions with values below -1 (where -1 means unknown)",
            "",
        ),
        (
            "dtype: type: DT_FLOAT; shape: shape { dim { size: 4294967296 } dim { size: 4294967296 } }",
            "type=float(1), shape=Shape [4294967296,4294967296] is too large (more than 2**63 - 1 entries)",
            "",
        ),
    ],
)
def test_types_and_shapes_of_inputs(attrs: str, described: str, sizes: str) -> None:
    lines = text_of(node("x", "Placeholder", attrs=attrs))
    assert lines[0] == f"Found 1 possible inputs: (name=x, {described}) "
    assert lines[-1].endswith(f" --input_layer_shape={sizes} --output_layer=")


def test_resource_variables_are_none_to_the_tool() -> None:
    attrs = "dtype: type: DT_FLOAT; shape: shape { dim { size: 3 } }"
    lines = text_of(node("v", "VarHandleOp", attrs=attrs) + node("w", "VariableV2", attrs=attrs))
    assert lines[1] == "Found 1 variables: (name=w, type=float(1), shape=[3]) "
    assert " --input_layer=w " in lines[-1]


def test_values_of_variables_count_as_the_tool_counts_them() -> None:
    attrs = "value: tensor { dtype: DT_FLOAT tensor_shape { dim { size: 1500 } } float_val: 1 }"
    lines = text_of(node("v", "Variable", attrs=attrs))
    assert lines[3] == "Found 0 (0) const parameters, 1500 (1.50k) variable parameters, and 0 control_edges"


def test_a_constant_without_a_tensor_has_no_value() -> None:
    nodes = [Node("c", "Const", ("^x",))]
    assert list(structure_lines(nodes)) == ["c (Const): [^x]"]
    broken = "value: tensor { dtype: DT_FLOAT tensor_shape { dim { size: 2 } } tensor_content: 'abc' }"
    graph = graph_of(node("c", "Const", attrs=broken))
    assert list(structure_lines(graph.nodes)) == ["c (Const): []"]
    assert summarize(graph).undecodable == ("c",)
