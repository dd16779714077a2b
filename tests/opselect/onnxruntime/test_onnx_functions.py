"""Operators that ONNX makes of others, and which of them are run so."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import AttributeProto, ModelProto, TensorProto

from kernel_index.errors import InputError
from opselect.onnxruntime.function_kernels import TABLE, has_kernel, table_text
from opselect.onnxruntime.kernel_docs import DocumentedKernel, documented_kernels
from opselect.usecases.ship_function_kernels import function_kernels, main
from tests.opselect.onnx_models import onnx_model
from tests.opselect.onnxruntime.needs import needs_of, operators_of, types_of

LIST = """\
## Operators implemented by CUDAExecutionProvider

| Op Name | Parameters | OpSet Version | Types Supported |
|---------|------------|---------------|-----------------|
|**Operator Domain:** *ai.onnx*||||
|Softmax|*in* input:**T**<br> *out* output:**T**|13+|**T** = tensor(float16)|

## Operators implemented by CPUExecutionProvider

| Op Name | Parameters | OpSet Version | Types Supported |
|---------|------------|---------------|-----------------|
|**Operator Domain:** *ai.onnx*||||
|Range|*in* start:**T**<br> *out* output:**T**|11+|**T** = tensor(double), tensor(float)|
|Softmax|*in* input:**T**<br><br>or<br><br>*in* x:**T**|13+|**T** = tensor(double)<br/> **U** = tensor(int64)|
|||[11, 12]|**T** = tensor(float)|
|||1|**T** = tensor(float)|
|Abs|*in* input:**T**|13+|**T** = tensor(float)|
|**Operator Domain:** *com.microsoft*||||
|Softmax|*in* input:**T**|1+|**T** = tensor(int8)|
"""
DOUBLE, FLOAT = frozenset({"tensor(double)"}), frozenset({"tensor(float)"})
SOFTMAX = [
    DocumentedKernel("Softmax", 13, None, {"T": DOUBLE, "U": frozenset({"tensor(int64)"})}),
    DocumentedKernel("Softmax", 11, 12, {"T": FLOAT}),
    DocumentedKernel("Softmax", 1, 1, {"T": FLOAT}),
]


def graph(body: str, inputs: str = "float16[2, 3] x", opset: int = 18) -> str:
    return f'<ir_version: 8, opset_import: ["": {opset}, "my": 1]> g ({inputs}) => (y) {{ {body} }}'


def test_the_list_of_kernels_is_read() -> None:
    found = list(documented_kernels(LIST, "list"))
    assert found == [
        DocumentedKernel("Range", 11, None, {"T": DOUBLE | FLOAT}),
        *SOFTMAX,
        DocumentedKernel("Abs", 13, None, {"T": FLOAT}),
    ]


@pytest.mark.parametrize("text", ["", "## Operators implemented by CPUExecutionProvider\n", LIST.replace("13+", "13-")])
def test_what_is_no_list_of_kernels(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match=r"Pass OperatorKernels\.md"):
        list(documented_kernels(text, "list"))
    (tmp_path / "list.md").write_text(text)
    assert main([str(tmp_path / "list.md"), "--out", str(tmp_path / "out.json")]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "out.json").exists()


def test_the_table_has_functions_of_onnx_that_all_lists_have(tmp_path: Path) -> None:
    first, second = tmp_path / "first.md", tmp_path / "second.md"
    first.write_text(LIST)
    second.write_text(LIST.replace("|||1|**T** = tensor(float)|\n", ""))
    found = function_kernels([first, second])
    assert sorted(found) == ["Range", "Softmax"]
    assert found["Softmax"] == SOFTMAX[:2]
    assert main([str(first), "--out", str(tmp_path / "out.json")]) == 0
    assert (tmp_path / "out.json").read_text() == table_text(function_kernels([first]))


def test_the_shipped_table_is_as_the_program_writes_it() -> None:
    import json

    rows = json.loads(TABLE.read_text())
    kernels = {
        op: [
            DocumentedKernel(op, first, last, {n: frozenset(t) for n, t in types.items()})
            for first, last, types in each
        ]
        for op, each in rows.items()
    }
    assert table_text(kernels) == TABLE.read_text()


@pytest.mark.parametrize(
    ("since", "value_type", "known"),
    [
        (13, "tensor(float)", True),
        (13, "tensor(float16)", False),
        (13, None, False),
        (11, "tensor(double)", True),
        (12, "tensor(double)", True),
        (10, "tensor(double)", True),
        (14, "tensor(float)", False),  # a kernel without end is for the version that it began with
    ],
)
def test_kernels_are_for_versions_and_types(since: int, value_type: str | None, known: bool) -> None:
    assert has_kernel("Softmax", since, {"T": value_type}) is known
    assert not has_kernel("Mish", 18, {"T": "tensor(float)"})


def test_operators_without_a_kernel_for_their_types_are_what_they_are_made_of(tmp_path: Path) -> None:
    assert operators_of(tmp_path, graph("y = Softmax (x)", "float[2, 3] x")) == {"ai.onnx;18": ["Softmax"]}
    body = ["Constant", "Div", "Exp", "ReduceMax", "ReduceSum", "Softmax", "Sub"]
    assert operators_of(tmp_path, graph("y = Softmax (x)")) == {"ai.onnx;18": body}


def test_arguments_that_are_left_out_have_no_type_to_be_known(tmp_path: Path) -> None:
    text = graph("y = Attention (x, x, x, , p, p)", "float[1, 1, 2, 4] x, float[1, 1, 2, 4] p", 23)
    assert operators_of(tmp_path, text) == {"ai.onnx;23": ["Attention"]}


def test_types_of_what_operators_are_made_of(tmp_path: Path) -> None:
    found = types_of(tmp_path, graph("y = Mish (x) z = CastLike (n, x)", "double[2] x, int32[2] n"))
    assert found["Tanh"] == ["double"]
    assert found["Mul"] == ["double"]
    assert found["Cast"] == [{0: ["float", "int32_t"]}, {0: ["double"]}]  # constants of a body are float


def test_defaults_of_attributes_count(tmp_path: Path) -> None:
    """Elu has alpha in its body, which most nodes leave out."""
    assert "Elu" in operators_of(tmp_path, graph("y = Elu (x)"))["ai.onnx;18"]
    found = types_of(tmp_path, graph("y = Elu (x)"))
    assert found["Less"] == ["MLFloat16"]
    assert found["Cast"] == [{0: ["float"]}, {0: ["MLFloat16"]}]


def test_a_body_that_is_older_than_its_operators_is_not_run(tmp_path: Path) -> None:
    """That of Elu is of opset 18, and CastLike is another one from 19 on."""
    assert operators_of(tmp_path, graph("y = Elu (x)", opset=20)) == {"ai.onnx;20": ["Elu"]}


def test_what_does_not_depend_on_types_is_known_without_them(tmp_path: Path) -> None:
    text = graph("a = my.F (x) y = Softmax (a)")
    assert "ReduceMax" in operators_of(tmp_path, text)["ai.onnx;18"]
    assert needs_of(tmp_path, text, types=False).warnings == ()


def test_what_depends_on_types_that_are_not_known_is_said(tmp_path: Path) -> None:
    text = graph("a = my.F (x) y = CastLike (x, a)")
    assert operators_of(tmp_path, text) == {"ai.onnx;18": ["CastLike"], "my;1": ["F"]}
    (warning,) = needs_of(tmp_path, text, types=False).warnings
    assert warning == (
        "a: ONNX Runtime may run other operators in place of ai.onnx:CastLike, and which is not known, as types or "
        "shapes are not (node 1 (CastLike) of the model)"
    )


def test_what_depends_on_shapes_is_said(tmp_path: Path) -> None:
    """Or on attributes: what LayerNormalization is made of computes in a type that it cannot here."""
    model = onnx_model(graph("y = CastLike (x, x)", "float[2] x"))
    model.graph.node[0].op_type = "LayerNormalization"
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.BFLOAT16
    model.graph.node[0].attribute.add(name="stash_type", type=AttributeProto.INT, i=3)
    assert operators_of(tmp_path, model) == {"ai.onnx;18": ["LayerNormalization"]}
    (warning,) = needs_of(tmp_path, model, types=False).warnings
    assert "in place of ai.onnx:LayerNormalization" in warning


def test_graphs_of_such_operators_see_the_values_around_them(tmp_path: Path) -> None:
    text = """
        s = SequenceConstruct (x, x)
        m = SequenceMap <body = outer (i) => (o) {
            t = SequenceConstruct (i, i)
            u = SequenceMap <body = inner (k) => (r) { r = Add (x, k) }> (t)
            o = SequenceAt (u, n)
        }> (s)
        y = SequenceAt (m, n)
    """
    found = types_of(tmp_path, graph(text, "float[2] x, int64 n", 17))
    assert found == {"Add": ["float"]}


def broken(op: str, opset: int = 18) -> ModelProto:
    model = onnx_model(graph("y = Relu (x)", "float[2] x", opset))
    model.graph.node[0].op_type = op
    return model


def test_nodes_that_are_not_as_their_schema_says_are_not_expanded(tmp_path: Path) -> None:
    """What makes functions of nodes takes for granted that they are, and would end the process."""
    bare = broken("SequenceMap")
    no_graph = broken("SequenceMap")
    no_graph.graph.input[0].type.sequence_type.elem_type.tensor_type.elem_type = TensorProto.FLOAT
    no_graph.graph.node[0].attribute.add(name="body", type=AttributeProto.GRAPH).g.name = "empty"
    wrong = broken("CastLike")
    empty = broken("CastLike")
    empty.graph.node[0].input.append("")
    attribute = broken("Softmax")
    attribute.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT16
    attribute.graph.node[0].attribute.add(name="axis", type=AttributeProto.STRING, s=b"last")
    for model in (bare, no_graph, wrong, empty, attribute):
        assert operators_of(tmp_path, model) == {"ai.onnx;18": [model.graph.node[0].op_type]}
