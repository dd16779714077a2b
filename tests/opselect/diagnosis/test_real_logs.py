"""Real logs, and renderings of real reports: the cause that people found is the first or the second."""

from __future__ import annotations

import json

import pytest

from opselect.findings import code_of
from opselect.logs.reader import read_text
from opselect.usecases.diagnose import DiagnoseQuestion, Diagnoser, Diagnosis
from opselect.usecases.kernel_source import KernelSource
from tests.opselect.logs.answers import LOGS

BY_WORDS = (
    ("file outside the mobile groups", ("OPS119",)),
    ("training-only node left in the graph (input queue)", ("OPS203",)),
    ("not in ops_to_register.h or in no list", ("OPS119", "OPS123")),
    ("selective registration and USE_GEMM_FOR_CONV", ("OPS122",)),
    ("library of another ABI or not linked whole", ("OPS503",)),
    ("codec of the training pipeline", ("OPS204",)),
    ("a TPU op", ("OPS105", "OPS106")),
    ("slim types; -DANDROID_TYPES", ("OPS103",)),
    ("training-only dropout", ("OPS201",)),
    ("slim types: only float", ("OPS103",)),
    ("custom op with a GPU kernel only", ("OPS106",)),
    ("GPU kernel only in that release", ("OPS106",)),
    ("function_ops.cc is not in the build", ("OPS501",)),
    ("the app's tensorflow-android is older", ("OPS102",)),
    ("a function's name", ("OPS506",)),
    ("input pipeline of an Estimator", ("OPS203",)),
    ("a Python function in the graph", ("OPS206",)),
    ("a custom op whose library was not loaded", ("OPS101",)),
    ("graph stamped with a producer", ("OPS305",)),
    ("op built by hand in a new graph", ("OPS305",)),
    ("model newer than the runtime", ("OPS301",)),
    ("Flex: the select-ops library is older", ("OPS301",)),
    ("runtime older than the converter", ("OPS510",)),
    ("TFLite Micro: a custom op", ("OPS512",)),
    ("converted by an old converter with allow_custom_ops", ("OPS514",)),
    ("converted with allow_custom_ops", ("OPS514",)),
    ("the model's schema is newer", ("OPS510",)),
    ("no Flex delegate", ("OPS507",)),
    ("iOS: framework not force-loaded", ("OPS507",)),
    ("C++: the flex library is built but not linked", ("OPS507",)),
    ("convert with SELECT_TF_OPS", ("OPS514",)),
    ("some ops by Flex, others (lookup tables)", ("OPS514", "OPS512")),
    ("freeze_graph takes node names", ("OPS516",)),
    ("transform_graph: fed tensor", ("OPS516",)),
)
"""What a report says of the cause, and codes one of which must be the first or the second."""

REPORTS = [json.loads(line) for line in (LOGS / "real_shapes.jsonl").read_text(encoding="utf-8").splitlines()]


def diagnosed(text: str) -> tuple[Diagnosis, ...]:
    return Diagnoser().diagnose_all(read_text(text))


@pytest.mark.parametrize(
    "report", [each for each in REPORTS if each["kind"] != "other"], ids=lambda report: report["source"]
)
def test_cause_of_a_report_is_the_first_or_the_second(report: dict[str, str]) -> None:
    expected = next(codes for words, codes in BY_WORDS if report["cause"].startswith(words))
    (diagnosis, *_) = diagnosed(report["log"])
    assert {cause.code for cause in diagnosis.causes[:2]} & set(expected)


@pytest.mark.parametrize(
    ("log", "code", "mends"),
    [
        ("BREAK_dtype_add_uint8", "OPS119", "cwise_op_add_2.cc"),
        ("BREAK_lstm_dynamic_rnn", "OPS119", "sequence_ops.cc"),
        ("BREAK_opdef_nn_ops_missing", "OPS120", "core/ops/nn_ops.cc"),
        ("BREAK_runtime_no_op", "OPS501", "no_op.cc"),
        ("BREAK_slim_add_uint8", "OPS103", "__ANDROID_TYPES_SLIM__"),
        ("ERR_newer_attr_explicit_paddings", "OPS301", "attribute_name=explicit_paddings"),
        ("ERR_newer_attr_half_pixel_centers", "OPS301", "attribute_name=half_pixel_centers"),
        ("ERR_opdef_missing_BitwiseAnd", "OPS120", "core/ops/bitwise_ops.cc"),
        ("ERR_stateless_if_lowering", "OPS307", "_lower_using_switch_merge"),
    ],
)
def test_log_of_tensorflow_1_13_1_tells_cause_mend_and_release(log: str, code: str, mends: str) -> None:
    (diagnosis, *_) = diagnosed((LOGS / "tensorflow_1.13.1" / f"{log}.txt").read_text())
    cause = diagnosis.causes[0]
    assert (cause.code, diagnosis.release, diagnosis.inferred) == (code, "1.13.2", True)
    assert mends in cause.advice
    assert cause.reason


def test_every_cause_of_every_log_says_why_and_what_to_do() -> None:
    # Logs of one folder are much alike: every fourth will do.
    for log in sorted(LOGS.rglob("*.txt"))[::4]:
        for diagnosis in diagnosed(log.read_text(errors="replace")):
            assert diagnosis.causes, log
            for cause in diagnosis.causes:
                assert cause.reason, log
                assert cause.advice, log
                assert cause.kind == code_of(cause.code).kind or cause.code.startswith("OPS2"), log


def test_node_pinned_to_a_device_that_is_not_there_may_lack_its_kernel_too() -> None:
    (found,) = diagnosed((LOGS / "reports/pinned_to_a_gpu_and_no_kernel.txt").read_text(encoding="utf-8"))
    assert [cause.code for cause in found.causes] == ["OPS107", "OPS119"]
    assert "once the binary has a kernel" in found.causes[0].mends[1].text


def test_attr_that_every_known_release_has_is_of_a_binary_older_than_all() -> None:
    (found,) = diagnosed((LOGS / "reports/older_than_all.txt").read_text(encoding="utf-8"))
    assert found.causes[0].code == "OPS301"
    assert "TensorFlow 1.0 and later know it" in found.causes[0].reason


def test_attr_is_asked_for_in_releases_after_the_last_that_lacks_it() -> None:
    text = "NodeDef mentions attr 'dilations' not in Op<name=Conv2D; signature=input:T -> output:T; attr=T:type>; "
    question = DiagnoseQuestion(source=KernelSource(release="1.10"))
    (found,) = Diagnoser(question).diagnose_all(read_text(text))
    assert "TensorFlow 1.5 and later know it" in found.causes[0].reason
