"""The text of ``required_operators.config``."""

from __future__ import annotations

from opselect.build_lists.required_operators import entry_text, required_operators_text
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry


def test_lines_are_sorted_and_opsets_are_numbers() -> None:
    operators = {
        ("com.microsoft", 1): frozenset({"Gelu"}),
        ("ai.onnx", 9): frozenset({"Relu"}),
        ("ai.onnx", 13): frozenset({"Softmax", "Abs", "OneHot"}),
        ("ai.onnx", 7): frozenset[str](),
    }
    types = {
        ("ai.onnx", "Abs"): TypeEntry({0: frozenset({"float", "double"})}),
        ("ai.onnx", "OneHot"): TypeEntry(custom=frozenset({("int64_t", "float", "int64_t"), ("float",) * 3})),
    }
    assert required_operators_text(RequiredOperators(operators, types), ["b.onnx", "a/c.onnx"]) == (
        "# Generated from model/s:\n"
        "# - a/c.onnx\n"
        "# - b.onnx\n"
        "ai.onnx;9;Relu\n"
        'ai.onnx;13;Abs{"inputs": {"0": ["double", "float"]}},'
        'OneHot{"custom": [["float", "float", "float"], ["int64_t", "float", "int64_t"]]},Softmax\n'
        "com.microsoft;1;Gelu\n"
    )


def test_positions_are_sorted_as_numbers() -> None:
    entry = TypeEntry({10: frozenset({"float"}), 2: frozenset({"bool"})}, {0: frozenset({"int8_t"})})
    assert entry_text(entry) == '{"inputs": {"2": ["bool"], "10": ["float"]}, "outputs": {"0": ["int8_t"]}}'
    assert entry_text(TypeEntry()) == ""
    assert entry_text(None) == ""


def test_types_that_all_operators_are_restricted_to() -> None:
    required = RequiredOperators({("ai.onnx", 9): frozenset({"Relu"})}, allowed_types=frozenset({"int64_t", "float"}))
    assert required_operators_text(required, []).splitlines()[1:] == [
        "!globally_allowed_types;float,int64_t",
        "ai.onnx;9;Relu",
    ]


def test_all_operators() -> None:
    text = required_operators_text(RequiredOperators({}, all_operators=True), [])
    assert text.splitlines()[1:] == ["!no_ops_specified_means_all_ops_are_required"]


def test_no_name_of_a_model_makes_a_line_of_its_own() -> None:
    text = required_operators_text(RequiredOperators({}), ["a\n!globally_allowed_types;bool\r\u2028.onnx"])
    assert len(text.splitlines()) == 2
    assert text.isascii()
