"""Edits of a checkout that are killed at any system call that writes: one command brings either state back."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel_index.errors import SourceTreeError
from opselect.build_lists.edit_checkout import FileEdit
from opselect.build_lists.undo_journal import JOURNAL, apply_edits, undo
from tests.opselect.build_lists.killing import killed_everywhere

BUILD = "tensorflow/core/kernels/BUILD"
LIST = "tensorflow/contrib/makefile/tf_op_files.txt"
MODES = {BUILD: 0o640, LIST: 0o755}

Contents = dict[str, str]


def contents(tree: Path) -> Contents:
    """All files of a tree by their paths."""
    return {path.relative_to(tree).as_posix(): path.read_text() for path in tree.rglob("*") if path.is_file()}


def lists(text: str) -> Contents:
    return {path: f"{path} {text}\n" * 20 for path in (BUILD, LIST)}


def write(tree: Path, text: str) -> None:
    """What ``apply --write`` does: the edits are made of the files as they are."""
    apply_edits(tree, [FileEdit(path, (tree / path).read_text(), after) for path, after in lists(text).items()])


def back(tree: Path) -> None:
    """What ``apply --undo`` does; there may be nothing to undo."""
    try:
        undo(tree)
    except SourceTreeError as error:
        assert "There is nothing to undo" in str(error)  # noqa: PT017 - either is right


@pytest.fixture
def original(tmp_path: Path) -> Path:
    tree = tmp_path / "original"
    for path, text in lists("original").items():
        (tree / path).parent.mkdir(parents=True)
        (tree / path).write_text(text)
        (tree / path).chmod(MODES[path])
    return tree


@pytest.mark.parametrize(
    ("earlier", "action"),
    [
        ((), lambda tree: write(tree, "first")),
        (("first",), lambda tree: write(tree, "second")),
        (("first",), undo),
        (("first", "second"), undo),
    ],
    ids=["first write", "second write", "undo", "undo of two"],
)
def test_whenever_an_edit_is_killed_either_state_comes_back(
    original: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    earlier: tuple[str, ...],
    action: Callable[[Path], object],
) -> None:
    tree, copy = tmp_path / "tree", tmp_path / "copy"
    monkeypatch.setattr(os, "fsync", lambda _: None)  # a call as any other, but for the time that the disk takes

    def fresh() -> None:
        shutil.rmtree(tree, ignore_errors=True)
        shutil.copytree(original, tree)
        for text in earlier:
            write(tree, text)

    def again(recover: Callable[[Path], object]) -> Contents:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(tree, copy)
        recover(copy)
        assert {path: (copy / path).stat().st_mode & 0o777 for path in MODES} == MODES
        return contents(copy)

    points = 0
    states: list[Contents] = []
    seen = set()
    for _ in killed_everywhere(lambda: action(tree), fresh):
        points += 1
        now = contents(tree)
        state = {re.sub(r"\d+-[0-9a-f]{8}", "", path): text for path, text in now.items()}
        if state in states:  # nothing was done between the end of a call and the beginning of the next
            continue
        states.append(state)
        assert all(now[path] in {lists(text)[path] for text in ("original", "first", "second")} for path in MODES)
        seen.add(tuple(now[path].split()[1] for path in (BUILD, LIST)))
        assert again(back) == lists("original")
        for text in ("first", "second"):
            written = again(lambda copy, text=text: write(copy, text))  # type: ignore[misc]
            assert written.keys() == {BUILD, LIST, JOURNAL}
            assert {path: written[path] for path in MODES} == lists(text)
            back(copy)
            assert contents(copy) == lists("original")
    assert points >= 25
    assert len(seen) == 3  # neither file, one of them, both


def test_what_a_killed_edit_left_is_removed_though_there_is_nothing_to_undo(original: Path) -> None:
    for path in (
        original / "..opselect-undo.7-0123abcd.json.tmp",
        (original / BUILD).with_name(".BUILD.7-0123abcd.tmp"),
    ):
        path.touch()
    assert undo(original) == ()
    assert contents(original) == lists("original")
    with pytest.raises(SourceTreeError, match="There is nothing to undo"):
        undo(original)


def test_two_edits_at_once_are_refused(original: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = os.open(original, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        with pytest.raises(SourceTreeError, match="is being edited by another opselect"):
            write(original, "first")
        with pytest.raises(SourceTreeError, match="is being edited by another opselect"):
            undo(original)
    finally:
        os.close(folder)
    write(original, "first")
