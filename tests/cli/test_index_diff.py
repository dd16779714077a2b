from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index.records import ArgDefinition, AttrDefinition, ScanResult
from kernel_index.store import write_index
from opselect.cli.index.diff import with_second_profile
from tests.cli.conftest import KERNELS, Cli


@pytest.fixture
def newer(scan: ScanResult, tmp_path: Path) -> Path:
    """The next release: Relu in another file, Mul without int64, the op Lonely replaced by Fresh, a longer list."""
    registrations = []
    for r in scan.registrations:
        if r.op == "Relu":
            registrations.append(replace(r, location=replace(r.location, file=f"{KERNELS}/relu/relu_op.cc")))
        elif r.op != "Mul" or r.constraints[0].allowed[0].name != "DT_INT64":  # type: ignore[union-attr] # all are types
            registrations.append(replace(r, kernel_class=r.kernel_class.replace("CPUDevice", "CpuDevice")))
    definitions = {d.name: d for d in scan.op_definitions}
    mul = definitions["Mul"]
    definitions["Mul"] = replace(
        mul, attrs=(*mul.attrs, AttrDefinition("mode", "string")), inputs=(*mul.inputs, ArgDefinition("more", "int32"))
    )
    definitions["Fresh"] = replace(definitions.pop("Lonely"), name="Fresh")
    lists = replace(scan.build_lists, makefile=scan.build_lists.makefile[1:])
    path = tmp_path / "newer.opselidx"
    write_index(
        replace(
            scan,
            release="1.14.0",
            registrations=tuple(registrations),
            op_definitions=tuple(sorted(definitions.values(), key=lambda d: d.name)),
            build_lists=lists,
        ),
        path,
    )
    return path


def test_text_has_counts_first_and_then_every_difference(cli: Cli, index_file: Path, newer: Path) -> None:
    outcome = cli("index", "diff", index_file, newer)
    assert (outcome.code, outcome.err) == (0, "")
    text = outcome.out
    assert text.startswith(
        "TensorFlow 1.13.9 → 1.14.0\n"
        "  ops                         1 added, 1 removed\n"
        "  op definitions              1 changed, 1 of them may break graphs\n"
        "  kernels in other files      1\n"
        "  kernels with another class  12\n"
        "  build lists                 1 changed\n"
        "  profile       kernels lost  kernels gained\n"
        "  android-slim  0             0\n"
        "  android       1             0\n"
    )
    sections = {part.splitlines()[0]: part.splitlines()[1:] for part in text.split("\n\n")[1:]}
    assert [line.split() for line in sections["ops added"][1:]] == [["Fresh", "none", "ops.cc:7"]]
    assert [line.split()[0] for line in sections["ops removed"][1:]] == ["Lonely"]
    assert [line.split() for line in sections["kernels lost"]] == [
        ["op", "device", "profiles", "file:line", "constraints"],
        ["Mul", "CPU", "android", f"{KERNELS}/cwise_op_mul.cc:20", "T=int64"],
    ]
    assert "kernels gained" not in sections
    assert [" ".join(line.split()) for line in sections["op definitions changed"][1:]] == [
        "Mul yes attr added mode string, no default",
        "Mul yes inputs (in0: T, in1: T) → (in0: T, in1: T, more: int32)",
    ]
    assert [line.split() for line in sections["kernels in other files"][1:]] == [
        [f"{KERNELS}/relu_op.cc", f"{KERNELS}/relu/relu_op.cc", "1", "Relu"]
    ]
    assert [" ".join(line.split()) for line in sections["kernel classes changed"][1:]] == [
        "CPUDevice → CpuDevice 12 Const, Mul, NoOp and 7 more"
    ]
    assert sections["tf_op_files.txt: 1 file removed, 0 files added"] == [f"  - {KERNELS}/constant_op.cc"]


def test_json_has_all_of_it_as_rows(cli: Cli, index_file: Path, newer: Path) -> None:
    document = cli("index", "diff", index_file, newer, "--json").json
    assert list(document) == [
        "before",
        "after",
        "profiles",
        "ops_added",
        "ops_removed",
        "ops_with_first_kernels",
        "ops_with_last_kernels",
        "kernels_lost",
        "kernels_gained",
        "kernels_changed",
        "definitions_changed",
        "build_lists",
        "not_known",
    ]
    assert (document["before"], document["after"]) == ("1.13.9", "1.14.0")
    assert document["profiles"][0] == {"before": "android-slim", "after": "android-slim"}
    assert document["ops_added"] == [{"op": "Fresh", "profiles": [], "file": "ops.cc", "line": 7}]
    (lost,) = document["kernels_lost"]
    assert (lost["op"], lost["constraints"], lost["profiles"]) == ("Mul", {"T": ["DT_INT64"]}, ["android"])
    (relu,) = [row for row in document["kernels_changed"] if row["file_changed"]]
    assert (relu["before"]["file"], relu["after"]["file"], relu["class_changed"]) == (
        f"{KERNELS}/relu_op.cc",
        f"{KERNELS}/relu/relu_op.cc",
        False,
    )
    (definition,) = document["definitions_changed"]
    assert definition["changes"][0] == {
        "what": "attr added",
        "attr": "mode",
        "text": "string, no default",
        "breaks": True,
    }
    assert document["build_lists"] == [
        {
            "before": "tf_op_files.txt",
            "after": "tf_op_files.txt",
            "added": [],
            "removed": [f"{KERNELS}/constant_op.cc"],
        }
    ]


