"""Kernels of one's own over the index of a release."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.store import open_index
from tests.cli.conftest import Cli
from tests.kernel_index.build_files.drawing import plant

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
        (["--base", "2.14", "--root", ".", "--release", "2.14"], "neither --release nor --uncut"),
        (["--base", "9.9", "--root", "."], "no shipped index of TensorFlow 9.9"),
    ],
)
def test_what_cannot_be_meant(cli: Cli, arguments: list[str], words: str, tmp_path: Path) -> None:
    outcome = cli("index", "scan", *arguments, "-o", tmp_path / "x.opselidx")
    assert outcome.code == 2
    assert words in outcome.err
    assert not (tmp_path / "x.opselidx").exists()


VERSIONED = """
REGISTER_OP("Always").Input("x: float");
#if MY_VERSION >= 2006
REGISTER_KERNEL_BUILDER(Name("Newer").Device(DEVICE_CPU), NewerOp);
#endif
#ifndef ODD
REGISTER_KERNEL_BUILDER(Name("Even").Device(DEVICE_CPU), EvenOp);
#endif
"""


def test_macros_for_the_folders_of_root(cli: Cli, my_ops: Path, tmp_path: Path) -> None:
    (my_ops / "newer.cc").write_text(VERSIONED)
    over = ("--tensorflow", "2.14", "--root", my_ops)
    plain = cli("locate", "Newer", *over)
    assert plain.code == 1
    assert "1 more (CPU) in no profile: would need MY_VERSION >= 2006\n" in plain.out
    assert cli("locate", "Even", "Newer", *over, "-D", "MY_VERSION=2014", "--profile", "android").code == 0
    assert cli("locate", "Even", *over, "-D", "ODD").code == 1
    assert cli("locate", "Even", *over, "-D", "ODD", "-U", "ODD").code == 0
    index = tmp_path / "both.opselidx"
    assert cli("index", "scan", "--base", "2.14", "--root", my_ops, "-D", "MY_VERSION=2014", "-o", index).code == 0
    assert cli("locate", "Newer", "--index", index, "--profile", "android-slim").code == 0


def test_a_folder_of_tests_alone_says_so(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    (folder / "my_op_test.cc").write_text('REGISTER_KERNEL_BUILDER(Name("My").Device("CPU"), MyOp);')
    outcome = cli("locate", "My", "--tensorflow", "2.14", "--root", folder)
    assert outcome.code == 2
    assert "lib/my_op_test.cc is a test or a helper of tests, by its name" in outcome.err


def test_a_byte_order_mark_is_no_text(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    header = '#define REG(n) REGISTER_KERNEL_BUILDER(Name(n).Device("CPU"), MyOp)\n'
    (folder / "reg.h").write_text(header, encoding="utf-8-sig")
    (folder / "my.cc").write_text('#include "reg.h"\nREG("My");\n', encoding="utf-8-sig")
    assert cli("locate", "My", "--tensorflow", "2.14", "--root", folder).code == 0


RELEASES = """
#if TF_MAJOR_VERSION > 2 || (TF_MAJOR_VERSION == 2 && TF_MINOR_VERSION >= 6)
REGISTER_KERNEL_BUILDER(Name("Late").Device(DEVICE_CPU), LateOp);
#else
REGISTER_KERNEL_BUILDER(Name("Early").Device(DEVICE_CPU), EarlyOp);
#endif
#if TF_MAJOR_VERSION < 2
REGISTER_KERNEL_BUILDER(Name("First").Device(DEVICE_CPU), FirstOp);
#endif
"""


def test_the_version_that_folders_of_root_ask_for_is_the_releases(cli: Cli, my_ops: Path, tmp_path: Path) -> None:
    (my_ops / "releases.cc").write_text(RELEASES)
    for release, has, lacks in (("2.14", "Late", "Early"), ("2.4", "Early", "Late")):
        over = ("--tensorflow", release, "--root", my_ops)
        assert cli("locate", has, *over, "--profile", "android").code == 0
        assert cli("locate", lacks, *over, "--profile", "android").code == 1
    assert "would need TF_MAJOR_VERSION < 2\n" in cli("locate", "First", "--tensorflow", "2.14", "--root", my_ops).out
    model = tmp_path / "first.pbtxt"
    model.write_text('node { name: "n" op: "First" }')
    told = cli("generate", model, "--tensorflow", "2.14", "--root", my_ops, "--out", tmp_path / "lists")
    assert told.code == 1
    assert "It is for other releases of TensorFlow" in " ".join(told.err.split())
    assert "Build TensorFlow with" not in told.out + told.err


def test_macros_without_sources_to_apply_them_to(cli: Cli) -> None:
    outcome = cli("locate", "Relu", "--tensorflow", "2.14", "-D", "X")
    assert outcome.code == 2
    assert "-D and -U need the sources: use --tree PATH or --root DIR" in outcome.err


def test_a_header_that_is_found_from_the_root_is_a_file_of_that_root(cli: Cli, tmp_path: Path) -> None:
    kernel = 'REGISTER_KERNEL_BUILDER(Name("{0}").Device(DEVICE_CPU), {0}Op);\n'
    for lib, op in (("one", "First"), ("two", "Second")):
        (tmp_path / lib / "kernels").mkdir(parents=True)
        (tmp_path / lib / "kernels/names.h").write_text("#pragma once\n")
        (tmp_path / lib / "kernels/a_op.cc").write_text('#include "kernels/names.h"\n' + kernel.format(op))
    roots = ("--root", tmp_path / "one", "--root", tmp_path / "two")
    index = tmp_path / "both.opselidx"
    assert cli("index", "scan", "--base", "2.14", *roots, "-o", index).code == 0
    found = open_index(index).includes
    assert found["one/kernels/a_op.cc"] == ("one/kernels/names.h",)
    assert found["two/kernels/a_op.cc"] == ("two/kernels/names.h",)
    for name in ("one", "two"):  # a root that holds a folder of its own name
        (tmp_path / name).rename(tmp_path / f"{name}-inner")
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}-inner").rename(tmp_path / name / name)
    source = tmp_path / "one/one/kernels/a_op.cc"
    source.write_text(source.read_text().replace("kernels/names.h", "one/kernels/names.h"))
    assert cli("index", "scan", "--base", "2.14", *roots, "-o", index).code == 0
    assert open_index(index).includes["one/one/kernels/a_op.cc"] == ("one/one/kernels/names.h",)


def test_a_root_with_a_folder_for_tensorflow_is_no_fork(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "lib/tensorflow/data"
    folder.mkdir(parents=True)
    (folder / "mine.cc").write_text('REGISTER_KERNEL_BUILDER(Name("Mine").Device(DEVICE_CPU), MineOp);\n')
    outcome = cli("locate", "Mine", "--tensorflow", "2.14", "--root", tmp_path / "lib", "--json")
    assert {row["file"] for row in outcome.json["ops"]["Mine"]} == {"lib/tensorflow/data/mine.cc"}


def test_a_root_of_the_name_of_a_folder_of_the_release(cli: Cli, tmp_path: Path) -> None:
    root = tmp_path / "ml/tensorflow"
    root.mkdir(parents=True)
    (root / "mine.cc").write_text('REGISTER_KERNEL_BUILDER(Name("Mine").Device(DEVICE_CPU), MineOp);\n')
    outcome = cli("locate", "Mine", "--tensorflow", "2.14", "--root", root, "--json")
    assert {row["file"] for row in outcome.json["ops"]["Mine"]} == {"tensorflow-2/mine.cc"}


def test_a_registration_that_cannot_be_evaluated_is_named_where_its_op_is_missing(cli: Cli, tmp_path: Path) -> None:
    root = tmp_path / "ops"
    root.mkdir()
    (root / "odd.cc").write_text(
        'REGISTER_OP("Odd").Input("x: float");\nREGISTER_KERNEL_BUILDER(Name(Spelled(3)).Device(DEVICE_CPU), OddOp);\n'
    )
    (tmp_path / "model.pbtxt").write_text(
        'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }\n'
        'node { name: "y" op: "Odd" input: "x" }\nnode { name: "z" op: "Odder" input: "x" }\n'
    )
    index = tmp_path / "both.opselidx"
    scanned = cli("index", "scan", "--base", "2.14", "--root", root, "-o", index)
    assert "1 place could not be evaluated:\n    ops/odd.cc:2: the value of 'Spelled(3)' is not known\n" in scanned.err
    for source in (("--tensorflow", "2.14", "--root", root), ("--index", index)):
        outcome = cli("generate", tmp_path / "model.pbtxt", *source, "--out", tmp_path / "out")
        assert outcome.code == 1
        heading, first, second, reason, *advice = outcome.err.partition("  OPS110")[2].splitlines()
        assert heading == "  2 kernels: a registration that may be of the op could not be evaluated"
        assert [line.split()[0] for line in (first, second)] == ["Odd", "Odder"]
        assert reason.strip() == "a registration in ops/odd.cc:2 could not be evaluated and may be this op"
        assert "XLA" not in " ".join(advice)
        assert "--root" not in " ".join(advice)
        located = cli("locate", "Odd", *source)
        assert located.code == 1
        assert "Odd: a registration in ops/odd.cc:2 could not be evaluated and may be this op" in located.err


def test_a_folder_without_sources_is_an_error(cli: Cli, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    outcome = cli("locate", "Relu", "--tensorflow", "2.14", "--root", empty)
    assert outcome.code == 2
    assert "contains no C++ source file" in outcome.err


HEADER_OPS = """
--- ops/mine.cc
#include "mine_ops.h"
--- ops/mine_ops.h
#pragma once
REGISTER_OP("Mine").Input("x: T").Output("y: T").Attr("T: {float}");
--- kernels/mine.cc
REGISTER_KERNEL_BUILDER(Name("Mine").Device("CPU").TypeConstraint<float>("T"), MineOp);
"""
USES_MINE = (
    'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } }\n'
    'node { name: "m" op: "Mine" input: "x" attr { key: "T" value { type: DT_FLOAT } } }\n'
)


@pytest.mark.parametrize("target", ["makefile", "list", "bazel"])
def test_an_op_in_a_header_comes_with_the_source_that_includes_it(cli: Cli, target: str, tmp_path: Path) -> None:
    root = plant(tmp_path / "my_ops", HEADER_OPS)
    model = tmp_path / "m.pbtxt"
    model.write_text(USES_MINE)
    out = tmp_path / "o"
    outcome = cli("generate", model, "--tensorflow", "1.13", "--root", root, "--target", target, "--out", out)
    assert outcome.code == 0
    (listed,) = (path.read_text() for path in out.iterdir())
    listed = listed.replace(":", "/")
    assert "my_ops/ops/mine.cc" in listed
    assert "my_ops/kernels/mine.cc" in listed
    assert ("my_ops/ops/mine_ops.h" in listed) == (target == "bazel")


def test_kernels_of_ones_own_are_left_out_of_nothing(cli: Cli, tmp_path: Path) -> None:
    root = plant(tmp_path / "my_ops", HEADER_OPS)
    model = tmp_path / "m.pbtxt"
    model.write_text(USES_MINE)
    outcome = cli("generate", model, "--tensorflow", "1.13", "--root", root, "--out", tmp_path / "o")
    assert outcome.code == 0
    assert "left out" not in (outcome.out + outcome.err).lower()


def test_of_a_shipped_base_nothing_is_said_again_and_a_macro_that_fails_often_is_one_line(
    cli: Cli, tmp_path: Path
) -> None:
    root = tmp_path / "ops"
    root.mkdir()
    uses = "".join(f"REG({number});\n" for number in range(1000))
    macro = "#define REG(N) REGISTER_KERNEL_BUILDER(Name(Spelled(N)).Device(DEVICE_CPU), Op<N>)"
    (root / "odd.cc").write_text(f"{macro}\n{uses}")
    found = cli("locate", "MatMul", "--tensorflow", "2.14", "--root", root)
    warnings = [line for line in found.err.splitlines() if line.startswith("warning: ")]
    alike = "and 999 more registrations through REG that fail alike"
    assert warnings == [f"warning: ops/odd.cc:2: the value of 'Spelled(0)' is not known; {alike}"]
