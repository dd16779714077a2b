"""Models → the types that their values may have."""

from __future__ import annotations

import pytest
from onnx import ModelProto, helper, parser

from opselect.onnxruntime.element_types import element_types
from opselect.onnxruntime.models import OnnxModel
from tests.opselect.hostile_onnx import field, number_field

ALWAYS = frozenset({"float", "int64_t", "int32_t", "bool"})


def types(graph: str, functions: str = "") -> frozenset[str] | None:
    """Those of a graph, written without its head."""
    text = f'<ir_version: 10, opset_import: ["": 20, "own": 1]> {graph} {functions}'
    proto = parser.parse_model(text)
    found = {(each.domain, each.name, each.overload): each for each in proto.functions}
    return element_types(OnnxModel("m.onnx", proto.graph, {"ai.onnx": 20, "own": 1}, found))


def test_names_that_are_no_utf8_say_nothing() -> None:
    """Those of operators that nothing runs, and of attributes."""
    proto = ModelProto()
    proto.ParseFromString(field(7, field(1, field(4, b"\xff") + field(5, field(1, b"\xffto") + number_field(3, 10)))))
    assert element_types(OnnxModel("m.onnx", proto.graph, {"ai.onnx": 20}, {})) == ALWAYS | {"MLFloat16"}


@pytest.mark.parametrize(
    ("graph", "more"),
    [
        ("g (float[N] x) => (float[N] y) { y = Abs (x) }", set()),
        ("g (double[N] x) => (double[N] y) { y = Abs (x) }", {"double"}),
        ("g (float[N] x) => (y) <float16[N] z> { z = Opaque (x) y = Abs (z) }", {"MLFloat16"}),
        ("g (float[N] x) => (y) <uint16[1] w = {1}> { y = Concat <axis = 0> (w, w) }", {"uint16_t"}),
        ("g (float[N] x) => (y) { y = Cast <to = 16> (x) }", {"BFloat16"}),
        ("g (float[N] x) => (y) { y = RandomNormalLike <dtype = 10> (x) }", {"MLFloat16"}),
        ("g (float[N] x) => (y) { y = Concat <axis = 10> (x, x) }", set()),
        ("g () => (y) { y = Constant <value = int16[1] {3}> () }", {"int16_t"}),
        ("g (seq(float16[N]) x) => (y) { y = SequenceLength (x) }", {"MLFloat16"}),
        ("g (map(string, double) x) => (y) { y = Identity (x) }", {"std::string", "double"}),
        ("g (float[N] x, float s) => (y) { y = QuantizeLinear (x, s) }", {"uint8_t"}),
        (
            """g (bool c, float[N] x) => (y) { y = If (c) <
                then_branch = t () => (a) { a = Cast <to = 1> (x) },
                else_branch = e () => (b) { b = Cast <to = 10> (x) }
            > }""",
            {"MLFloat16"},
        ),
    ],
)
def test_all_that_a_model_says_of_types_counts(graph: str, more: set[str]) -> None:
    assert types(graph) == ALWAYS | more


def test_images_are_bytes() -> None:
    graph = "g (float[N] x) => (y) { a = Constant <value_ints = [1]> () y = ImageDecoder (a) }"
    assert types(graph) == ALWAYS | {"uint8_t"}


def test_graphs_in_lists_of_graphs_are_looked_into() -> None:
    inner = parser.parse_graph("i () => (b) { b = Cast <to = 10> (x) }")
    node = helper.make_node("Abs", ["x"], ["y"], several=[inner, inner])
    graph = helper.make_graph([node], "g", [], [])
    assert element_types(OnnxModel("m.onnx", graph, {"ai.onnx": 20}, {})) == ALWAYS | {"MLFloat16"}


def test_functions_of_the_model_are_looked_into() -> None:
    function = '<opset_import: ["": 20], domain: "own"> f (a) => (b) { b = Cast <to = 11> (a) }'
    assert types("g (float[N] x) => (y) { y = own.f (x) }", function) == ALWAYS | {"double"}


def test_an_operator_that_nobody_knows_may_return_anything() -> None:
    assert types("g (float[N] x) => (y) { y = own.f (x) }") is None
