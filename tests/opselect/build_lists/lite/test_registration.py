"""Operators of models in, the text of ``registration.cc`` out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError, OpselectError
from opselect.build_lists.lite import LiteOptions
from opselect.build_lists.lite.render import render_lite
from opselect.lite.operators import LiteModel
from opselect.models.graph.tflite import OperatorCode, TfliteModel, TfliteOperator, TfliteSubgraph
from opselect.verifying.resolver import read_registration

COMPAT = LiteOptions(compat="2.14")


def model(*codes: OperatorCode, unused: tuple[OperatorCode, ...] = (), name: str = "m.tflite") -> LiteModel:
    """A model with an operator of each kind, and rows in its table that none uses."""
    operators = tuple(TfliteOperator(code.name, code.version, code.is_custom) for code in codes)
    return LiteModel(
        name, TfliteModel(3, "", (TfliteSubgraph("main", operators=operators),), operator_codes=(*codes, *unused))
    )


def text(*models: LiteModel, options: LiteOptions = COMPAT) -> str:
    (written,) = render_lite("registration", models, options).values()
    return written


ADD = OperatorCode("ADD")
CONV_5 = OperatorCode("CONV_2D", 5)
MINE = OperatorCode("MyOp", is_custom=True)
ERF = OperatorCode("FlexErf", is_custom=True)


def test_built_in_operators_stand_in_the_order_of_their_names_with_versions_other_than_one() -> None:
    assert text(model(CONV_5, ADD)) == (
        '#include "tensorflow/lite/kernels/builtin_op_kernels.h"\n'
        '#include "tensorflow/lite/model.h"\n'
        '#include "tensorflow/lite/op_resolver.h"\n'
        "void RegisterSelectedOps(::tflite::MutableOpResolver* resolver) {\n"
        "  resolver->AddBuiltin(::tflite::BuiltinOperator_ADD, ::tflite::ops::builtin::Register_ADD());\n"
        "  resolver->AddBuiltin(::tflite::BuiltinOperator_CONV_2D, ::tflite::ops::builtin::Register_CONV_2D(), 5, 5);\n"
        "}\n"
    )


def test_custom_operators_are_declared_in_a_namespace_of_their_own() -> None:
    assert text(model(MINE), options=LiteOptions(compat="2.14", namespace="app::models")) == (
        '#include "tensorflow/lite/model.h"\n'
        '#include "tensorflow/lite/op_resolver.h"\n'
        "namespace tflite {\n"
        "namespace ops {\n"
        "namespace custom {\n"
        "// Forward-declarations for the custom ops.\n"
        "TfLiteRegistration* Register_MY_OP();\n"
        "}  // namespace custom\n"
        "}  // namespace ops\n"
        "}  // namespace tflite\n"
        "namespace app::models {\n"
        "void RegisterSelectedOps(::tflite::MutableOpResolver* resolver) {\n"
        '  resolver->AddCustom("MyOp", ::tflite::ops::custom::Register_MY_OP());\n'
        "}\n"
        "}  // namespace app::models\n"
    )


def test_the_delegate_takes_the_ops_of_tensorflow() -> None:
    assert "Erf" not in text(model(ERF))
    assert "namespace custom {\n// Forward-declarations for the custom ops.\n}  // namespace custom" in text(model(ERF))


def test_versions_of_all_models_make_one_range() -> None:
    both = text(model(OperatorCode("ADD", 2)), model(OperatorCode("ADD", 4), OperatorCode("ADD", 3), name="other"))
    assert "Register_ADD(), 2, 4);" in both


def test_rows_of_the_table_that_no_operator_uses_count_for_the_tool_alone() -> None:
    both = model(ADD, unused=(CONV_5, MINE))
    assert "CONV_2D" in text(both)
    assert "Register_MY_OP" in text(both)
    own = text(both, options=LiteOptions())
    assert "CONV_2D" not in own
    assert "MY_OP" not in own
    assert "Register_ADD()" in own


def test_folders_of_litert() -> None:
    litert = text(model(ADD), options=LiteOptions(labels="litert"))
    assert litert.startswith('#include "tflite/kernels/builtin_op_kernels.h"\n#include "tflite/model.h"\n')


DETECTION = OperatorCode("TFLite_Detection_PostProcess", is_custom=True)


def test_a_custom_operator_of_the_runtime_itself_is_registered_by_the_function_that_it_has() -> None:
    assert "custom::Register_DETECTION_POSTPROCESS());" in text(model(DETECTION), options=LiteOptions())
    assert "TfLiteRegistration* Register_DETECTION_POSTPROCESS();" in text(model(DETECTION), options=LiteOptions())
    assert "custom::Register_TFLITE_DETECTION_POST_PROCESS());" in text(model(DETECTION))


def test_an_operator_that_is_newer_than_the_tool() -> None:
    newer = model(ADD, unused=(OperatorCode("SIGN"),))
    assert "Register_SIGN()" in text(newer)
    with pytest.raises(InputError, match=r"SIGN, which TensorFlow Lite 2\.8 does not know") as caught:
        text(newer, options=LiteOptions(compat="2.8"))
    assert caught.value.advice == "The first that registers it: TensorFlow Lite 2.11."
    assert "SIGN" not in text(newer, options=LiteOptions())


def test_no_model_uses_anything() -> None:
    assert text(model()).endswith("resolver) {\n}\n")


@pytest.mark.parametrize("options", [COMPAT, LiteOptions()])
@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (OperatorCode("builtin 250"), "has the operator builtin 250"),
        (OperatorCode("My Op", is_custom=True), "no function is called 'Register_MY OP'"),
        (OperatorCode('a"b', is_custom=True), "cannot be registered"),
        (OperatorCode("my-op", is_custom=True), "cannot be registered"),
        (OperatorCode("PLACEHOLDER_FOR_GREATER_OP_CODES"), "has the operator PLACEHOLDER"),
    ],
)
def test_an_operator_that_no_call_can_register(options: LiteOptions, code: OperatorCode, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as caught:
        text(model(ADD), model(code, name="odd.tflite"), options=options)
    assert caught.value.place.path == "odd.tflite"


def test_the_model_is_named_that_has_the_operator() -> None:
    alike = model(OperatorCode("PLACEHOLDER_FOR_GREATER_OP_CODES", is_custom=True), name="custom.tflite")
    odd = model(OperatorCode("PLACEHOLDER_FOR_GREATER_OP_CODES"), name="odd.tflite")
    assert "Register_PLACEHOLDER" in text(alike)
    with pytest.raises(InputError) as caught:
        text(alike, odd)
    assert caught.value.place.path == "odd.tflite"


def test_letters_of_any_script_make_names_of_functions() -> None:
    assert 'AddCustom("Größe", ::tflite::ops::custom::Register_GRößE()' in text(
        model(OperatorCode("Größe", is_custom=True))
    )


@pytest.mark.parametrize("namespace", ["1a", "a:b", "a::", "a b", "a;", "é"])
def test_a_namespace_that_is_none(namespace: str) -> None:
    with pytest.raises(OpselectError, match="is no namespace"):
        LiteOptions(namespace=namespace).check()


_NAMES = st.from_regex(r"[A-Za-z_]\w{0,8}", fullmatch=True).filter(str.isascii)
_BUILTINS = st.sampled_from(["ADD", "CONV_2D", "SOFTMAX", "STABLEHLO_SCATTER", "WHILE"])
_CODES = st.builds(OperatorCode, _BUILTINS, st.integers(1, 9)) | st.builds(
    OperatorCode, _NAMES, st.integers(1, 9), st.just(True)
)


@given(st.lists(st.lists(_CODES, max_size=4), min_size=1, max_size=3))
def test_what_is_written_is_read_back(models: list[list[OperatorCode]]) -> None:
    given_models = [model(*codes, name=str(number)) for number, codes in enumerate(models)]
    read = read_registration(text(*given_models, options=LiteOptions()), "registration.cc")
    for code in (code for codes in models for code in codes if not code.is_flex):
        assert read.has(code.name, code.version, is_custom=code.is_custom)
    assert {(each.name, each.is_custom) for each in read.operators} == {
        (code.name, code.is_custom) for codes in models for code in codes if not code.is_flex
    }
