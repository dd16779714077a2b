from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel_index.errors import InputError
from kernel_index.whole_files import WholeFiles
from opselect.build_lists.write import write_files, write_outputs


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_written_into_a_new_folder(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    assert write_outputs({"b": "B\n", "a": "Ä\n"}, folder) == (folder / "a", folder / "b")
    assert (folder / "a").read_bytes() == "Ä\n".encode()
    assert names(folder) == ["a", "b"]


def test_what_is_the_same_is_not_touched(tmp_path: Path) -> None:
    write_outputs({"a": "1", "b": "1"}, tmp_path)
    os.utime(tmp_path / "a", (1, 1))
    assert write_outputs({"a": "1", "b": "2"}, tmp_path) == (tmp_path / "b",)
    assert (tmp_path / "a").stat().st_mtime == 1
    assert (tmp_path / "b").read_text() == "2"


def test_nothing_changes_where_one_file_cannot_be_written(tmp_path: Path) -> None:
    write_outputs({"a": "old"}, tmp_path)
    (tmp_path / "z").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_outputs({"a": "new", "z": "new"}, tmp_path)
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a", "z"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_outputs({"a": "1"}, tmp_path / "file" / "out")
    with pytest.raises(InputError, match="cannot be written"):
        write_outputs({"a": "1"}, tmp_path / "file")


def test_a_link_keeps_pointing_to_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_outputs({"link": "new"}, tmp_path)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_folders_that_were_made_are_gone_where_writing_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    (tmp_path / "there").mkdir()
    with monkeypatch.context() as changed:
        changed.setattr(WholeFiles, "open", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_files({tmp_path / "there/a/b/list.txt": "text"}, tmp_path / "new/lists")
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]
