"""Libraries that a build lacks: generate and apply refuse without them, and take the user's word for them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import opselect
from kernel_index.profiles import BuildProfile
from kernel_index.scan import scan_tree
from kernel_index.store import write_index
from opselect.cli.main import run
from tests.kernel_index.build_files.drawing import plant

K = "tensorflow/core/kernels"
PROFILES = [BuildProfile("android", {"__ANDROID__": "1"}), BuildProfile("desktop", {})]
SESSION = ("NoOp", "_Arg", "_Retval", "_Send", "_Recv")
KERNELS = "\n".join(f'REGISTER_KERNEL_BUILDER(Name("{op}").Device("CPU"), {op.strip("_")}Op);' for op in SESSION)
OPS = "\n".join(f'REGISTER_OP("{op}");' for op in SESSION)
TREE = f"""
--- tensorflow/core/public/version.h
#define TF_MAJOR_VERSION 1
#define TF_MINOR_VERSION 13
#define TF_PATCH_VERSION 9
#define TF_VERSION_SUFFIX ""
--- tensorflow/contrib/makefile/Makefile
TF_CC_SRCS := tensorflow/core/framework/op.cc $(shell cat $(MAKEFILE_DIR)/tf_op_files.txt)
--- tensorflow/contrib/makefile/tf_op_files.txt
{K}/session_ops.cc
tensorflow/core/ops/session_ops.cc
tensorflow/core/ops/unused_ops.cc
tensorflow/core/ops/session_grad.cc
--- tensorflow/core/BUILD
cc_library(
    name = "android_tensorflow_lib",
    srcs = glob(["ops/*.cc"]),
    deps = ["@re2"],
)
--- {K}/BUILD
filegroup(
    name = "android_core_ops",
    srcs = ["session_ops.cc"],
)
--- {K}/session_ops.cc
{KERNELS}
--- tensorflow/core/ops/session_ops.cc
{OPS}
--- tensorflow/core/ops/session_grad.cc
int gradient;
--- tensorflow/core/ops/unused_ops.cc
REGISTER_OP("Unused");
--- tensorflow/core/ops/match_ops.cc
REGISTER_OP("Match");
--- {K}/match_op.cc
#include <re2/re2.h>
REGISTER_KERNEL_BUILDER(Name("Match").Device("CPU"), MatchOp);
"""
MODEL = 'node { name: "m" op: "Match" }\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tree = plant(tmp_path / "tree", TREE)
    write_index(scan_tree(tree, profiles=PROFILES, jobs=1), tmp_path / "x.opselidx")
    (tmp_path / "match.pbtxt").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPSELECT_CACHE", str(tmp_path / "cache"))
    return tmp_path


def generate(*options: str) -> int:
    return run(["generate", "match.pbtxt", "--index", "x.opselidx", "--out", "o", "-q", *options])


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), 1),
        (("--target", "makefile"), 1),
        (("--target", "bazel"), 0),
        (("--target", "list"), 0),
        (("--target", "manifest"), 1),
        (("--have", "re2"), 0),
        (("--have", "png,re2"), 0),
        (("--have", "png"), 1),
        (("--allow-missing",), 0),
        (("--profile", "desktop"), 0),
    ],
)
def test_the_builds_that_are_asked_for_must_have_the_libraries(
    options: tuple[str, ...], code: int, folder: Path
) -> None:
    assert generate(*options) == code
    assert (folder / "o").exists() == (not code)


@pytest.mark.usefixtures("folder")
def test_python_programs_ask_for_the_same_builds() -> None:
    index = opselect.open_index(index_file="x.opselidx")
    needed = opselect.requirements_of("match.pbtxt", index)
    assert not opselect.select(needed, index).complete
    assert not opselect.select(needed, index, targets=("makefile",)).complete
    assert opselect.select(needed, index, targets=("bazel",)).complete
    assert opselect.select(needed, index, targets=("list",)).complete
    assert opselect.select(needed, index, have=("re2",)).complete
    listed = opselect.select(needed, index, targets=("list",))
    (warning,) = opselect.write_build_lists(listed, "o", opselect.ListOptions(("list",))).warnings
    assert "re2" in warning


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("target", ["cmake", "list"])
def test_builds_by_other_means_are_told_what_they_must_have(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "match.pbtxt", "--index", "x.opselidx", "--out", "o", "--target", target]
    assert run(arguments) == 0
    assert (
        "includes re2/re2.h: your build must find the headers of re2 and link it (--have re2" in capsys.readouterr().err
    )
    assert run([*arguments, "--have", "re2"]) == 0
    assert "re2" not in capsys.readouterr().err


def test_the_lists_define_what_they_have_kernels_of(folder: Path) -> None:
    assert generate("--have", "re2", "--target", "makefile", "--target", "bazel", "--target", "cmake") == 0
    assert (folder / "o/tf_op_files.txt").read_text().splitlines() == [
        f"{K}/session_ops.cc",
        "tensorflow/core/ops/session_ops.cc",
        "tensorflow/core/ops/session_grad.cc",
        f"{K}/match_op.cc",
        "tensorflow/core/ops/match_ops.cc",
    ]
    assert "match_ops.cc" not in (folder / "o/kernels.BUILD").read_text()
    assert '    "tensorflow/core/ops/match_ops.cc"' in (folder / "o/tf_kernels.cmake").read_text()


def test_definitions_for_kernels_that_the_makefile_compiles_by_itself_stay(folder: Path) -> None:
    tree = plant(
        folder / "with_base",
        TREE.replace("core/framework/op.cc", "core/framework/op.cc tensorflow/core/common_runtime/base_op.cc").replace(
            "tensorflow/core/ops/unused_ops.cc\n",
            "tensorflow/core/ops/unused_ops.cc\ntensorflow/core/ops/base_ops.cc\n",
            1,
        )
        + """
