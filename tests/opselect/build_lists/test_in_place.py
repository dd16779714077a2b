"""A checkout's lists, edited and restored."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kernel_index.errors import InputError, SourceTreeError
from opselect.build_lists.edit_checkout import FileEdit, edit_path_list
from opselect.build_lists.undo_journal import JOURNAL, apply_edits, undo

PATH = "tensorflow/core/kernels/BUILD"
LIST = "a/one.cc\n\nb/two.c\nc/three.cc d/four.cc\na/one.cc\n"


def test_lines_of_a_path_list_that_stay_are_kept_as_they_are() -> None:
    wanted = ("a/one.cc", "b/two.c", "c/three.cc", "d/four.cc")
    assert edit_path_list(LIST, wanted, {}) == LIST
    assert edit_path_list(LIST, ("a/one.cc", "d/four.cc"), {}) == "a/one.cc\n\nd/four.cc\na/one.cc\n"
    assert edit_path_list("x.cc\r\ny.cc", ("y.cc", "z.cc"), {}) == "y.cc\nz.cc\n"
    assert edit_path_list("x.cc\r\n", ("x.cc", "z.cc"), {}) == "x.cc\r\nz.cc\r\n"


def test_entries_that_are_there_already_can_go() -> None:
    wanted = ("a/one.cc", "b/two.cc", "c/three.cc", "d/four.cc")
    text = LIST + "b/two.cc\nd/four.cc d/four.cc\n"
    assert edit_path_list(text, wanted, {"b/two.c": "b/two.cc"}, once=True) == (
        "a/one.cc\n\nb/two.cc\nc/three.cc d/four.cc\n"
    )


def test_misspelt_entries_are_written_right() -> None:
    assert edit_path_list("b/two.c\n", ("b/two.cc",), {"b/two.c": "b/two.cc"}) == "b/two.cc\n"


@pytest.mark.parametrize("once", [False, True])
def test_an_entry_is_its_file_however_it_is_spelled(once: bool) -> None:
    text = "./a/one.cc\na//two.c\nb/../a/three.cc\n"
    wanted = ("a/one.cc", "a/two.cc", "a/three.cc")
    right = text.replace("a//two.c\n", "a/two.cc\n")
    assert edit_path_list(text, wanted, {"a/two.c": "a/two.cc"}, once=once) == right
    assert edit_path_list(text, ("a/three.cc",), {}, once=once) == "b/../a/three.cc\n"
    assert edit_path_list("./x.cc x.cc\nx.cc\n", ("x.cc",), {}, once=once) == (
        "./x.cc\n" if once else "./x.cc x.cc\nx.cc\n"
    )


@given(st.lists(st.text("ab \t\v\f\r\n\x1c\x85\u2028\u00a0", max_size=6)))
def test_make_splits_at_ascii_white_space_alone(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    names = [name for name in text.encode().split() if name]
    assert edit_path_list(text, [name.decode() for name in names], {}) == text
    left = [line for line in text.split("\n")[:-1] if not line.encode().split()]
    assert edit_path_list(text, [], {}) == "".join(f"{line}\n" for line in left)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_text("old\n")
    return tmp_path


def edit(tree: Path, after: str) -> FileEdit:
    return FileEdit(PATH, (tree / PATH).read_text(), after)


def test_a_diff_can_be_given_to_patch(tree: Path) -> None:
    assert edit(tree, "new\n").diff() == f"--- a/{PATH}\n+++ b/{PATH}\n@@ -1 +1 @@\n-old\n+new\n"
    assert edit(tree, "old\n").diff() == ""
    subprocess.run(["patch", "-p1"], input=edit(tree, "new").diff().encode(), cwd=tree, check=True, capture_output=True)
    assert (tree / PATH).read_text() == "new"


@given(*[st.text("a\r\n\v\f\x00\x1b\x1c\x1d\x1e\x85\u2028\u2029", max_size=12)] * 2)
@example("a\n# note\x0cmore\nb\n", "# note\x0cmore\nb\n")
def test_a_diff_is_a_patch_whatever_characters_are_in_it(before: str, after: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, PATH)
        path.parent.mkdir(parents=True)
        path.write_bytes(before.encode())
        diff = FileEdit(PATH, before, after).diff().encode()
        done = subprocess.run(["patch", "-p1", "--binary"], input=diff, cwd=folder, check=False, capture_output=True)
        assert done.returncode == 0 or not diff, done.stdout
        # patch takes a file away that becomes empty
        assert (path.read_bytes() if path.exists() else b"") == after.encode()


def test_what_was_written_can_be_taken_back_to_the_very_first(tree: Path) -> None:
    assert apply_edits(tree, [edit(tree, "new\n")]) == (PATH,)
    assert apply_edits(tree, [edit(tree, "newer\n")]) == (PATH,)
    assert apply_edits(tree, [edit(tree, "newer\n")]) == ()
    assert undo(tree) == (PATH,)
    assert (tree / PATH).read_text() == "old\n"
    assert not (tree / JOURNAL).exists()
    with pytest.raises(SourceTreeError, match="has not edited this checkout"):
        undo(tree)


def test_what_somebody_else_changed_is_not_overwritten(tree: Path) -> None:
    apply_edits(tree, [edit(tree, "new\n")])
    (tree / PATH).write_text("mine\n")
    with pytest.raises(SourceTreeError, match="has changes that are not opselect's"):
        apply_edits(tree, [edit(tree, "newer\n")])
    with pytest.raises(SourceTreeError, match="was changed since opselect wrote it"):
        undo(tree)
    assert (tree / PATH).read_text() == "mine\n"


def git(tree: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=tree, check=True, capture_output=True)


@pytest.mark.parametrize("inner", ["", "third_party/tensorflow"])
def test_changes_that_are_not_committed_are_not_overwritten(tree: Path, inner: str) -> None:
    root = tree
    if inner:
        (tree / inner).mkdir(parents=True)
        (tree / "tensorflow").rename(tree / inner / "tensorflow")
        root = tree / inner
    git(tree, "init")
    git(tree, "add", ".")
    git(tree, "commit", "-m", "first")
    (root / PATH).write_text("changed\n")
    with pytest.raises(SourceTreeError, match="has changes that are not opselect's"):
        apply_edits(root, [edit(root, "new\n")])
    git(tree, "commit", "-am", "second")
    assert apply_edits(root, [edit(root, "new\n")]) == (PATH,)
    assert apply_edits(root, [edit(root, "newer\n")]) == (PATH,)


def test_variables_of_a_hook_name_no_other_repository(
    tree: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path_factory.mktemp("other")
    git(other, "init")
    git(tree, "init")
    git(tree, "add", ".")
    git(tree, "commit", "-m", "first")
    (tree / PATH).write_text("mine\n")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    with pytest.raises(SourceTreeError, match="has changes that are not opselect's"):
        apply_edits(tree, [edit(tree, "new\n")])


def test_git_that_does_not_answer_says_nothing_about_changes(
    tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    git(tree, "init")
    git(tree, "add", ".")
    git(tree, "commit", "-m", "first")
    (tree / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(SourceTreeError, match=r"git status fails in .*, so nobody knows"):
        apply_edits(tree, [edit(tree, "new\n")])
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
    with pytest.raises(SourceTreeError, match="there is no git to ask"):
        apply_edits(tree, [edit(tree, "new\n")])
    assert (tree / PATH).read_text() == "old\n"
    (tree / ".git").rename(tree / "git")
    assert apply_edits(tree, [edit(tree, "new\n")]) == (PATH,)


def test_a_file_that_is_taken_back_by_hand_is_as_it_was(tree: Path) -> None:
    apply_edits(tree, [edit(tree, "new\n")])
    (tree / PATH).write_text("old\n")
    assert apply_edits(tree, [edit(tree, "newer\n")]) == (PATH,)
    (tree / PATH).write_text("old\n")
    assert undo(tree) == (PATH,)
    assert not (tree / JOURNAL).exists()


def test_a_journal_of_an_earlier_version(tree: Path) -> None:
    apply_edits(tree, [edit(tree, "new\n")])
    journal = json.loads((tree / JOURNAL).read_text())
    del journal[PATH]["before"]
    (tree / JOURNAL).write_text(json.dumps(journal))
    assert undo(tree) == (PATH,)
    assert (tree / PATH).read_text() == "old\n"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"a": 1}', json.dumps({"../../elsewhere": {"original": "x", "written": "y"}})],
)
def test_a_journal_that_is_none(tree: Path, text: str) -> None:
    (tree / JOURNAL).write_text(text)
    with pytest.raises(InputError, match="is no journal of opselect"):
        undo(tree)
