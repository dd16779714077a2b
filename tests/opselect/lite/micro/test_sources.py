"""Functions of the resolver, off headers in the form of upstream's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.lite.micro.int8 import INT8_RULES
from opselect.lite.micro.sources import read_micro_table
from opselect.lite.micro.table import RESOLVER, MicroFunction, MicroTable, micro_table, table_of
from opselect.usecases.ship_micro_table import main

KERNELS = "tensorflow/lite/micro/kernels"

HEADER = """\
#include "tensorflow/lite/micro/kernels/conv.h"
// #include "tensorflow/lite/micro/kernels/pad.h"
namespace tflite {
template <unsigned int tOpCount>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  TfLiteStatus AddCustom(const char* name, const TFLMRegistration* registration) {
    if (registrations_len_ >= tOpCount) { return kTfLiteError; }
    return kTfLiteOk;
  }
  /* TfLiteStatus AddGone() { return AddBuiltin(BuiltinOperator_GONE, Register_GONE(), ParseGone); } */
  TfLiteStatus AddConv2D(
      const TFLMRegistration& registration = Register_CONV_2D()) {
    return AddBuiltin(BuiltinOperator_CONV_2D, registration, ParseConv2D);
  }
  TfLiteStatus AddPadV2(const TFLMRegistration& registration =
                            tflite::Register_PADV2()) {
    return AddBuiltin(BuiltinOperator_PADV2, registration, ParsePadV2);
  }
  TfLiteStatus AddPad(const TFLMRegistration& registration = Register_PAD()) {
    return AddBuiltin(BuiltinOperator_PAD, registration, ParsePad);
  }
  TfLiteStatus AddSlice() {
    return AddBuiltin(BuiltinOperator_SLICE, Register_SLICE(), ParseSlice);
  }
  TfLiteStatus AddRfft(const TFLMRegistration* registration =
                           tflite::tflm_signal::Register_RFFT()) {
    // TODO: change back
    return AddCustom("SignalRfft", registration);
  }
  TfLiteStatus AddNpu() {
    TFLMRegistration* registration = tflite::Register_NPU();
    if (registration) {
      return AddCustom(tflite::GetString_NPU(), registration);
    }
    return kTfLiteOk;
  }
 private:
  TfLiteStatus AddBuiltin(tflite::BuiltinOperator op, const TFLMRegistration& registration) { return kTfLiteOk; }
};
}
"""


def tree(folder: Path, header: str = HEADER) -> Path:
    kernels = folder / KERNELS
    (kernels / "npu").mkdir(parents=True)
    (folder / RESOLVER).write_text(header)
    int8 = "namespace tflite {\n#if defined(CMSIS_NN)\nTFLMRegistration Register_X_INT8();\n#else\n"
    int8 += "inline TFLMRegistration Register_X_INT8() { return Register_X(); }\n#endif\n}\n"
    (kernels / "conv.h").write_text(int8.replace("_X", "_CONV_2D") + "TFLMRegistration Register_CONV_2D_INT16();\n")
    (kernels / "pad.h").write_text(int8.replace("_X", "_PAD"))
    (kernels / "slice.h").write_text(int8.replace("_X", "_SLICE") + "// TFLMRegistration Register_PADV2_INT8();\n")
    (kernels / "npu.cc").write_text('const char* GetString_NPU() { return ""; }\n')
    (kernels / "npu" / "npu.cc").write_text('const char* GetString_NPU() { return "npu-1"; }\n')
    return folder


def test_functions_are_read_with_what_may_be_given_to_them(tmp_path: Path) -> None:
    table = read_micro_table(tree(tmp_path), "main of 2026-01-02")
    assert table == MicroTable(
        "main of 2026-01-02",
        (
            MicroFunction("CONV_2D", False, "AddConv2D", True, "Register_CONV_2D_INT8"),
            MicroFunction("PAD", False, "AddPad", True, "Register_PAD_INT8", f"{KERNELS}/pad.h"),
            MicroFunction("PADV2", False, "AddPadV2", True),
            MicroFunction("SLICE", False, "AddSlice"),
            MicroFunction("SignalRfft", True, "AddRfft", True),
            MicroFunction("npu-1", True, "AddNpu"),
        ),
    )
    assert table_of(table.to_text()) == table


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("BuiltinOperator_SLICE, Register_SLICE()", "SliceCode(), Register_SLICE()", "what AddSlice adds is not clear"),
        ("AddSlice()", "AddSlice(int version)", "AddSlice has parameters of a new kind: int version"),
        ('"SignalRfft", registration', "kRfft, registration", "what AddRfft adds is not clear"),
        ("GetString_NPU()", "GetString_TPU()", "GetString_TPU() returns 0 names, and not one"),
        ("TfLiteStatus Add", "Status Add", "has no function that adds an operator"),
    ],
)
def test_what_is_not_clear_is_no_table(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in HEADER
    with pytest.raises(InputError) as raised:
        read_micro_table(tree(tmp_path, HEADER.replace(old, new)), "main")
    assert said in str(raised.value)
    assert "Name a checkout of TensorFlow Lite for Microcontrollers" in raised.value.advice


def test_two_names_of_one_operator_are_not_one(tmp_path: Path) -> None:
    folder = tree(tmp_path)
    (folder / KERNELS / "other.cc").write_text('const char* GetString_NPU() { return "npu-2"; }\n')
    with pytest.raises(InputError, match="returns 2 names"):
        read_micro_table(folder, "main")


def test_the_program_writes_the_table_and_says_what_is_in_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "functions.json"
    assert main(["--state", "main of 2026-01-02", "--out", str(out), str(tree(tmp_path / "tree"))]) == 0
    assert capsys.readouterr().out == "main of 2026-01-02: 4 built-in, 2 custom, 2 in int8\n"
    assert table_of(out.read_text()) == read_micro_table(tmp_path / "tree", "main of 2026-01-02")


def test_a_folder_that_is_no_checkout_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "functions.json"
    assert main(["--state", "main", "--out", str(out), str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert not out.exists()


def test_the_table_of_the_package_is_whole_and_has_a_rule_for_each_registration_for_int8() -> None:
    table = micro_table()
    assert table.functions == tuple(sorted(table.functions, key=lambda each: (each.is_custom, each.operator)))
    assert len({each.function for each in table.functions}) == len(table.functions) == len(table.by_operator())
    assert {each.operator for each in table.functions if each.int8} == set(INT8_RULES)
    named = {each.operator: each.function for each in table.functions}
    # Those that no rule of capitals gives.
    assert [named[op] for op in ("CUMSUM", "PADV2", "L2_POOL_2D", "SignalRfft", "SignalPCAN", "TFLM_DECODE")] == [
        *("AddCumSum", "AddPadV2", "AddL2Pool2D", "AddRfft", "AddPCAN", "AddDecode")
    ]
    assert named["UNIDIRECTIONAL_SEQUENCE_LSTM"] == "AddUnidirectionalSequenceLSTM"
    assert (named["TFLite_Detection_PostProcess"], named["ethos-u"]) == ("AddDetectionPostprocess", "AddEthosU")


_NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)


@given(st.text(), st.lists(st.builds(MicroFunction, _NAME, st.booleans(), _NAME, st.booleans(), _NAME, _NAME)))
def test_a_table_is_read_as_it_was_written(state: str, functions: list[MicroFunction]) -> None:
    table = MicroTable(state, tuple(functions))
    assert table_of(table.to_text()) == table
