"""``opselect generate --target tflm-resolver``: exit codes, and what is printed and written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.opselect.tflite_files import BUILTIN, TYPE, Op, Subgraph, Tensor, tflite_bytes

FILE = Path("out/gen_micro_mutable_op_resolver.h")


def write(name: str, *operators: Op, type_: int = TYPE.INT8) -> str:
    Path(name).write_bytes(tflite_bytes(Subgraph((Tensor("t", (1, 4), type_),), operators)))
    return name


def test_one_header_is_written_for_several_models_without_an_index(cli: Cli) -> None:
    first = write("a.tflite", Op(BUILTIN.SOFTMAX, (0,), (0,)))
    second = write("b.tflite", Op(BUILTIN.CUMSUM, (0, 0), (0,)))
    outcome = cli("generate", first, second, "--target", "tflm-resolver", "--out", "out")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == f"TensorFlow Lite: 2 models\n  {FILE}\n"
    assert [path.name for path in Path("out").iterdir()] == [FILE.name]
    calls = [line.strip() for line in FILE.read_text().splitlines() if "micro_op_resolver." in line]
    assert calls == [
        "micro_op_resolver.AddCumSum();",
        "micro_op_resolver.AddSoftmax(tflite::Register_SOFTMAX_INT8());",
    ]
    assert "(unchanged)" in cli("generate", first, second, "--target", "tflm-resolver", "--out", "out").err


def test_with_compat_there_are_no_registrations_for_int8(cli: Cli) -> None:
    model = write("a.tflite", Op(BUILTIN.SOFTMAX, (0,), (0,)))
    assert cli("generate", model, "--target", "tflm-resolver", "--compat", "2.14", "--out", "out", "-q").code == 0
    assert "// Generated based on a.tflite.\n" in FILE.read_text()
    assert "  micro_op_resolver.AddSoftmax();\n" in FILE.read_text()


def test_what_the_runtime_lacks_is_exit_code_1_and_nothing_is_written(cli: Cli) -> None:
    lacks = (Op("FlexErf", (0,), (0,)), Op("Own", (0,), (0,)), Op(BUILTIN.RFFT2D, (0, 0), (0,)))
    model = write("a.tflite", Op(BUILTIN.SOFTMAX, (0,), (0,)), *lacks)
    outcome = cli("generate", model, "--target", "tflm-resolver", "--target", "registration", "--out", "out")
    assert (outcome.code, outcome.out) == (1, "")
    said = [line.split()[:2] for line in outcome.err.splitlines() if line.startswith("  OPS")]
    assert said == [["OPS133", "1"], ["OPS134", "1"], ["OPS135", "1"]]
    assert outcome.err.startswith("TensorFlow Lite: 3 operators cannot be written\n")
    assert outcome.err.endswith("Nothing was written. --allow-missing writes the files without these.\n")
    assert not Path("out").exists()


def test_what_the_runtime_lacks_may_be_left_out(cli: Cli) -> None:
    model = write("a.tflite", Op(BUILTIN.SOFTMAX, (0,), (0,)), Op("Own", (0,), (0,)))
    outcome = cli("generate", model, "--target", "tflm-resolver", "--allow-missing", "--out", "out")
    assert outcome.code == 0
    assert "OPS134" in outcome.err
    assert "Nothing was written" not in outcome.err
    assert "kNumberOperators = 2;" in FILE.read_text()


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00\x00\x00\x00TFL3" + b"\xff" * 40])
def test_a_broken_model_is_one_error(cli: Cli, data: bytes) -> None:
    Path("a.tflite").write_bytes(data)
    outcome = cli("generate", "a.tflite", "--target", "tflm-resolver", "--out", "out")
    assert (outcome.code, outcome.out) == (2, "")
    assert "a.tflite" in outcome.err
    assert "Traceback" not in outcome.err
    assert not Path("out").exists()


def test_beside_what_kernels_are_selected_for_what_is_missing_is_said_of_operators(cli: Cli) -> None:
    model = write("a.tflite", Op(BUILTIN.SOFTMAX, (0,), (0,)), Op("Own", (0,), (0,)))
    targets = ("--target", "header", "--target", "tflm-resolver", "--tensorflow", "2.14", "--out", "out", "--json")
    outcome = cli("generate", model, *targets)
    assert outcome.code == 1
    assert "TensorFlow Lite: 1 operator cannot be written\n  OPS134  1 problem:" in outcome.err
    assert [(each["code"], each["op"]) for each in outcome.json["unresolved"]] == [("OPS134", "Own")]
    assert not Path("out").exists()
    outcome = cli("generate", model, *targets, "--allow-missing")
    assert outcome.code == 0
    assert "OPS134  1 problem:" in outcome.err
    assert [each["op"] for each in outcome.json["unresolved"]] == ["Own"]
    assert sorted(path.name for path in Path("out").iterdir()) == [FILE.name, "ops_to_register.h"]


def test_the_line_to_write_by_hand_has_the_name_as_a_literal_of_cpp(cli: Cli) -> None:
    model = write("a.tflite", Op("a\r\nb", (0,), (0,)))
    outcome = cli("generate", model, "--target", "tflm-resolver", "--out", "out")
    assert outcome.code == 1
    assert r'resolver.AddCustom("a\015\012b", …)' in outcome.err
