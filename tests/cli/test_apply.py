"""A checkout's lists, edited for a model on the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Model

BUILD = Path("tensorflow/tensorflow/core/kernels/BUILD")


@pytest.fixture(autouse=True)
def tree(small_tree: Path, tmp_path: Path) -> None:
    """A checkout of its own in the folder that the command line runs in."""
    shutil.copytree(small_tree, tmp_path / "tensorflow")


def test_without_write_the_edit_is_only_shown(cli: Cli, model: Model) -> None:
    before = BUILD.read_text()
    outcome = cli("apply", model("Mul"), "--tree", "tensorflow")
    assert outcome.code == 0, outcome.err
    assert '-    srcs = ["cumsum_op.cc"],\n+    srcs = [],\n' in outcome.out
    assert outcome.out.startswith("--- a/tensorflow/core/kernels/BUILD\n")
    assert "--write makes this edit" in outcome.err
    assert BUILD.read_text() == before


def test_an_edit_is_made_once_and_taken_back(cli: Cli, model: Model) -> None:
    before = BUILD.read_bytes()
    path = model("Mul")
    written = cli("apply", path, "--tree", "tensorflow", "--write")
    assert written.code == 0, written.err
    assert written.out == ""
    assert "edited 1 file" in written.err
    assert "cumsum_op.cc" not in BUILD.read_text()
    again = cli("apply", path, "--tree", "tensorflow", "--write", "--json")
    assert again.json == {"written": True, "files": []}
    assert "nothing to change" in again.err
    assert cli("apply", "--tree", "tensorflow", "--undo").err == "restored tensorflow/core/kernels/BUILD\n"
    assert BUILD.read_bytes() == before
    assert cli("apply", "--tree", "tensorflow", "--undo").code == 2


def test_extend_adds_what_the_lists_lack(cli: Cli, model: Model) -> None:
    path = model("Mul")
    assert cli("apply", path, "--tree", "tensorflow", "--write").code == 0
    BUILD.write_text(BUILD.read_text().replace('srcs = ["mul_op.cc"]', "srcs = []"))
    shutil.rmtree("tensorflow/.git", ignore_errors=True)
    Path("tensorflow/.opselect-undo.json").unlink()
    outcome = cli("apply", path, "--tree", "tensorflow", "--mode", "extend", "--json")
    (edited,) = outcome.json["files"]
    assert '+    srcs = ["mul_op.cc"],' in edited["diff"]


def test_nothing_is_edited_for_a_model_that_cannot_run(cli: Cli, model: Model) -> None:
    before = BUILD.read_text()
    outcome = cli("apply", model("Relu"), "--tree", "tensorflow", "--write")
    assert outcome.code == 1
    assert "Nothing was written" in outcome.err
    assert BUILD.read_text() == before


def test_a_file_that_somebody_changed_is_not_touched(cli: Cli, model: Model) -> None:
    path = model("Mul")
    cli("apply", path, "--tree", "tensorflow", "--write")
    BUILD.write_text(BUILD.read_text().replace("srcs = []", 'srcs = [ "cumsum_op.cc" ]'))
    outcome = cli("apply", path, "--tree", "tensorflow", "--write")
    assert outcome.code == 2
    assert "has changes that are not opselect's" in outcome.err


def test_undo_takes_no_models(cli: Cli, model: Model) -> None:
    assert cli("apply", model("Mul"), "--tree", "tensorflow", "--undo").code == 2
