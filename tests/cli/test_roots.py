"""Kernels of one's own over the index of a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

SOURCE = """
#include "tensorflow/core/framework/register_types.h"
REGISTER_OP("Mine").Input("x: T").Output("y: T").Attr("T: {float, half}");
#define REGISTER(T) REGISTER_KERNEL_BUILDER(Name("Mine").Device(DEVICE_CPU).TypeConstraint<T>("T"), MineOp<T>);
TF_CALL_half(REGISTER) TF_CALL_float(REGISTER)
"""
RELU = 'REGISTER_KERNEL_BUILDER(Name("Relu").Device(DEVICE_CPU).TypeConstraint<float>("T"), MyRelu);\n'


@pytest.fixture
def my_ops(tmp_path: Path) -> Path:
    folder = tmp_path / "my_ops"
    folder.mkdir()
    (folder / "mine.cc").write_text(SOURCE)
    return folder


def test_the_types_of_a_profile_are_those_of_the_release(cli: Cli, my_ops: Path) -> None:
    outcome = cli("locate", "Mine", "--tensorflow", "2.14", "--root", my_ops, "--json")
    kernels = {tuple(row["constraints"]["T"]): row["profiles"] for row in outcome.json["ops"]["Mine"]}
    assert set(kernels) == {("DT_FLOAT",), ("DT_HALF",)}
    assert "android" in kernels["DT_FLOAT",]
    assert "android" not in kernels["DT_HALF",]
    assert "android-full" in kernels["DT_HALF",]


def test_an_index_of_both_is_written(cli: Cli, my_ops: Path, tmp_path: Path) -> None:
    index = tmp_path / "both.opselidx"
    assert cli("index", "scan", "--base", "2.14", "--root", my_ops, "-o", index).code == 0
    rows = cli("locate", "Mine", "MatMul", "--index", index, "--json").json["ops"]
    assert {row["file"] for row in rows["Mine"]} == {"my_ops/mine.cc"}
    assert rows["MatMul"] == cli("locate", "MatMul", "--tensorflow", "2.14", "--json").json["ops"]["MatMul"]


def test_a_kernel_in_the_way_of_the_releases_is_a_warning(cli: Cli, my_ops: Path) -> None:
    (my_ops / "relu.cc").write_text(RELU)
    outcome = cli("locate", "Relu", "--tensorflow", "2.14", "--root", my_ops)
    assert outcome.code == 0
    assert (
        "my_ops/relu.cc:1: a kernel of Relu for CPU collides with the one at tensorflow/core/kernels/relu_op.cc:"
        in (outcome.err)
    )


def test_a_part_of_a_fork_takes_the_place_of_the_releases_files(cli: Cli, tmp_path: Path) -> None:
    kernels = tmp_path / "fork/tensorflow/core/kernels"
    kernels.mkdir(parents=True)
    (kernels / "relu_op.cc").write_text(RELU)
    outcome = cli("locate", "Relu", "--tensorflow", "2.14", "--root", tmp_path / "fork", "--json")
    rows = outcome.json["ops"]["Relu"]
    assert [row["kernel_class"] for row in rows if row["file"] == "tensorflow/core/kernels/relu_op.cc"] == ["MyRelu"]
    assert outcome.err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "either TREE or --base"),
        (["--base", "2.14"], "--base takes the folders of --root"),
        (["--base", "2.14", "--root", ".", "-D", "X"], "neither -D"),
        (["--base", "9.9", "--root", "."], "no shipped index of TensorFlow 9.9"),
    ],
)
def test_what_cannot_be_meant(cli: Cli, arguments: list[str], words: str, tmp_path: Path) -> None:
    outcome = cli("index", "scan", *arguments, "-o", tmp_path / "x.opselidx")
    assert outcome.code == 2
    assert words in outcome.err
    assert not (tmp_path / "x.opselidx").exists()


def test_a_folder_without_sources_is_an_error(cli: Cli, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    outcome = cli("locate", "Relu", "--tensorflow", "2.14", "--root", empty)
    assert outcome.code == 2
    assert "contains no C++ source file" in outcome.err
