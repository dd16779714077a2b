"""What the sources of TensorFlow Lite say of its operators: texts in, facts out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.lite.runtimes.upstream import default_resolver, operator_codes, version_pairs

VERSIONS = """
std::string FindMinimumRuntimeVersionForOp(tflite::BuiltinOperator op_code, int op_version) {
  // For example, {{BuiltinOperator_NONE, 1}, "1.5.0"},  means nothing.
  static const std::map<std::pair<BuiltinOperator, int>, std::string>* op_version_map =
      new std::map<std::pair<BuiltinOperator, int>, std::string>(
          {{{BuiltinOperator_ADD, 1}, "1.5.0"},
           {{BuiltinOperator_ADD,
             2},
            "1.14.0"},
           {{BuiltinOperator_ADD, 2}, "2.0.0"},
           {{BuiltinOperator_ADD, 3}, kPendingReleaseVersion},
           {{BuiltinOperator_SUB, 1}, "UNKNOWN"}});
"""
SCHEMA = """
// enum BuiltinOperator : byte { OLD = 1 }
enum BuiltinOperator : int32 {
  ADD = 0,
  // DEPTH_TO_SPACE = 5,
  L2_POOL_2D = 12,  // a remark, = 3
  REDUCE_WINDOW = 205 (deprecated),
  STABLEHLO_CASE = 209
}
enum Other : byte { SUB = 7 }
"""
MODULE = """
class BuiltinOperator(object):
    ADD = 0
    SUB = 41


class BuiltinOptions(object):
    NONE = 0
"""
REGISTER = """
void MutableOpResolver::AddCustom(const char* name) {}
BuiltinOpResolver::BuiltinOpResolver() {
  // AddBuiltin(BuiltinOperator_NONE, Register_NONE());
  AddBuiltin(BuiltinOperator_ADD, Register_ADD(), /* min_version */ 1,
             /* max_version */ 2);
  AddCustom("Mf{cc", tflite::ops::custom::Register_MFCC());
  AddCustom("aeq.rotate",
            Register_ROTATE());
  creators_.push_back([](Context* context) { return Make(context); });
}
BuiltinOpResolverWithXNNPACK::BuiltinOpResolverWithXNNPACK(bool enable) { AddBuiltin(BuiltinOperator_SUB, 0); }
"""


def test_the_first_entry_of_a_pair_counts_and_what_was_pending_is_left_out() -> None:
    assert version_pairs(VERSIONS, "v.cc") == {("ADD", 1): "1.5.0", ("ADD", 2): "1.14.0"}


def test_a_pair_that_was_pending_first_stays_pending() -> None:
    text = '{{BuiltinOperator_A, 1}, kPending}, {{BuiltinOperator_A, 1}, "2.4.0"}, {{BuiltinOperator_B, 1}, "2.5.0"}'
    assert version_pairs(text, "v.cc") == {("B", 1): "2.5.0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "v.cc: has no table of operators"),
        ('\n{{BuiltinOperator_ADD, kOne}, "1.5.0"}', "v.cc:2: the pair of an operator"),
        ('{{BuiltinOperator_ADD, 1}, "soon"}', "v.cc:1: the pair of an operator"),
        ('{{BuiltinOperator_ADD, 1}, "1.5.0"', "v.cc:1: the pair of an operator"),
    ],
)
def test_tables_of_versions_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        version_pairs(text, "v.cc")


def test_codes_of_the_schema_and_of_the_module_made_of_it() -> None:
    codes = {"ADD": 0, "L2_POOL_2D": 12, "REDUCE_WINDOW": 205, "STABLEHLO_CASE": 209}
    assert operator_codes(SCHEMA, "schema.fbs") == codes
    assert operator_codes(MODULE, "schema.py") == {"ADD": 0, "SUB": 41}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("enum Other : byte {\n  ADD = 0\n}", "s.fbs: has no list of built-in operators"),
        ("enum BuiltinOperator : byte {\n}", "s.fbs: has no list of built-in operators"),
        ("enum BuiltinOperator : byte {\n  ADD = 0,\n  ADD = 1\n}", "s.fbs:3: names ADD a second time"),
    ],
)
def test_schemas_that_cannot_be_read(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        operator_codes(text, "s.fbs")


def test_the_default_resolver_is_what_its_constructor_adds() -> None:
    found = default_resolver(REGISTER, "register.cc")
    assert found.functions == {"Mf{cc": "Register_MFCC", "aeq.rotate": "Register_ROTATE"}
    assert found.line == 3
    assert "BuiltinOperator_ADD" in found.body
    assert "NONE" not in found.body
    assert "BuiltinOperator_SUB" not in found.body
    assert "creators_" in found.body


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("int main() {}", "r.cc: has no constructor of BuiltinOpResolver"),
        ("\nBuiltinOpResolver::BuiltinOpResolver() { if (x) { }", "r.cc:2: the constructor .* has no end"),
        ("BuiltinOpResolver::BuiltinOpResolver() {\n  #ifdef ADD\n}", "r.cc:2: a condition of the preprocessor"),
    ],
)
def test_resolvers_that_cannot_be_told(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        default_resolver(text, "r.cc")


PARTS = (
    *(
        "{{BuiltinOperator_",
        "ADD",
        ", 1}",
        ', "1.5.0"}',
        '"',
        "/*",
        "*/",
        "//",
        "\n",
        "{",
        "}",
        "\\",
        "= 3,",
        "#",
        "\0",
    ),
    *("BuiltinOpResolver::BuiltinOpResolver() {", "AddCustom(", "enum BuiltinOperator : byte {", "class ", "\uff19"),
)


def said_of(reader: Callable[[str, str], object], text: str) -> str:
    """The error about a text; its place alone where it was read."""
    try:
        reader(text, "t")
    except InputError as error:
        return str(error)
    return "t"


@pytest.mark.parametrize("reader", [version_pairs, operator_codes, default_resolver])
@given(st.lists(st.sampled_from(PARTS), max_size=25).map("".join))
def test_any_text_is_facts_or_one_clear_error(reader: Callable[[str, str], object], text: str) -> None:
    assert said_of(reader, text).startswith("t")


@given(st.dictionaries(st.from_regex("[A-Z][A-Z0-9_]{0,8}", fullmatch=True), st.integers(0, 300), min_size=1))
def test_all_codes_are_read_back(codes: dict[str, int]) -> None:
    lines = "".join(f"  {name} = {code},\n" for name, code in codes.items())
    assert operator_codes(f"enum BuiltinOperator : int32 {{\n{lines}}}\n", "s") == codes
    lines = "".join(f"    {name} = {code}\n" for name, code in codes.items())
    assert operator_codes(f"class BuiltinOperator(object):\n{lines}", "s") == codes


@given(
    st.dictionaries(st.tuples(st.sampled_from(["ADD", "CONV_2D"]), st.integers(1, 99)), st.just("2.4.0"), min_size=1)
)
def test_all_pairs_are_read_back(pairs: dict[tuple[str, int], str]) -> None:
    rows = ",\n".join(f'{{{{BuiltinOperator_{op}, {version}}}, "{since}"}}' for (op, version), since in pairs.items())
    assert version_pairs(f"map({{{rows}}});", "v") == pairs
