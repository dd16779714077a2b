"""Commands whose output would be written over what they read: refused, with every file as it was."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, Model

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture(autouse=True)
def files(tmp_path: Path, small_tree: Path) -> None:
    shutil.copytree(FIXTURES / "freeze" / "models" / "lstm_dynamic_rnn", tmp_path / "ck")
    shutil.copy(FIXTURES / "models" / "while_v1.pb", tmp_path / "a.pb")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.pb", "a.pb")
        archive.write(tmp_path / "a.pb", "other.pb")
    shutil.copytree(small_tree, tmp_path / "tree")


def contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


STEPS = ("--outputs", "result", "--transforms", "sort_by_execution_order")
INDEX = "the index that is read"
TREE = "a file of the tree that is scanned"
KERNELS_BUILD = "tree/tensorflow/core/kernels/BUILD"
READ = "is part of what is read"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (("transform", "a.zip!a.pb", "a.zip", *STEPS), READ),
        (("transform", "a.pb", "./a.pb", *STEPS), READ),
        (("prepare", "ck/model.ckpt.meta", "--outputs", "output", "-o", "ck/model.ckpt.index"), READ),
        (("freeze", "ck/model.ckpt.meta", "--outputs", "output", "-o", "ck/model.ckpt.data-00000-of-00001"), READ),
        (("freeze", "a.pb", "--outputs", "result", "-o", KERNELS_BUILD, "--tree", "tree"), TREE),
        (("prepare", "a.pb", "--outputs", "result", "-o", KERNELS_BUILD, "--root", "tree"), TREE),
        (("transform", "a.pb", KERNELS_BUILD, *STEPS, "--tree", "tree"), TREE),
        (("freeze", "a.pb", "--outputs", "result", "-o", "link.opselidx", "--index", "tree.opselidx"), INDEX),
        (("prepare", "a.pb", "--outputs", "result", "-o", "tree.opselidx", "--index", "link.opselidx"), INDEX),
        (("transform", "a.pb", "link.opselidx", *STEPS, "--index", "tree.opselidx"), INDEX),
        (("index", "scan", "tree", "-o", KERNELS_BUILD), TREE),
        (("index", "scan", "--base", "tree.opselidx", "--root", "tree", "-o", "link.opselidx"), INDEX),
    ],
)
def test_an_input_is_no_output(cli: Cli, line: tuple[str, ...], problem: str) -> None:
    if problem == INDEX:
        assert cli("index", "scan", "tree", "-o", "tree.opselidx", "-q").code == 0
        Path("link.opselidx").symlink_to("tree.opselidx")
    before = contents()
    outcome = cli(*line)
    assert outcome.code == 2
    assert problem in outcome.err
    assert contents() == before


def test_lists_are_not_written_over_what_they_are_made_of(cli: Cli, model: Model) -> None:
    Path("out").mkdir()
    Path(model("Mul")).rename("out/manifest.json")
    before = contents()
    line = ("generate", "out/manifest.json", "--tree", "tree", "--json", "--out", "out", "-q")
    outcome = cli(*line)
    assert outcome.code == 2
    assert READ in outcome.err
    assert contents() == before


def test_a_graph_in_the_tree_is_made_again(cli: Cli) -> None:
    for _ in range(2):
        assert cli("prepare", "a.pb", "--outputs", "result", "-o", "tree/phone.pb", "--root", "tree", "-q").code == 0


def test_an_index_in_the_tree_is_made_again(cli: Cli) -> None:
    for _ in range(2):
        assert cli("index", "scan", "tree", "-o", "tree/mine.opselidx", "-q").code == 0
