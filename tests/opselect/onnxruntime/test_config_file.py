"""Configurations of reduced builds in, the operators and types that they say out, or what is wrong and where."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.onnxruntime.config_file import ReadConfiguration, parse_configuration
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from tests.opselect.onnxruntime.hostile_configurations import FLOAT, REFUSED
from tests.opselect.onnxruntime.lists import required_operators

ONNX = "ai.onnx"
INT = '{"inputs": {"0": ["int32_t"]}}'


def read(text: str) -> ReadConfiguration:
    return parse_configuration(text.encode(), "a.config")


def said(text: str) -> RequiredOperators:
    found = read(text)
    assert found.warnings == ()
    return found.required


def refused(text: str | bytes) -> str:
    with pytest.raises(InputError) as failed:
        parse_configuration(text if isinstance(text, bytes) else text.encode(), "a.config")
    return str(failed.value)


def test_what_a_line_says() -> None:
    found = said(
        "# Generated from model/s:\n# - a.onnx\n\n"
        'ai.onnx;11,12;Add,Cast{"inputs": {"0": ["float", "bool"]}, "outputs": {"0": ["int64_t"]}},Abs\n'
        "com.microsoft;1;FusedMatMul\n"
        'ai.onnx;12;Relu,OneHot{"custom": [["float", "int64_t", "int64_t"]]}\n'
    )
    assert found == RequiredOperators(
        {
            (ONNX, 11): frozenset({"Add", "Cast", "Abs"}),
            (ONNX, 12): frozenset({"Add", "Cast", "Abs", "Relu", "OneHot"}),
            ("com.microsoft", 1): frozenset({"FusedMatMul"}),
        },
        {
            (ONNX, "Cast"): TypeEntry({0: frozenset({"float", "bool"})}, {0: frozenset({"int64_t"})}),
            (ONNX, "OneHot"): TypeEntry(custom=frozenset({("float", "int64_t", "int64_t")})),
        },
    )


@pytest.mark.parametrize(
    "text",
    [
        " ai.onnx ; 11 , 12 ; Add , Cast \r\n",
        "ai.onnx;11,12,11;Cast,Add,Add",
        "ai.onnx;11;Add,Cast\rai.onnx;12;Add\nai.onnx;12;Cast",
        "\tai.onnx;11,12;Add,Cast\n!no_ops_specified_means_all_ops_are_required",
    ],
)
def test_blanks_ends_of_lines_and_repetitions_make_no_difference(text: str) -> None:
    both = frozenset({"Add", "Cast"})
    assert said(text) == RequiredOperators({(ONNX, 11): both, (ONNX, 12): both})


def test_blanks_around_types() -> None:
    found = said('ai.onnx;11;Add {"inputs":{"0":["float"]}} , QuantizeLinear{ "outputs" : { "0" : [ "float" ] } }')
    float_alone = {0: frozenset({"float"})}
    assert found.types == {(ONNX, "Add"): TypeEntry(float_alone), (ONNX, "QuantizeLinear"): TypeEntry({}, float_alone)}


def test_a_line_ends_where_it_ends_for_python_files() -> None:
    assert read("# a\x0cai.onnx;11;Add\u2028ai.onnx;11;Cast\nai.onnx;11;Abs").required.operators == {
        (ONNX, 11): frozenset({"Abs"})
    }


def test_types_for_all_operators() -> None:
    found = said("!globally_allowed_types;float, int64_t\nai.onnx;11;Add")
    assert found.allowed_types == frozenset({"float", "int64_t"})
    assert not found.all_operators


def test_all_operators_unless_some_are_named() -> None:
    line = "!no_ops_specified_means_all_ops_are_required\n"
    assert said(line) == RequiredOperators({}, all_operators=True)
    assert said(f"{line}!globally_allowed_types;float").allowed_types == frozenset({"float"})
    assert not said(f"{line}ai.onnx;11;Add").all_operators


def test_a_file_without_operators_is_a_build_without_any() -> None:
    found = read("# nothing\n")
    assert found.required == RequiredOperators({})
    assert found.warnings == ("a.config names no operators: a build by it alone has none",)


def test_types_that_stand_there_again_count_together() -> None:
    found = read(f"ai.onnx;11;ReduceProd{FLOAT},Abs{FLOAT}\nai.onnx;13;Abs{FLOAT}\nai.onnx;11;Add,ReduceProd{INT}\n")
    assert found.required.types[ONNX, "ReduceProd"] == TypeEntry({0: frozenset({"float", "int32_t"})})
    (warning,) = found.warnings
    assert warning.startswith("a.config:3: ReduceProd stands there with different types in several places: ")
    assert "ONNX Runtime would take the last of them alone" in warning


@pytest.mark.parametrize(
    "text",
    [f"ai.onnx;11;Add{FLOAT}\nai.onnx;13;Add", f"ai.onnx;11;Add\nai.onnx;11;Add{FLOAT}", f"ai.onnx;11;Add,Add{INT}"],
)
def test_an_operator_with_and_without_types_is_needed_with_all(text: str) -> None:
    found = read(text)
    assert found.required.types == {}
    (warning,) = found.warnings
    assert warning.startswith(
        f"a.config:{len(text.splitlines())}: Add stands there with types in one place and without"
    )


def test_operators_of_one_name_in_two_domains_are_two() -> None:
    found = said(f"ai.onnx;11;Add{FLOAT}\ncom.microsoft;1;Add")
    assert set(found.types) == {(ONNX, "Add")}


def test_many_operators_make_one_warning() -> None:
    names = [f"Op{number}" for number in range(9)]
    lines = [f"ai.onnx;11;{','.join(name + types for name in names)}" for types in (FLOAT, INT)]
    (warning,) = read("\n".join(lines)).warnings
    assert warning.startswith("a.config:2: Op0, Op1, Op2, Op3, Op4 and 4 more stand there with different types")


def test_a_mark_of_the_byte_order_is_passed_over_and_told() -> None:
    found = parse_configuration("\ufeffai.onnx;11;Add".encode(), "a.config")
    assert found.required.operators == {(ONNX, 11): frozenset({"Add"})}
    assert "byte order mark" in found.warnings[0]


def test_types_that_nothing_is_known_of_are_kept_and_told() -> None:
    entry = '{"inputs": {"0": ["flaot", "std::map<int64_t,float>"]}}'
    found = read(f"my.domain;1;Own{entry}")
    assert found.required.types == {
        ("my.domain", "Own"): TypeEntry({0: frozenset({"flaot", "std::map<int64_t,float>"})})
    }
    assert found.warnings == ("a.config names types that ONNX Runtime does not have: flaot",)


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_what_is_no_configuration(text: str) -> None:
    assert REFUSED[text] in refused(text)
    assert refused(text).startswith("a.config:")


def test_what_is_no_text() -> None:
    assert refused(b"ai.onnx;11;Add\xff").startswith("a.config: byte 14: is no UTF-8")
    assert "is larger than 16 MiB" in refused(b"#" * (16 * 2**20 + 1))


def text_of(required: RequiredOperators) -> str:
    """A configuration that says it."""
    lines = ["!no_ops_specified_means_all_ops_are_required"] if required.all_operators else []
    if required.allowed_types is not None:
        lines.append(f"!globally_allowed_types;{','.join(sorted(required.allowed_types))}")
    for (domain, opset), names in required.operators.items():
        lines.append(f"{domain};{opset};{','.join(name + _entry(required, domain, name) for name in names)}")
    return "\n".join(lines)


def _entry(required: RequiredOperators, domain: str, name: str) -> str:
    entry = required.types.get((domain, name))
    if entry is None:
        return ""
    parts: dict[str, object] = {
        "inputs": {str(position): sorted(types) for position, types in entry.inputs.items()},
        "outputs": {str(position): sorted(types) for position, types in entry.outputs.items()},
        "custom": sorted(entry.custom),
    }
    return json.dumps({key: value for key, value in parts.items() if value})


@given(required_operators())
def test_what_a_configuration_says_is_read(required: RequiredOperators) -> None:
    assert read(text_of(required)).required == required


PIECES = st.lists(
    st.sampled_from(
        ["ai.onnx", ";", "11", ",", "Add", "{", "}", FLOAT, '"inputs": ', ":", "[", "]", "!", "#", " ", "\n"]
    )
)


@given(PIECES.map("".join) | st.text())
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    problem = ""
    try:
        parse_configuration(text.encode("utf-8", "surrogatepass"), "a.config")
    except InputError as error:
        problem = str(error)
    assert not problem or problem.startswith("a.config:")
    assert len(problem.splitlines()) < 3