--- tensorflow/core/common_runtime/base_op.cc
REGISTER_KERNEL_BUILDER(Name("Base").Device("CPU"), BaseOp);
--- tensorflow/core/ops/base_ops.cc
REGISTER_OP("Base");
""",
    )
    write_index(scan_tree(tree, profiles=PROFILES, jobs=1), folder / "x.opselidx")
    assert generate("--have", "re2", "--target", "makefile") == 0
    listed = (folder / "o/tf_op_files.txt").read_text().splitlines()
    assert "tensorflow/core/ops/base_ops.cc" in listed
    assert "tensorflow/core/ops/unused_ops.cc" not in listed


def test_what_only_unreached_nodes_name_is_defined(folder: Path) -> None:
    (folder / "match.pbtxt").write_text('node { name: "n" op: "NoOp" }\nnode { name: "u" op: "Unused" }\n')
    assert generate("--target", "makefile", "--outputs", "n") == 0
    assert "tensorflow/core/ops/unused_ops.cc" in (folder / "o/tf_op_files.txt").read_text()


@pytest.mark.usefixtures("folder")
def test_the_reason_names_the_library_and_the_mend(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["generate", "match.pbtxt", "--index", "x.opselidx", "--target", "manifest", "--json", "-q"]) == 1
    assert [row["op"] for row in json.loads(capsys.readouterr().out)["unresolved"]] == ["Match"]
    assert generate("--target", "makefile") == 1
    error = " ".join(capsys.readouterr().err.split())
    assert f"{K}/match_op.cc includes re2/re2.h, and TensorFlow 1.13.9's makefile has no re2" in error
    assert "--have re2" in error


@pytest.mark.usefixtures("folder")
def test_a_library_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate("--have", "farmhas") == 2
    assert "there is no library 'farmhas'; did you mean farmhash?" in capsys.readouterr().err


def test_applied_and_checked(folder: Path) -> None:
    apply = ["apply", "match.pbtxt", "--tree", "tree", "-q"]
    check = ["check", "match.pbtxt", "--tree", "tree", "-q"]
    assert run([*apply, "--write"]) == 1
    assert run([*apply, "--write", "--have", "re2"]) == 0
    listed = folder / "tree/tensorflow/contrib/makefile/tf_op_files.txt"
    once = listed.read_text()
    assert run([*apply, "--write", "--have", "re2"]) == 0
    assert listed.read_text() == once
    assert run(check) == 1
    assert run([*check, "--have", "re2"]) == 0
