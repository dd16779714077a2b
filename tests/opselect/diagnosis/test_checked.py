"""With a build, a model or a binary causes are looked up, not guessed, and what fails next is named."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.build_lists.edit_checkout import FileEdit
from opselect.diagnosis.causes import CAUSES
from opselect.diagnosis.setting import trusted
from opselect.logs.kinds import KINDS
from opselect.logs.records import KernelRow, LogFailure
from opselect.usecases import diagnose
from opselect.usecases.diagnose import DiagnoseQuestion, Diagnoser, Diagnosis
from opselect.usecases.fix_build import fix_build
from opselect.usecases.kernel_source import KernelSource, Macros
from opselect.usecases.open_kernels import open_kernels
from opselect.usecases.read_requirements import ModelSet
from opselect.verifying.binary_contents import BinaryFile, read_binary

ROOT = Path(__file__).resolve().parents[3]
TREE = ROOT / "fixtures" / "runtime_tree"
LIBRARY = ROOT / "fixtures" / "audit" / "libruntime.so"
MAKE_LIST = "tensorflow/contrib/makefile/tf_op_files.txt"
CUMSUM = LogFailure("no-kernel", "tensorflow", op="Cumsum", node="c", dtypes=(("T", "DT_FLOAT"),), rows=())

MODEL = """
node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }
node { name: "axis" op: "Const" attr { key: "dtype" value { type: DT_INT32 } }
  attr { key: "value" value { tensor { dtype: DT_INT32 tensor_shape {} int_val: 0 } } } }
