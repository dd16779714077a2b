"""What the runtime adds, on the command line: by default in, ``--no-inserted`` leaves out what it only may insert."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cli.conftest import Cli

MODELS = Path(__file__).parents[2] / "fixtures" / "models"
MOBILENET = MODELS / "tiny_mobilenet.pb"
FUNCTIONS = MODELS / "functions.pb"
RELEASE = ("--tensorflow", "2.14")
FUSED = {"conv_ops_fused_float.cc", "matmul_op_fused.cc"}


def kernel_files(document: Any) -> set[str]:
    return {Path(file["path"]).name for file in document["files"] if file["role"] == "kernel"}


def test_requirements_say_what_may_be_inserted_and_why(cli: Cli) -> None:
    found = cli("requirements", MOBILENET, *RELEASE, "--json").json
    (fused,) = (row for row in found["runtime_ops"] if row["op"] == "_FusedMatMul")
    assert fused["nodes"] == ["MobilenetV2/Logits/BiasAdd"]
    assert fused["inserted"] == (
        "a MatMul (float) whose only reader is a BiasAdd (grappler/optimizers/remapper.cc); only where grappler runs: "
        "Android and iOS builds compile it out"
    )
    left = cli("requirements", MOBILENET, *RELEASE, "--json", "--no-inserted").json
    assert left["ops"] == found["ops"]
    assert "runtime_ops" not in left


def test_the_table_has_sections_for_what_the_runtime_does(cli: Cli) -> None:
    lines = cli("requirements", FUNCTIONS, *RELEASE).out.splitlines()
    assert lines[0] == "9 ops, 24 nodes"
    titles = [line for line in lines[1:] if line and not line.startswith(" ")]
    assert titles == [
        "replaced by the runtime, so that no kernel runs them",
        "added by the runtime",
        "may be inserted by the runtime",
    ]
    assert "  the runtime lowers StatelessWhile into it (common_runtime/lower_while_op.cc):" in lines
    assert ["NextIteration", "T=DT_INT32", "any", "1", "while"] in [line.split() for line in lines]
    assert titles[:2] == [
        line
        for line in cli("requirements", FUNCTIONS, *RELEASE, "--no-inserted").out.splitlines()[1:]
        if line and not line.startswith(" ")
    ]


def test_generate_selects_their_kernels_unless_told_otherwise(cli: Cli) -> None:
    command = ("generate", MOBILENET, *RELEASE, "--target", "manifest", "--json")
    document = cli(*command).json
    assert kernel_files(document) >= FUSED
    (reason,) = (r for k in document["kernels"] if k["op"] == "_FusedMatMul" for r in k["reasons"])
    assert reason["note"].startswith("may be inserted: a MatMul (float) whose only reader is a BiasAdd")
    left = cli(*command, "--no-inserted").json
    assert not kernel_files(left) & FUSED
    assert kernel_files(left) < kernel_files(document)
    assert left["not_inserted"] == []


def test_an_op_without_kernel_in_the_build_is_noted_and_nothing_is_missing(cli: Cli) -> None:
    """The fused batch norm has CPU kernels in builds with oneDNN only."""
    model = Path(__file__).parents[2] / "fixtures" / "runtime" / "graphs" / "norm_relu.pb"
    outcome = cli("generate", model, *RELEASE, "--out", "lists")
    assert outcome.code == 0
    assert "  without kernels for ops that the runtime only may insert: _FusedBatchNormEx" in outcome.err.splitlines()
    (absent,) = cli("generate", model, *RELEASE, "--target", "manifest", "--json").json["not_inserted"]
    assert (absent["op"], absent["nodes"]) == ("_FusedBatchNormEx", ["Relu"])
    assert "oneDNN" in absent["reason"]
    quiet = cli("generate", model, *RELEASE, "--out", "lists", "--no-inserted")
    assert "only may insert" not in quiet.err
    desktop = cli("generate", model, *RELEASE, "--profile", "desktop", "--target", "manifest", "--json").json
    assert desktop["not_inserted"] == []


def test_control_flow_that_is_lowered_is_not_dropped(cli: Cli) -> None:
    command = ("generate", FUNCTIONS, *RELEASE, "--target", "manifest", "--json", "--no-inserted")
    ops = {kernel["op"] for kernel in cli(*command).json["kernels"]}
    assert {"Enter", "Exit", "Merge", "NextIteration", "Switch", "LoopCond", "_Arg", "_Retval"} <= ops
    assert "StatelessWhile" not in ops