def test_one_profile_and_one_op(cli: Cli, index_file: Path, newer: Path) -> None:
    slim = cli("index", "diff", index_file, newer, "--profile", "android-slim", "--op", "Mul").out
    assert slim.startswith("TensorFlow 1.13.9 → 1.14.0, profile android-slim\n")
    assert "kernels lost\n" not in slim
    assert "tf_op_files" not in slim
    assert "Relu" not in slim
    # One op is shown in full.
    assert "  Mul  MulOp<CPUDevice>  MulOp<CpuDevice>\n" in slim
    full = cli("index", "diff", index_file, newer, "--profile", "android", "--op", "Mul").out
    assert f"  Mul  CPU     {KERNELS}/cwise_op_mul.cc:20  T=int64\n" in full


@pytest.mark.parametrize(
    "order",
    [
        ("{index}", "--profile", "android-slim", "android"),
        ("--profile", "android-slim", "android", "{index}"),
        ("--profile=android-slim", "android", "{index}"),
        ("--profile", "android-slim", "--profile", "android", "{index}"),
    ],
)
def test_two_profiles_of_one_index(cli: Cli, index_file: Path, order: tuple[str, ...]) -> None:
    outcome = cli("index", "diff", *(word.format(index=index_file) for word in order))
    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines() == [
        "TensorFlow 1.13.9 → 1.13.9, profile android-slim → android",
        "  profile                 kernels lost  kernels gained",
        "  android-slim → android  0             2",
        "",
        "kernels gained",
        "  op   device  file:line                                   constraints",
        "  Mul  CPU     tensorflow/core/kernels/cwise_op_mul.cc:20  T=half|int64",
    ]


def test_profiles_of_two_indexes(cli: Cli, index_file: Path, newer: Path) -> None:
    document = cli("index", "diff", index_file, newer, "--profile", "android", "android-slim", "--json").json
    assert document["profiles"] == [{"before": "android", "after": "android-slim"}]
    assert [row["constraints"]["T"] for row in document["kernels_lost"]] == [["DT_HALF"], ["DT_INT64"]]


def test_where_the_second_profile_ends() -> None:
    assert with_second_profile(["1.13", "--profile", "a", "b"]) == ["1.13", "--profile", "a", "--profile", "b"]
    for last in ("1.15", "v2.4.4", "./folder", "mine.opselidx", "--json"):
        assert with_second_profile(["--profile", "a", last]) == ["--profile", "a", last]
    assert with_second_profile(["--profile"]) == ["--profile"]
    assert with_second_profile(["--profile", "android", "ios+-DFOO"])[2:] == ["--profile", "ios+-DFOO"]
    assert with_second_profile(["--", "--profile", "a", "b"]) == ["--", "--profile", "a", "b"]


def test_no_difference(cli: Cli, index_file: Path) -> None:
    outcome = cli("index", "diff", index_file, index_file)
    assert (outcome.code, outcome.out) == (0, "TensorFlow 1.13.9 → 1.13.9\n  no difference\n")


def test_checkouts_are_scanned(cli: Cli, small_tree: Path, tmp_path: Path) -> None:
    shutil.copytree(small_tree, tmp_path / "fork")
    file = tmp_path / "fork" / KERNELS / "mul_op.cc"
    file.write_text(file.read_text().replace("WITH_LONG", "__cplusplus"))
    found = cli("index", "diff", small_tree, "fork", "--profile", "android", "-q", "--json")
    assert found.code == 0, found.err
    (gained,) = found.json["kernels_gained"]
    assert (gained["op"], gained["constraints"]) == ("Mul", {"T": ["DT_INT64"]})


def test_indexes_without_a_common_profile(cli: Cli, index_file: Path, scan: ScanResult, tmp_path: Path) -> None:
    renamed = tuple(
        replace(r, profiles=tuple(f"{p}+-DFOO" for p in r.profiles)) for r in scan.registrations if r.profiles
    )
    profiles = tuple(f"{p}+-DFOO" for p in scan.profiles)
    write_index(replace(scan, registrations=renamed, profiles=profiles), tmp_path / "foo.opselidx")
    outcome = cli("index", "diff", index_file, "foo.opselidx")
    assert (outcome.code, outcome.out) == (2, "")
    assert "no profile in common" in outcome.err
    assert "android-slim+-DFOO" in outcome.err
    # The plain name is enough where only one is meant.
    outcome = cli("index", "diff", index_file, "foo.opselidx", "--profile", "android")
    assert outcome.out == "TensorFlow 1.13.9 → 1.13.9, profile android → android+-DFOO\n  no difference\n"


def test_unknown_op_and_profile(cli: Cli, index_file: Path) -> None:
    outcome = cli("index", "diff", index_file, index_file, "--op", "Mull")
    assert (outcome.code, outcome.out) == (1, "")
    assert "did you mean Mul?" in outcome.err
    outcome = cli("index", "diff", index_file, "--profile", "android-slim", "andriod")
    assert (outcome.code, outcome.out) == (2, "")
    assert "did you mean android" in outcome.err


@pytest.mark.parametrize(
    "arguments", [("{index}",), ("{index}", "--profile", "android"), ("{index}", "{index}", "{index}")]
)
def test_what_is_compared_must_be_clear(cli: Cli, index_file: Path, arguments: tuple[str, ...]) -> None:
    outcome = cli("index", "diff", *(word.format(index=index_file) for word in arguments))
    assert (outcome.code, outcome.out) == (2, "")
    assert "Usage: opselect index diff" in outcome.err
