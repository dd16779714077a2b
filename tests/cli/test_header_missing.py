"""What ``--allow-missing`` covers where a header is written: every refusal but that there is no op at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from opselect.build_lists.header.writer import tool_text
from opselect.cli.main import run
from opselect.cli.shared.exit_codes import DONE, NO, UNUSABLE
from opselect.requirements.header_tool import ToolRelease
from opselect.requirements.ops_list import Pair

FLOAT = 'attr { key: "T" value { type: DT_FLOAT } }'
X = 'node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } } } '
RELU = f'node {{ name: "y" op: "Relu" input: "x" {FLOAT} }} '
ABS = f'node {{ name: "z" op: "Abs" input: "x" {FLOAT} }} '

PLACEHOLDER: Pair = ("Placeholder", "PlaceholderOp")
OF_RELU: Pair = ("Relu", "ReluOp<CPUDevice, float>")
OF_ABS: Pair = ("Abs", "UnaryOp<CPUDevice, functor::abs<float>>")
DEFAULT: list[Pair] = [("NoOp", "NoOp"), ("_Recv", "RecvOp"), ("_Send", "SendOp")]

REFUSED = {
    "op of no release": (X + RELU + 'node { name: "n" op: "Nope" input: "x" }', "Nope", [OF_RELU]),
    "other device": (X + RELU + ABS.replace("input", 'device: "/gpu:0" input'), "pinned to a device", [OF_RELU]),
    "no kernel for the type": (X + RELU + ABS.replace("FLOAT", "STRING"), "Abs", [OF_RELU]),
    "graph of a later version": (X + RELU + "versions { min_consumer: 99999 }", "min consumer version", [OF_RELU]),
    "wrong number of inputs": (X + RELU + ABS.replace("input", 'input: "x" input'), "2 inputs", [OF_ABS, OF_RELU]),
    "release that the graph bans": (
        X + RELU + "versions { producer: 27 bad_consumers: 1575 }",
        "GraphDef disallows consumer",
        [OF_RELU],
    ),
}
"""Graphs that 2.14.1 does not run, what is said of each, and what the tool writes of it all the same."""


def generate(folder: Path, models: list[str], *arguments: str) -> int:
    options = ["--tensorflow", "2.14", "--profile", "desktop", "--target", "header", "--quiet"]
    return run(["generate", *models, *options, "--out", str(folder / "out"), *arguments])


def graph(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def as_tool(*pairs: Pair) -> str:
    """What the tool of 2.14 prints for some pairs and the default ones: nothing more and nothing less."""
    return tool_text(sorted([PLACEHOLDER, *DEFAULT, *pairs], key=str), ToolRelease.parse("2.14"))


@pytest.mark.parametrize("refusal", REFUSED)
def test_every_refusal_is_covered_and_said(refusal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, said, pairs = REFUSED[refusal]
    models = [graph(tmp_path, "graph.pbtxt", text)]
    written = tmp_path / "out/ops_to_register.h"
    for compat in ([], ["--compat", "2.14"]):
        assert generate(tmp_path, models, *compat) == NO
        assert said in capsys.readouterr().err
        assert not written.exists()
        assert generate(tmp_path, models, *compat, "--allow-missing") == DONE
        assert said in capsys.readouterr().err
        if compat:
            assert written.read_text() == as_tool(*pairs)
        else:
            assert "// INCOMPLETE" in written.read_text()
        written.unlink()


def test_a_model_that_cannot_be_read_is_left_out_and_the_exit_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.pb"
    bad.write_bytes(b"\x0e\xff no graph")
    models = [graph(tmp_path, "relu.pbtxt", X + RELU), str(bad), graph(tmp_path, "abs.pbtxt", X + ABS)]
    written = tmp_path / "out/ops_to_register.h"
    for compat in ([], ["--compat", "2.14"]):
        assert generate(tmp_path, models, *compat) == NO
        assert not written.exists()
        capsys.readouterr()
        assert generate(tmp_path, models, *compat, "--allow-missing") == NO
        assert "bad.pb" in capsys.readouterr().err
        assert ('"bad.pb" could not be read' in written.read_text()) == (not compat)
        if compat:
            assert written.read_text() == as_tool(OF_RELU, OF_ABS)
        written.unlink()
    assert generate(tmp_path, [str(bad)], "--compat", "2.14", "--allow-missing") == UNUSABLE
    assert not written.exists()


def test_a_graph_without_sense_is_read_as_the_tool_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models = [graph(tmp_path, "twice.pbtxt", X + RELU + RELU.replace("Relu", "Abs"))]
    assert generate(tmp_path, models, "--compat", "2.14") == NO
    assert generate(tmp_path, models, "--compat", "2.14", "--allow-missing") == NO
    assert "two nodes are named 'y'" in capsys.readouterr().err
    assert (tmp_path / "out/ops_to_register.h").read_text() == as_tool(OF_RELU, OF_ABS)


def test_lists_of_the_release_that_cannot_be_read_do_not_matter_where_none_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = Path(shutil.copytree("fixtures/runtime_tree", tmp_path / "tree"))
    (tree / "tensorflow/core/kernels/BUILD").write_text('filegroup(name = "android_core_ops", srcs = [')
    arguments = ["generate", "fixtures/build_models/running_total.pb", "--tree", str(tree), "--profile", "selective"]
    arguments += ["--target", "header", "--quiet"]
    assert run([*arguments, "--out", str(tmp_path / "both"), "--target", "bazel"]) == UNUSABLE
    assert "BUILD" in capsys.readouterr().err
    assert run([*arguments, "--out", str(tmp_path / "out")]) == DONE
    assert (tmp_path / "out/ops_to_register.h").is_file()
