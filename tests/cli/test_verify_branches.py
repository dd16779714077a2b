"""``opselect verify`` of a checkout whose lists have a ``select``, and whose lists it is that count."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
RELU = FIXTURES / "findings" / "relu.pbtxt"
GEMM = "//tensorflow:using_gemm_for_conv holds"


@pytest.fixture
def trimmed(cli: Cli) -> Path:
    """The fixture runtime with just what Relu needs, and, where conv=gemm is defined, a file that needs more."""
    tree = Path(shutil.copytree(FIXTURES / "runtime_tree", "tree"))
    outcome = cli("apply", RELU, "--tree", tree, "--write", "-q")
    assert outcome.code == 0, outcome.err
    build = (tree / "tensorflow/core/kernels/BUILD").read_text()
    assert "conv_ops_using_gemm.cc" in build
    assert '"conv_2d.cc"' not in build
    return tree


def test_files_of_a_branch_are_linked_where_the_build_takes_it(cli: Cli, trimmed: Path) -> None:
    of = ("verify", RELU, "--against", trimmed, "--tree", trimmed)
    by_both = "(the lists of Bazel and the makefile's list)"
    assert cli(*of).out == f"ok: 1 model against TensorFlow 1.15.99, profile android, tree {by_both}\n"
    Path("gemm.rc").write_text("build:gemm --define=conv=gemm --fat_apk_cpu=arm64-v8a\nbuild --define=conv=direct\n")
    assert cli(*of, "--bazelrc", "gemm.rc").code == 0
    taken = cli(*of, "--bazelrc", "gemm.rc", "--config", "gemm", "--json")
    assert [(each["code"], taken.code) for each in taken.json["problems"]] == [("OPS121", 1)]
    assert "does not have tensorflow/core/kernels/conv_2d.cc" in taken.json["problems"][0]["reason"]
    # Of a configuration that the checkout has nobody knows whether the build is one of it.
    shutil.copy("gemm.rc", trimmed / ".bazelrc")
    perhaps = cli(*of, "--json")
    assert (perhaps.code, perhaps.json["verdict"]) == (0, "ok")
    (sentence,) = perhaps.json["unjudged"]
    assert f"conv_2d.cc, which is needed where {GEMM}" in sentence
    assert cli(*of, "--summary").out.endswith("; 1 thing not judged\n")
    assert cli(*of, "--build", "makefile", "--json").json["unjudged"] == []
    (trimmed / ".bazelrc").write_text("build --define=conv=gemm\n")
    assert [each["code"] for each in cli(*of, "--json").json["problems"]] == ["OPS121"]


def test_kernels_of_a_branch_are_there_where_the_build_takes_it(cli: Cli, trimmed: Path) -> None:
    path = trimmed / "tensorflow/core/kernels/BUILD"
    text = path.read_text()
    path.write_text(text.replace('"relu_op.cc",', "").replace("conv_ops_using_gemm.cc", "relu_op.cc"))
    of = ("verify", RELU, "--against", trimmed, "--build", "bazel", "--json")
    (lacking,) = cli(*of).json["problems"]
    assert (lacking["code"], f"(it would only where {GEMM})" in lacking["reason"]) == ("OPS119", True)
    (trimmed / ".bazelrc").write_text("build:gemm --define=conv=gemm\n")
    outcome = cli(*of)
    assert (outcome.code, outcome.json["verdict"]) == (1, "not known")
    assert [each["code"] for each in outcome.json["problems"]] == ["OPS127"]
    (trimmed / ".bazelrc").write_text("build --define=conv=gemm\n")
    assert cli(*of).json["problems"] == []


@pytest.mark.parametrize(
    ("arguments", "lists", "named"),
    [
        (("--profile", "android-slim"), ["bazel", "makefile"], " (the lists of Bazel and the makefile's list)"),
        (("--profile", "android-slim", "--build", "makefile"), ["makefile"], " (the makefile's list)"),
        (("--profile", "ios"), ["makefile"], " (the makefile's list)"),
        (("--profile", "desktop"), [], ""),
    ],
)
def test_the_verdict_says_whose_lists_were_judged(
    cli: Cli, arguments: tuple[str, ...], lists: list[str], named: str
) -> None:
    of = ("verify", RELU, "--tensorflow", "1.15", *arguments)
    assert cli(*of, "--json").json["lists"] == lists
    assert (
        cli(*of, "--summary").out == f"ok: 1 model against TensorFlow 1.15.5, profile {arguments[1]}, default{named}\n"
    )


def test_lists_that_do_not_count_are_not_named(cli: Cli) -> None:
    Path("files.txt").write_text("tensorflow/core/kernels/relu_op.cc\n")
    assert cli("verify", RELU, "--tensorflow", "1.15", "--against", "files.txt", "--json").json["lists"] == []
    # A release that has those of one build needs no words for it.
    assert cli("verify", RELU, "--tensorflow", "2.14", "--json").json["lists"] == ["bazel"]
    assert cli("verify", RELU, "--tensorflow", "2.14").out.endswith(", profile android, default\n")
