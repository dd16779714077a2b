"""Failures as values in, causes out: the rules that part one cause from another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kernel_index import shipped
from kernel_index.datatypes import DataType
from opselect.diagnosis.builds import library_of_symbol, source_path
from opselect.diagnosis.causes import causes_of
from opselect.diagnosis.checking import of_failure
from opselect.diagnosis.macros import TYPE_MACROS, meant_macro
from opselect.diagnosis.setting import Setting
from opselect.diagnosis.values import refused_text, value_in_node
from opselect.findings import Finding
from opselect.findings.mends import Command
from opselect.logs.records import KernelRow, LogFailure
from opselect.models.graph import Node
from opselect.usecases.diagnose import Diagnoser


def causes(kind: str, *, runtime: str = "tensorflow", release: str = "1.13.2", **told: Any) -> list[Finding]:
    failure = LogFailure(kind, runtime, **told)  # type: ignore[arg-type] # a name of the table
    return causes_of(failure, Setting(shipped.index_of(release), "android", (release,), inferred=False))


def codes(kind: str, **told: Any) -> list[str]:
    return [cause.code for cause in causes(kind, **told)]


def test_op_that_the_release_lacks_comes_before_its_file() -> None:
    failure = LogFailure("op-not-registered", "tensorflow", op="NonMaxSuppressionV3")
    several = Setting(shipped.index_of("1.13.2"), "android", ("1.8.0", "1.13.2"))
    assert [cause.code for cause in causes_of(failure, several)] == ["OPS102", "OPS120"]
    # The binary has kernels of it: then the release is not too old.
    seen = LogFailure("kernel-without-op", "tensorflow", op="NonMaxSuppressionV3")
    proven = Setting(shipped.index_of("1.13.2"), "android", ("1.8.0", "1.13.2"), seen=(seen,))
    (first, *_) = causes_of(failure, proven)
    assert (first.code, first.applicability) == ("OPS120", "certain")


def test_kernels_of_a_file_prove_that_it_lacks_its_ops() -> None:
    seen = LogFailure("kernel-without-op", "tensorflow", op="Relu")
    setting = Setting(shipped.index_of("1.13.2"), "android", ("1.13.2",), seen=(seen,))
    (first, *_) = causes_of(LogFailure("op-not-registered", "tensorflow", op="Conv2D"), setting)
    assert (first.code, first.applicability, first.files) == ("OPS120", "certain", ("tensorflow/core/ops/nn_ops.cc",))
    (first, *_) = causes_of(LogFailure("op-not-registered", "tensorflow", op="Cumsum"), setting)
    assert first.applicability == "likely"


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("swish_f32", ["OPS506", "OPS101"]),
        ("__inference_call_12", ["OPS506", "OPS101"]),
        ("NativeLstm2", ["OPS101"]),
        ("PyFunc", ["OPS206", "OPS120"]),
        ("NoOp", ["OPS501"]),
    ],
)
def test_ops_by_their_names(op: str, expected: list[str]) -> None:
    assert codes("op-not-registered", op=op) == expected


def test_attr_is_taken_off_only_where_its_value_is_the_default() -> None:
    told: dict[str, Any] = {"op": "Cast", "attr": "Truncate", "release": "1.10.1"}
    (unknown,) = causes("attr-unknown", **told)
    assert unknown.mends[0].kind == "command"
    (default,) = causes("attr-unknown", **told, text="NodeDef: c = Cast[DstT=DT_FLOAT, Truncate=false](x)")
    assert default.advice.startswith("Take the attr off: opselect transform MODEL")
    (other,) = causes("attr-unknown", **told, text="NodeDef: c = Cast[DstT=DT_FLOAT, Truncate=true](x)")
    assert other.mends[0].kind == "model"
    assert "The node's value is true, not the default" in other.advice
    (nowhere,) = causes("attr-unknown", op="Cast", attr="colour")
    assert nowhere.applicability == "guess"


def test_values_as_messages_print_them() -> None:
    text = 'c = Conv2D[T=DT_FLOAT, dil ations=[1, 1,\n 1, 1], padding="SAME", use=true](x)'
    assert [value_in_node(text, attr) for attr in ("dilations", "padding", "use", "T", "none")] == [
        "[1,1,1,1]", '"SAME"', "true", "DT_FLOAT", "",
    ]  # fmt: skip
    assert refused_text("Value for attr 'data_format' of \"NCDHW\" is not in the list", "data_format") == "NCDHW"


def test_version_of_a_builtin_operator_tells_the_first_runtime() -> None:
    told: dict[str, Any] = {"runtime": "tflite", "op": "FULLY_CONNECTED"}
    assert "from 2.17 on" in causes("tflite-version", **told, version=12)[0].reason
    assert "the model is newer" in causes("tflite-version", **told, version=99)[0].reason
    assert codes("tflite-not-added", runtime="tflite", op="FULLY_CONNECTED", version=1) == ["OPS511"]
    assert codes("tflite-not-added", runtime="tflite", op="GELU", version=1) == ["OPS511", "OPS510"]


@pytest.mark.parametrize(
    ("op", "said"),
    [
        ("BATCH_MATMUL", "Add it, and make room for one more: resolver.AddBatchMatMul(); MicroMutableOpResolver<N>."),
        ("CUMSUM", "Add it, and make room for one more: resolver.AddCumSum(); MicroMutableOpResolver<N>."),
        ("", "Add it, and make room for one more: resolver.AddX(); MicroMutableOpResolver<N>."),
        ("GELU", "TensorFlow Lite for Microcontrollers has no GELU (main of 2026-08-20): build the model without it."),
    ],
)
def test_microcontrollers_add_an_operator_by_the_name_of_its_function_if_there_is_one(op: str, said: str) -> None:
    (cause,) = causes("tflite-not-added", runtime="tflite-micro", op=op)
    assert (cause.code, cause.mends[0].text) == ("OPS511", said)
    commands = [mend.line for mend in cause.mends if isinstance(mend, Command)]
    whole = "opselect generate MODEL --target tflm-resolver --out resolver"
    assert commands == ([] if op == "GELU" else [whole])
    (phone, _) = causes("tflite-not-added", runtime="tflite", op="GELU", version=1)
    assert "opselect generate MODEL --target registration --out resolver" in phone.advice


def test_the_first_release_of_a_version_is_the_first_that_registers_it() -> None:
    told: dict[str, Any] = {"runtime": "tflite"}
    (early, _) = causes("tflite-version", **told, op="FULLY_CONNECTED", version=9)
    assert early.reason == (
        "TensorFlow Lite has FULLY_CONNECTED in version 9 from 2.4 on (upstream's table of versions says 2.3.0): the "
        "runtime is older"
    )
    assert "Take a runtime of 2.4 or later" in early.advice
    (both, _) = causes("tflite-version", **told, op="TRANSPOSE", version=7)
    assert "TensorFlow Lite has TRANSPOSE in version 7 from 2.20 on, LiteRT from 1.2 on" in both.reason
    assert "Take a runtime of 2.20 or LiteRT 1.2 or later" in both.advice
    (later, _) = causes("tflite-version", **told, op="COS", version=2)
    assert later.reason == "LiteRT has COS in version 2 from 2.1.6 on: the runtime is older"
    (plain, _) = causes("tflite-version", **told, op="CONV_2D", version=5)
    assert plain.reason == "TensorFlow Lite has CONV_2D in version 5 from 2.4 on: the runtime is older"
    (none, _) = causes("tflite-version", **told, op="CONV_2D", version=99)
    assert none.reason.startswith("no release up to TensorFlow Lite 2.21 and LiteRT 2.3 has CONV_2D in version 99")


def test_codes_of_operators_are_those_of_the_schema() -> None:
    # No release registers it: then it is the schema that tells.
    assert "STABLEHLO_CBRT: TensorFlow Lite has it from 2.18 on" in (
        causes("tflite-builtin-unknown", runtime="tflite", builtin_code=208)[0].reason
    )
    assert "has code 999" in causes("tflite-builtin-unknown", runtime="tflite", builtin_code=999)[0].reason
    assert "GELU" in causes("tflite-builtin-unknown", runtime="tflite", builtin_code=150)[0].reason
    assert "2.4" in causes("tflite-builtin-unknown", runtime="tflite", builtin_code=127)[0].advice


def test_custom_operators_of_tensorflow_are_converted_wrongly() -> None:
    assert codes("tflite-custom", runtime="tflite", op="AddV2") == ["OPS514", "OPS512"]
    assert codes("tflite-custom", runtime="tflite", op="MyOp") == ["OPS512"]
    assert codes("tflite-custom", runtime="tflite", op="FlexAddV2") == ["OPS507"]


@pytest.mark.parametrize(
    ("release", "inferred", "named"),
    [("2.14.1", False, "2.14.1"), ("2.14.1", True, "VERSION"), ("2.3.4", False, "VERSION")],
)
def test_a_missing_delegate_can_be_built_of_just_the_kernels(release: str, inferred: bool, named: str) -> None:
    failure = LogFailure("flex-not-linked", "tflite", op="FFT")
    setting = Setting(shipped.index_of(release), "android", (release,), inferred=inferred, model="a.tflite")
    (cause,) = causes_of(failure, setting)
    (command,) = [mend for mend in cause.mends if isinstance(mend, Command)]
    build = f"--tensorflow {named} --profile selective --target flex-bazel --out flex"
    assert command.line == f"opselect generate a.tflite {build}"
    # The command line shows three.
    assert len(cause.mends) == 3
    assert "On Android" in cause.mends[0].text
    assert "On iOS" in cause.mends[2].text


def test_ops_for_the_delegate_and_custom_ones_have_causes_of_their_own() -> None:
    found = causes(
        "converter-needs-flex", runtime="converter", op="Betainc", ops=("Betainc", "Tracker"), custom_ops=("Tracker",)
    )
    assert [cause.code for cause in found] == ["OPS514", "OPS512"]
    assert "Tracker" not in found[0].reason
    assert "Tracker" in found[1].reason
    assert codes("converter-needs-flex", runtime="converter") == ["OPS514"]


def test_name_of_a_tensor_is_not_that_of_a_node() -> None:
    tensor: dict[str, Any] = {
        "runtime": "tool",
        "node": "logits/BiasAdd",
        "text": "AssertionError: logits/BiasAdd:0 is not in graph",
    }
    assert "name of a tensor" in causes("tool-output-name", **tensor)[0].reason
    assert "name of a tensor" not in causes("tool-output-name", **{**tensor, "text": "logits/BiasAdd"})[0].reason


def test_nearest_nodes_of_the_model() -> None:
    failure = LogFailure("tool-output-name", "tool", node="softmax_tensr")
    nodes = (Node("softmax_tensor", "Softmax"), Node("input", "Placeholder"))
    setting = Setting(shipped.index_of("1.13"), "android", model="net.pb", nodes=lambda: nodes)
    (cause,) = causes_of(failure, setting)
    assert "softmax_tensor" in cause.advice
    assert cause.applicability == "certain"


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("__ANDROID_TYPES_FULL", "1", "__ANDROID_TYPES_FULL__"),
        ("ANDROID_TYPES", "-D__ANDROID_TYPES_FULL__", "__ANDROID_TYPES_FULL__"),
        ("ANDROID_TYPES", "__ANDROID_TYPES_SLIM__", "__ANDROID_TYPES_SLIM__"),
        ("SELECTIVE_REGISTATION", "", "SELECTIVE_REGISTRATION"),
        ("NDEBUG", "1", ""),
        *((macro, "1", "") for macro in TYPE_MACROS),
    ],
)
def test_macro_that_was_meant(name: str, text: str, meant: str) -> None:
    assert meant_macro(name, text) == meant


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("re2::RE2::GlobalReplace(std::string*, re2::RE2 const&)", "re2"),
        ("vtable for re2::RE2", "re2"),
        ("inflateInit2_", "zlib"),
        ("jpeg_start_decompress", "jpeg"),
        ("tensorflow::Tensor::Tensor()", ""),
        ("", ""),
    ],
)
def test_library_of_a_symbol(symbol: str, name: str) -> None:
    assert library_of_symbol(symbol) == name


def test_file_that_a_linker_names() -> None:
    index = shipped.index_of("1.13.2")
    regex = "tensorflow/core/kernels/regex_replace_op.cc"
    for name in ("regex_replace_op.cc", "./regex_replace_op.o", "libtensorflow-core.a(regex_replace_op.pic.o)", regex):
        assert source_path(name, index) == regex
    assert source_path("nothing.cc", index) == ""
    assert source_path("", index) == ""


def test_undefined_function_is_that_of_the_file_by_its_name() -> None:
    told: dict[str, Any] = {"runtime": "build", "file": "decode_image_op.o"}
    (gif,) = causes("link-undefined", **told, symbol="tensorflow::gif::Decode(void const*)")
    assert gif.files == ("tensorflow/core/lib/gif/gif_io.cc",)
    (jpeg,) = causes("link-undefined", **told, symbol="tensorflow::jpeg::Uncompress(void const*)")
    assert jpeg.files == ("tensorflow/core/lib/jpeg/jpeg_mem.cc",)
    (unknown,) = causes("link-undefined", **told, symbol="tensorflow::nobody::Knows()")
    assert unknown.applicability == "guess"


def test_findings_about_other_types_or_attrs_are_not_of_the_failure() -> None:
    failure = LogFailure("kernel-type", "tensorflow", op="Add", dtypes=(("T", "DT_UINT8"),))
    assert of_failure(Finding("OPS104", "x", op="Add", attrs=(("T", DataType.DT_UINT8),)), failure)
    assert not of_failure(Finding("OPS104", "x", op="Add", attrs=(("T", DataType.DT_INT8),)), failure)
    assert not of_failure(Finding("OPS104", "x", op="Sub"), failure)
    attr = LogFailure("attr-unknown", "tensorflow", op="Add", attr="a")
    assert not of_failure(Finding("OPS301", "x", op="Add", attr="b"), attr)


def test_kernels_of_other_devices_only() -> None:
    rows = (KernelRow("GPU"),)
    assert codes("kernel-device", op="Census", rows=rows)[0] == "OPS106"
    assert codes("kernel-device", op="Relu", device="GPU") == ["OPS107"]


def test_failures_of_one_log_are_judged_by_one_release_that_has_their_ops() -> None:
    old = "Op type not registered 'X' in binary running on x. Make sure the Op is in this process."
    first = LogFailure("op-not-registered", "tensorflow", op="LookupTableFindV2", text=old)
    other = LogFailure("op-not-registered", "tensorflow", op="HashTable", text=old)
    assert {each.release for each in Diagnoser().diagnose_all([first, other])} == {"1.8.0"}
    # A release before the op is not taken where one of those that may be meant has it.
    gone = LogFailure("op-not-registered", "tensorflow", op="AdjustContrastv2")
    custom = LogFailure("op-not-registered", "tensorflow", op="Skipgram")
    assert all(each.release for each in Diagnoser().diagnose_all([custom, gone]))


def test_where_a_flex_library_ignores_models_is_what_the_checkout_says(tmp_path: Path) -> None:
    rule = tmp_path / "tensorflow/lite/delegates/flex/build_def.bzl"
    rule.parent.mkdir(parents=True)
    branches = '{"//tensorflow:elinux": [], "//conditions:default": ["//tensorflow/core:tensorflow"]}'
    rule.write_text(f"def tflite_flex_cc_library(name):\n    native.cc_library(deps = select({branches}))\n")
    failure = LogFailure("op-not-registered", "tflite", op="Cumsum")
    for tree, where in ((tmp_path, "embedded Linux"), (None, "Android, iOS and ChromiumOS")):
        setting = Setting(shipped.index_of("2.14.1"), "android", ("2.14.1",), inferred=False, tree=tree)
        (ignored,) = (cause for cause in causes_of(failure, setting) if cause.code == "OPS509")
        assert f"built for anything but {where}, the library" in ignored.reason