node { name: "c" op: "Cumsum" input: "x" input: "axis" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "p" op: "Cumprod" input: "c" input: "axis" attr { key: "T" value { type: DT_FLOAT } } }
node { name: "a" op: "Relu" input: "p" attr { key: "T" value { type: DT_FLOAT } } }
"""


def diagnosed(failure: LogFailure, **known: object) -> Diagnosis:
    return Diagnoser(DiagnoseQuestion(**known)).diagnose(failure)  # type: ignore[arg-type] # by name


def codes(diagnosis: Diagnosis) -> list[tuple[str, str]]:
    return [(cause.code, cause.applicability) for cause in diagnosis.causes]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TREE, tmp_path / "tree"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.pbtxt"
    path.write_text(MODEL)
    return path


def test_every_kind_has_causes() -> None:
    assert CAUSES.keys() == KINDS.keys()


def test_lists_of_a_checkout_decide() -> None:
    diagnosis = diagnosed(CUMSUM, source=KernelSource(tree=TREE))
    assert codes(diagnosis)[0] == ("OPS119", "certain")
    assert "scan_ops.cc" in diagnosis.causes[0].advice
    assert (diagnosis.checked, diagnosis.inferred, diagnosis.unsure, diagnosis.next) == (True, False, "", ())


def test_op_that_the_lists_do_not_define_comes_before_its_kernel() -> None:
    undefined = LogFailure("op-not-registered", "tensorflow", op="Cumsum")
    diagnosis = diagnosed(undefined, source=KernelSource(tree=TREE), build="makefile")
    assert codes(diagnosis)[0] == ("OPS120", "certain")
    assert "tensorflow/core/kernels/scan_ops.cc, with its kernels" in diagnosis.causes[0].reason
    assert "tensorflow/core/ops/scan_ops.cc" in diagnosis.causes[0].advice


def test_what_the_lists_have_was_dropped_or_built_from_others() -> None:
    relu = LogFailure("no-kernel", "tensorflow", op="Relu", dtypes=(("T", "DT_FLOAT"),), rows=())
    diagnosis = diagnosed(relu, source=KernelSource(tree=TREE))
    assert codes(diagnosis)[0] == ("OPS502", "likely")
    assert "OPS119" not in dict(codes(diagnosis))


def test_list_of_paths_decides(tmp_path: Path) -> None:
    files = tmp_path / "files.txt"
    files.write_text("tensorflow/core/kernels/relu_op.cc\n")
    diagnosis = diagnosed(CUMSUM, source=KernelSource(release="1.13"), lists=(str(files),))
    assert codes(diagnosis)[0] == ("OPS119", "certain")
    assert str(files) in diagnosis.causes[0].reason


def test_header_decides() -> None:
    header = ROOT / "fixtures" / "findings" / "without_op.h"
    relu = LogFailure("no-kernel", "tensorflow", op="Relu", dtypes=(("T", "DT_FLOAT"),), rows=())
    diagnosis = diagnosed(relu, source=KernelSource(release="2.14"), headers=(str(header),))
    assert codes(diagnosis)[0] == ("OPS123", "certain")


def test_file_that_a_linker_misses_is_looked_up_in_the_list(tmp_path: Path) -> None:
    files = tmp_path / "files.txt"
    files.write_text("tensorflow/core/kernels/scan_ops.cc\n")
    source = KernelSource(tree=TREE)
    uses = open_kernels(source).dependencies["tensorflow/core/kernels/scan_ops.cc"]
    (use,) = (each for each in uses if each.file.endswith("scan_order.cc"))
    undefined = LogFailure("link-undefined", "build", file="scan_ops.o", symbol=f"tensorflow::{use.symbol}(int)")
    diagnosis = diagnosed(undefined, source=source, lists=(str(files),))
    assert codes(diagnosis)[0] == ("OPS121", "certain")
    assert use.file in diagnosis.causes[0].files


def test_release_alone_makes_no_cause_of_its_lists_certain() -> None:
    diagnosis = diagnosed(CUMSUM, source=KernelSource(release="1.13"))
    assert dict(codes(diagnosis))["OPS119"] == "likely"
    assert "--lists" in diagnosis.unsure or diagnosis.checked


def test_op_of_another_release_is_certain_when_the_release_is_named() -> None:
    later = LogFailure("op-not-registered", "tensorflow", op="NonMaxSuppressionV5")
    assert codes(diagnosed(later, source=KernelSource(release="1.13")))[0] == ("OPS102", "certain")


def test_rows_tell_the_profile_of_a_build_whose_profile_nobody_names() -> None:
    rows = tuple(KernelRow("CPU", allowed=(("T", (name,)),)) for name in ("DT_FLOAT", "DT_INT32"))
    mul = LogFailure("kernel-type", "tensorflow", op="Mul", dtypes=(("T", "DT_INT64"),), rows=rows)
    diagnosis = diagnosed(mul, source=KernelSource(tree=TREE))
    assert codes(diagnosis)[0] == ("OPS103", "certain")
    assert "__ANDROID_TYPES_SLIM__" in diagnosis.causes[0].advice


def test_macro_that_is_none_comes_first() -> None:
    rows = tuple(KernelRow("CPU", allowed=(("T", (name,)),)) for name in ("DT_FLOAT", "DT_INT32"))
    mul = LogFailure("kernel-type", "tensorflow", op="Mul", dtypes=(("T", "DT_INT64"),), rows=rows)
    macros = Macros((("__ANDROID_TYPES_FULL", "1"),))
    diagnosis = diagnosed(mul, source=KernelSource(tree=TREE), profile="android-slim", macros=macros)
    assert codes(diagnosis)[0] == ("OPS505", "certain")
    assert "-D__ANDROID_TYPES_FULL__" in diagnosis.causes[0].advice


def test_model_names_what_fails_next(model: Path) -> None:
    models = ModelSet(paths=(str(model),))
    diagnosis = diagnosed(CUMSUM, source=KernelSource(tree=TREE), models=models)
    assert codes(diagnosis)[0] == ("OPS119", "certain")
    assert {each.op for each in diagnosis.next} == {"Cumprod"}


def test_what_the_graph_does_without_is_said_before_the_file() -> None:
    training = ROOT / "fixtures" / "models" / "jpeg_training.pb"
    decode = LogFailure("no-kernel", "tensorflow", op="DecodeJpeg", node="decode")
    known = {"source": KernelSource(release="1.4"), "models": ModelSet(paths=(str(training),))}
    diagnosis = diagnosed(decode, **known)
    assert [cause.code for cause in diagnosis.causes[:2]] == ["OPS204", "OPS119"]
    assert "--inputs pixels" in diagnosis.causes[0].advice


def test_attr_is_taken_off_where_the_model_has_its_default() -> None:
    unknown = ROOT / "fixtures" / "findings" / "unknown_attr.pbtxt"
    failure = LogFailure("attr-unknown", "tensorflow", op="Conv2D", attr="explicit_paddings")
    known = {"source": KernelSource(release="1.13"), "models": ModelSet(paths=(str(unknown),))}
    diagnosis = diagnosed(failure, **known)
    assert diagnosis.causes[0].code == "OPS301"
    assert diagnosis.checked


def test_a_kernel_that_the_binary_does_not_register_is_missing_for_certain() -> None:
    assert codes(diagnosed(CUMSUM, binary=LIBRARY))[0] == ("OPS119", "certain")
    integers = LogFailure("no-kernel", "tensorflow", op="Relu6", dtypes=(("T", "DT_INT32"),), rows=())
    first = diagnosed(integers, binary=LIBRARY).causes[0]
    assert (first.code, first.applicability) == ("OPS122", "certain")
    assert "other kernels of tensorflow/core/kernels/relu_op.cc are registered in it" in first.reason


@pytest.mark.parametrize("kind", ["no-kernel", "op-not-registered"])
def test_what_the_binary_registers_was_missing_in_another_one(kind: str) -> None:
    failure = LogFailure(kind, "tensorflow", op="Relu", node="r", dtypes=(("T", "DT_FLOAT"),), rows=())
    diagnosis = diagnosed(failure, binary=LIBRARY)
    assert codes(diagnosis)[0] == ("OPS531", "certain")
    assert diagnosis.checked


def test_an_op_that_the_binary_does_not_define() -> None:
    failure = LogFailure("op-not-registered", "tensorflow", op="Relu6")
    assert codes(diagnosed(failure, binary=LIBRARY))[0] == ("OPS120", "certain")


def test_a_file_of_the_lists_without_a_kernel_in_the_binary_was_dropped_by_the_linker() -> None:
    failure = LogFailure("no-kernel", "tensorflow", op="Softplus", dtypes=(("T", "DT_FLOAT"),), rows=())
    known = {"binary": LIBRARY, "source": KernelSource("2.14"), "lists": ("default",)}
    first = diagnosed(failure, **known).causes[0]
    assert (first.code, first.applicability) == ("OPS502", "certain")
    assert first.reason.startswith("by the lists of Bazel of TensorFlow 2.14.1, the build has")


def test_a_binary_without_any_kernel_of_tensorflow() -> None:
    diagnosis = diagnosed(CUMSUM, binary=ROOT / "fixtures" / "audit" / "libodd.so")
    assert codes(diagnosis)[0] == ("OPS503", "certain")
    assert diagnosis.checked


def test_a_binary_is_read_once_for_all_failures_of_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(path: str, abi: str = "") -> BinaryFile:
        read.append(path)
        return read_binary(path, abi)

    monkeypatch.setattr(diagnose, "read_binary", counted)
    others = [replace(CUMSUM, op=op) for op in ("Softplus", "Abs")]
    diagnoses = Diagnoser(DiagnoseQuestion(binary=LIBRARY)).diagnose_all([CUMSUM, *others])
    assert [each.causes[0].code for each in diagnoses] == ["OPS119"] * 3
    assert len(read) == 1


def test_what_is_no_binary_is_an_error(tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04rest", b"text"):
        (tmp_path / "app.apk").write_bytes(content)
        with pytest.raises(InputError):
            diagnosed(CUMSUM, binary=tmp_path / "app.apk")


def test_nodes_of_the_model_that_are_like_a_name(model: Path) -> None:
    failure = LogFailure("tool-input-name", "tool", node="xx")
    asked = ModelSet(paths=(str(model),))
    (cause, *_) = diagnosed(LogFailure("tool-output-name", "tool", node="axis:0"), models=asked).causes
    assert cause.code == "OPS516"
    (cause, *_) = diagnosed(failure, models=asked).causes
    assert "has no node xx" in cause.reason


def edited(edits: tuple[FileEdit, ...]) -> set[str]:
    return {line for edit in edits for line in edit.diff().splitlines() if line[:1] in "+-" and line[1:2] not in "+-"}


def test_certain_causes_are_fixed_in_the_checkout_with_what_they_need(tree: Path) -> None:
    diagnoser = Diagnoser(DiagnoseQuestion(source=KernelSource(tree=tree)))
    diagnoses = diagnoser.diagnose_all([CUMSUM])
    shown = fix_build(diagnoser, diagnoses)
    assert not shown.written
    assert "+tensorflow/core/kernels/scan_ops.cc" in edited(shown.files)
    assert "+tensorflow/core/ops/scan_ops.cc" in edited(shown.files)


def test_fix_of_a_checkout_is_written_and_then_there_is_nothing_to_fix(tree: Path) -> None:
    diagnoser = Diagnoser(DiagnoseQuestion(source=KernelSource(tree=tree)))
    assert fix_build(diagnoser, diagnoser.diagnose_all([CUMSUM]), write=True).written
    assert "scan_ops.cc" in (tree / MAKE_LIST).read_text()
    again = diagnosed(CUMSUM, source=KernelSource(tree=tree))
    assert "OPS119" not in dict(codes(again))


def test_fix_with_a_model_adds_what_fails_next_too(tree: Path, model: Path) -> None:
    known = DiagnoseQuestion(source=KernelSource(tree=tree), models=ModelSet(paths=(str(model),)))
    diagnoser = Diagnoser(known)
    fix = fix_build(diagnoser, diagnoser.diagnose_all([CUMSUM]))
    assert fix.mended
    assert "+tensorflow/core/util/scan_order.cc" in edited(fix.files)


def test_fix_of_a_list_of_paths_adds_to_it(tmp_path: Path) -> None:
    files = tmp_path / "files.txt"
    files.write_text("tensorflow/core/kernels/relu_op.cc\n")
    diagnoser = Diagnoser(DiagnoseQuestion(source=KernelSource(release="1.13"), lists=(str(files),)))
    fix = fix_build(diagnoser, diagnoser.diagnose_all([CUMSUM]), write=True)
    assert fix.written
    assert files.read_text().splitlines() == [
        "tensorflow/core/kernels/relu_op.cc",
        "tensorflow/core/kernels/scan_ops.cc",
    ]


def test_likely_causes_are_fixed_only_when_that_is_asked_for(tmp_path: Path) -> None:
    files = tmp_path / "files.txt"
    files.write_text("tensorflow/core/kernels/relu_op.cc\n")
    diagnoser = Diagnoser(DiagnoseQuestion(source=KernelSource(release="1.13"), lists=(str(files),)))
    (diagnosis,) = diagnoser.diagnose_all([CUMSUM])
    likely = replace(diagnosis, causes=(trusted(diagnosis.causes[0], "likely"),))
    assert fix_build(diagnoser, [likely]).files == ()
    assert fix_build(diagnoser, [likely], "likely").mended == likely.causes


def test_guesses_are_never_fixed(tree: Path) -> None:
    relu = LogFailure("no-kernel", "tensorflow", op="Relu", dtypes=(("T", "DT_FLOAT"),), rows=())
    diagnoser = Diagnoser(DiagnoseQuestion(source=KernelSource(tree=tree)))
    fix = fix_build(diagnoser, diagnoser.diagnose_all([relu]), write=True)
    assert (fix.files, fix.written, [each.code for each in fix.left]) == ((), False, ["OPS502"])


def test_model_that_is_not_there_is_told_though_no_build_is_named() -> None:
    with pytest.raises(InputError, match="no_such_model"):
        Diagnoser(DiagnoseQuestion(models=ModelSet(paths=("no_such_model.pb",))))
