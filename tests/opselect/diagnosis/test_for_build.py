"""Mends are in the words of the build that is described: its list, with all that a file needs, and its flags."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kernel_index.build_files.places import MAKEFILE_LIST
from opselect.cli.main import run
from opselect.cli.shared.diagnosis_text import diagnosis_lines
from opselect.findings import Finding
from opselect.findings.mends import BuildFlags, Command, ListEdit
from opselect.logs.records import KernelRow, LogFailure
from opselect.usecases.diagnose import DiagnoseQuestion, Diagnoser, Diagnosis
from opselect.usecases.fix_build import fix_build
from opselect.usecases.kernel_source import KernelSource, Macros
from opselect.usecases.read_requirements import ModelSet

ROOT = Path(__file__).resolve().parents[3]
TREE = ROOT / "fixtures" / "runtime_tree"
SCAN, SCAN_OPS = "tensorflow/core/kernels/scan_ops.cc", "tensorflow/core/ops/scan_ops.cc"
NEEDED = "tensorflow/core/util/scan_order.cc"
ROWS = tuple(KernelRow("CPU", allowed=(("T", (name,)),)) for name in ("DT_FLOAT", "DT_INT32"))
RELU_INT64 = LogFailure("kernel-type", "tensorflow", op="Relu", dtypes=(("T", "DT_INT64"),), rows=ROWS)
UNDEFINED = LogFailure("op-not-registered", "tensorflow", op="Cumsum")


def diagnosed(failure: LogFailure, tree: Path = TREE, **known: object) -> Diagnosis:
    question = DiagnoseQuestion(source=KernelSource(tree=tree), **known)  # type: ignore[arg-type] # by name
    return Diagnoser(question).diagnose(failure)


def first(diagnosis: Diagnosis) -> tuple[str, str]:
    return diagnosis.causes[0].code, diagnosis.causes[0].applicability


def edits(finding: Finding) -> list[tuple[str, tuple[str, ...]]]:
    return [(mend.list, mend.add) for mend in finding.mends if isinstance(mend, ListEdit)]


def flags(finding: Finding) -> list[tuple[str, tuple[str, ...]]]:
    return [(mend.system, mend.add) for mend in finding.mends if isinstance(mend, BuildFlags)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TREE, tmp_path / "tree"))


def take_out(tree: Path, *entries: str) -> None:
    listed = tree / MAKEFILE_LIST
    listed.write_text("".join(f"{line}\n" for line in listed.read_text().splitlines() if line not in entries))


def test_one_edit_has_the_op_its_kernel_and_what_these_need() -> None:
    diagnosis = diagnosed(UNDEFINED, build="makefile")
    assert first(diagnosis) == ("OPS120", "certain")
    assert edits(diagnosis.causes[0]) == [(MAKEFILE_LIST, (SCAN_OPS, SCAN, NEEDED))]
    assert diagnosis.causes[0].mends[0].text == f"Add the lines {SCAN_OPS}, {SCAN} and {NEEDED} to {MAKEFILE_LIST}."


def test_what_the_build_has_is_not_added_again(tree: Path) -> None:
    listed = tree / MAKEFILE_LIST
    listed.write_text(f"{listed.read_text()}{SCAN}\n{NEEDED}\n")
    assert edits(diagnosed(UNDEFINED, tree, build="makefile").causes[0]) == [(MAKEFILE_LIST, (SCAN_OPS,))]


def test_bazel_needs_no_file_of_the_base_library() -> None:
    failure = LogFailure("no-kernel", "tensorflow", op="Cumsum", dtypes=(("T", "DT_FLOAT"),), rows=())
    assert edits(diagnosed(failure, build="bazel").causes[0]) == [("android_extended_ops_group1", ("scan_ops.cc",))]


def test_list_that_lacks_what_fails_is_edited_whichever_build_it_is_of(tree: Path) -> None:
    relu = "tensorflow/core/kernels/relu_op.cc"
    take_out(tree, relu)
    failure = LogFailure("no-kernel", "tensorflow", op="Relu", dtypes=(("T", "DT_FLOAT"),), rows=())
    diagnosis = diagnosed(failure, tree)
    assert first(diagnosis) == ("OPS119", "certain")
    assert edits(diagnosis.causes[0]) == [(MAKEFILE_LIST, (relu,))]


def test_kernel_is_no_cause_of_an_op_that_is_not_defined(tree: Path) -> None:
    listed = tree / MAKEFILE_LIST
    listed.write_text(f"{listed.read_text()}{SCAN_OPS}\n{NEEDED}\n")
    diagnosis = diagnosed(UNDEFINED, tree, build="makefile")
    assert first(diagnosis) == ("OPS502", "likely")
    assert f"has {SCAN_OPS}, which defines it" in diagnosis.causes[0].reason


def test_flags_are_those_of_make_where_make_builds() -> None:
    made = diagnosed(RELU_INT64, build="makefile", profile="android-slim").causes[0]
    assert flags(made) == [("make", ("ANDROID_TYPES=-D__ANDROID_TYPES_FULL__",))]
    by_bazel = diagnosed(RELU_INT64, build="bazel", profile="android-slim").causes[0]
    assert flags(by_bazel) == [("bazel", ("--copt=-D__ANDROID_TYPES_FULL__",))]


def test_archive_is_linked_whole_by_flags_of_the_build() -> None:
    failure = LogFailure("no-kernel", "tensorflow", op="Relu", dtypes=(("T", "DT_FLOAT"),), rows=())
    made = diagnosed(failure, build="makefile").causes[0]
    assert flags(made) == [("make", ("-Wl,--whole-archive", "-Wl,--no-whole-archive"))]
    assert flags(diagnosed(failure, build="bazel").causes[0]) == [("bazel", ("alwayslink = 1",))]


def test_macro_is_spelled_right_where_it_stands() -> None:
    macros = Macros((("ANDROID_TYPES_FULL", "1"),))
    cause = diagnosed(RELU_INT64, build="makefile", profile="android-slim", macros=macros).causes[0]
    (mend,) = (mend for mend in cause.mends if isinstance(mend, BuildFlags))
    assert (cause.code, mend.remove, mend.add) == ("OPS505", ("-DANDROID_TYPES_FULL",), ("-D__ANDROID_TYPES_FULL__",))


@pytest.mark.parametrize("profile", ["", "selective"])
def test_header_without_the_types_of_its_classes(profile: str, tmp_path: Path) -> None:
    """With SELECTIVE_REGISTRATION alone a build has the types of phones, whatever classes the header names."""
    model, header = tmp_path / "model.pbtxt", tmp_path / "ops_to_register.h"
    model.write_text(
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_INT64 } } }\n'
        'node { name: "y" op: "Relu" input: "x" attr { key: "T" value { type: DT_INT64 } } }\n'
    )
    source = ("--tree", str(TREE), "--profile", "selective")
    assert run(["generate", str(model), *source, "--target", "header", "--out", str(tmp_path), "--quiet"]) == 0
    failure = LogFailure("no-kernel", "tensorflow", op="Relu", dtypes=(("T", "DT_INT64"),), rows=())
    diagnosis = diagnosed(failure, headers=(str(header),), profile=profile, build="makefile")
    assert first(diagnosis) == ("OPS103", "likely")
    assert flags(diagnosis.causes[0])[0] == ("make", ("ANDROID_TYPES=-DSUPPORT_SELECTIVE_REGISTRATION",))


SYMBOL = "tensorflow::InitConv2DParameters(tensorflow::OpKernelConstruction const*, tensorflow::Conv2DParameters*)"
ARCHIVE = "tensorflow/contrib/makefile/gen/lib/libtensorflow-core.a(conv_ops.o)"


def test_undefined_function_is_of_the_file_that_the_build_lacks(tree: Path) -> None:
    """The index knows another function of that file."""
    needed = "tensorflow/core/kernels/conv_2d.cc"
    take_out(tree, needed)
    failure = LogFailure("link-undefined", "build", file="conv_ops.cc", symbol=SYMBOL, text=ARCHIVE)
    diagnosis = diagnosed(failure, tree)
    assert (first(diagnosis), diagnosis.checked) == (("OPS121", "certain"), True)
    assert edits(diagnosis.causes[0]) == [(MAKEFILE_LIST, (needed,))]
    lines = diagnosis_lines(diagnosis, "build.log", (), 100, verbose=False, brief=False)
    assert any(line.startswith("    tensorflow/core/kernels/conv_ops.cc uses") for line in lines)


def test_object_may_be_of_ops_or_of_kernels(tree: Path) -> None:
    listed = tree / MAKEFILE_LIST
    listed.write_text(f"{listed.read_text()}{SCAN}\n{SCAN_OPS}\n")
    failure = LogFailure("link-undefined", "build", file="scan_ops.cc", symbol="tensorflow::ScanOrder::Element(long)")
    diagnosis = diagnosed(failure, tree)
    assert first(diagnosis) == ("OPS121", "certain")
    assert edits(diagnosis.causes[0]) == [(MAKEFILE_LIST, (NEEDED,))]


def test_link_errors_are_fixed_by_the_files_alone(tree: Path) -> None:
    needed = "tensorflow/core/kernels/conv_2d.cc"
    take_out(tree, needed)
    failure = LogFailure("link-undefined", "build", file="conv_ops.cc", symbol=SYMBOL, text=ARCHIVE)
    diagnoser = Diagnoser(DiagnoseQuestion(source=KernelSource(tree=tree)))
    fix = fix_build(diagnoser, diagnoser.diagnose_all([failure]))
    added = [line for edit in fix.files for line in edit.diff().splitlines() if line.startswith("+t")]
    assert added == [f"+{needed}"]


def test_node_that_is_pinned_is_looked_up_in_the_model(tmp_path: Path) -> None:
    model = tmp_path / "model.pbtxt"
    model.write_text(
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }\n'
        'node { name: "y" op: "Relu" input: "x" device: "/gpu:0" attr { key: "T" value { type: DT_FLOAT } } }\n'
    )
    failure = LogFailure("kernel-device", "tensorflow", node="y", device="GPU")
    diagnosis = diagnosed(failure, models=ModelSet(paths=(str(model),)))
    assert first(diagnosis) == ("OPS107", "certain")
    assert diagnosis.failure.op == ""
    assert any(isinstance(mend, Command) and "remove_device" in mend.line for mend in diagnosis.causes[0].mends)
