"""A checkout's lists, edited for a model on the command line."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Model

BUILD = Path("tensorflow/tensorflow/core/kernels/BUILD")
LIST = Path("tensorflow/tensorflow/contrib/makefile/tf_op_files.txt")


@pytest.fixture(autouse=True)
def tree(small_tree: Path, tmp_path: Path) -> None:
    """A checkout of its own in the folder that the command line runs in."""
    shutil.copytree(small_tree, tmp_path / "tensorflow")


def test_without_write_the_edit_is_only_shown(cli: Cli, model: Model) -> None:
    before = BUILD.read_text()
    outcome = cli("apply", str(model("Mul")), "--tree", "tensorflow")
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
    assert again.json["written"]
    assert again.json["files"] == []
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
    assert cli("apply", str(model("Mul")), "--tree", "tensorflow", "--undo").code == 2


@pytest.mark.parametrize(
    ("name", "broken"), [(BUILD, "\nprint 'x'\n"), (BUILD, "\n# \udce9\n"), (LIST, "\n# \udce9\n")]
)
def test_a_list_that_cannot_be_read_leaves_every_file_as_it_is(cli: Cli, model: Model, name: Path, broken: str) -> None:
    """Neither is edited nor written: the other list would say something else."""
    LIST.parent.mkdir(parents=True)
    LIST.write_text("tensorflow/core/kernels/mul_op.cc\ntensorflow/core/kernels/cumsum_op.cc\n")
    name.write_bytes(name.read_bytes() + broken.encode("utf-8", "surrogateescape"))
    before = [BUILD.read_bytes(), LIST.read_bytes()]
    index = cli("index", "scan", "tensorflow", "-o", "tree.opselidx", "-q")
    sources = [("--tree", "tensorflow"), *([("--index", "tree.opselidx")] if index.code == 0 else [])]
    commands: list[tuple[str, ...]] = [("apply", str(model("Mul")), "--tree", "tensorflow", "--write", "-q")]
    commands += [("generate", str(model("Mul")), *source, "--out", "lists", "-q") for source in sources]
    commands += [("generate", str(model("Mul")), *source, "--json", "-q") for source in sources]
    for command in commands:
        outcome = cli(*command)
        assert (outcome.code, outcome.out) == (2, "")
        line = name.read_bytes().count(b"\n")
        assert f"error: {name.relative_to('tensorflow')}:{line}: " in outcome.err
    assert not Path("lists").exists()
    assert [BUILD.read_bytes(), LIST.read_bytes()] == before


def test_entries_that_begin_with_a_dot_are_not_added_again(cli: Cli, model: Model) -> None:
    LIST.parent.mkdir(parents=True)
    LIST.write_text("./tensorflow/core/kernels/mul_op.cc\n")
    outcome = cli("apply", str(model("Mul")), "--tree", "tensorflow", "--mode", "extend", "--json")
    (edited,) = outcome.json["files"]
    assert edited["diff"].endswith(
        " ./tensorflow/core/kernels/mul_op.cc\n"
        "+tensorflow/core/kernels/placeholder_op.cc\n"
        "+tensorflow/core/ops/math_ops.cc\n"
    )
    checked = cli("check", "--tree", "tensorflow", "--json").json["findings"]
    assert not [f for f in checked if f["kind"] in ("missing-file", "drift") and "mul_op.cc" in f["message"]]
    LIST.write_text(LIST.read_text() + "tensorflow/core/kernels/mul_op.cc\n")
    checked = cli("check", "--tree", "tensorflow", "--json").json["findings"]
    assert [(f["line"], f["entry"]) for f in checked if f["kind"] == "duplicate-entry"] == [
        (2, "tensorflow/core/kernels/mul_op.cc")
    ]


def test_nothing_outside_of_the_checkout_is_edited_unasked(cli: Cli, model: Model) -> None:
    path = model("Mul")
    BUILD.rename("outside")
    BUILD.symlink_to(Path("outside").resolve())
    before = Path("outside").read_bytes()
    line = ("apply", path, "--tree", "tensorflow", "--write", "-q")
    outcome = cli(*line)
    assert outcome.code == 2
    assert "tensorflow/core/kernels/BUILD:1: is behind a link that leads out of the tree" in outcome.err
    assert Path("outside").read_bytes() == before
    assert cli(*line, "--follow-links").code == 0
    assert BUILD.is_symlink()
    assert Path("outside").read_bytes() != before
    assert cli("apply", "--tree", "tensorflow", "--undo").code == 2
    assert cli("apply", "--tree", "tensorflow", "--undo", "--follow-links").code == 0
    assert Path("outside").read_bytes() == before


def test_a_journal_behind_a_link_is_not_written_unasked(cli: Cli, model: Model) -> None:
    before = BUILD.read_bytes()
    Path("tensorflow/.opselect-undo.json").symlink_to(Path("new.json").resolve())
    outcome = cli("apply", model("Mul"), "--tree", "tensorflow", "--write")
    assert outcome.code == 2
    assert ".opselect-undo.json: is behind a link" in outcome.err
    assert not Path("new.json").exists()
    assert BUILD.read_bytes() == before


def test_links_that_stay_in_the_checkout_are_followed(cli: Cli, model: Model) -> None:
    BUILD.rename("tensorflow/real")
    BUILD.symlink_to("../../../real")
    before = Path("tensorflow/real").read_bytes()
    assert cli("apply", model("Mul"), "--tree", "tensorflow", "--write", "-q").code == 0
    assert BUILD.is_symlink()
    assert Path("tensorflow/real").read_bytes() != before
    assert cli("apply", "--tree", "tensorflow", "--undo", "-q").code == 0
    assert Path("tensorflow/real").read_bytes() == before


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("name", [BUILD, LIST])
def test_what_is_no_file_in_place_of_a_list_leaves_every_file_as_it_is(
    cli: Cli, model: Model, name: Path, kind: str
) -> None:
    LIST.parent.mkdir(parents=True)
    LIST.write_text("tensorflow/core/kernels/mul_op.cc\ntensorflow/core/kernels/cumsum_op.cc\n")
    name.unlink()
    name.mkdir() if kind == "folder" else os.mkfifo(name)
    before = [path.read_bytes() for path in (BUILD, LIST) if path.is_file()]
    for command in ("apply --write", "generate --out lists"):
        word, *options = command.split()
        outcome = cli(word, model("Mul"), "--tree", "tensorflow", *options, "-q")
        assert (outcome.code, outcome.out) == (2, "")
        assert f"error: {name.relative_to('tensorflow')}" in outcome.err
        assert "is no file" in outcome.err
    assert not Path("lists").exists()
    assert [path.read_bytes() for path in (BUILD, LIST) if path.is_file()] == before


def test_one_file_by_two_names_is_not_edited(cli: Cli, model: Model) -> None:
    LIST.parent.mkdir(parents=True)
    LIST.symlink_to("../../core/kernels/BUILD")
    before = BUILD.read_bytes()
    outcome = cli("apply", model("Mul"), "--tree", "tensorflow", "--write", "-q")
    assert outcome.code == 2
    assert "tf_op_files.txt: is the same file as tensorflow/core/kernels/BUILD" in outcome.err
    assert BUILD.read_bytes() == before


def test_a_list_that_leads_round_in_a_circle_is_an_error(cli: Cli, model: Model) -> None:
    LIST.parent.mkdir(parents=True)
    LIST.symlink_to(LIST.name)
    assert cli("apply", model("Mul"), "--tree", "tensorflow", "--write", "-q").code == 2
    assert cli("apply", "--tree", "tensorflow", "--undo").code == 2
