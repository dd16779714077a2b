"""The lists of the fixture runtime after edits, as Bazel and buildifier read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from opselect.cli.main import run
from tests.buildifier import complaints, needs_buildifier
from tests.builds.builders import Make, copy_tree
from tests.builds.conftest import Story, apply
from tests.builds.run_graph import RUNTIME_TREE


@pytest.mark.parametrize("story", ["bazel"], indirect=True)
def test_bazel_reads_the_groups_as_opselect_does(story: Story) -> None:
    conditional = {"tensorflow/core/kernels/conv_ops_using_gemm.cc"}
    assert story.queried - conditional == story.extended.sources - conditional


@needs_buildifier
@pytest.mark.parametrize("edits", [(), ("trim",), ("trim", "extend")])
def test_buildifier_finds_nothing(edits: tuple[str, ...], tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree")
    for mode in edits:
        apply(Make(tree), "tiny_mobilenet" if mode == "trim" else "running_total", mode)
    files = [*tree.rglob("BUILD"), *tree.rglob("*.bzl"), tree / "WORKSPACE"]
    # Bazel 4 has the C++ rules built in.
    assert complaints(files, "--warnings=-native-cc-library,-native-cc-binary") == ""


def test_the_edits_can_be_taken_back(tmp_path: Path) -> None:
    tree = copy_tree(tmp_path / "tree")
    apply(Make(tree), "tiny_mobilenet", "trim")
    apply(Make(tree), "running_total", "extend")
    assert run(["apply", "--tree", str(tree), "--undo", "--quiet"]) == 0
    files = sorted(path.relative_to(RUNTIME_TREE) for path in RUNTIME_TREE.rglob("*") if path.is_file())
    assert sorted(path.relative_to(tree) for path in tree.rglob("*") if path.is_file()) == files
    assert [file for file in files if (tree / file).read_bytes() != (RUNTIME_TREE / file).read_bytes()] == []
