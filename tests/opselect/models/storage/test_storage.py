"""Files on disk and behind URLs answer alike."""

from __future__ import annotations

import gc
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from kernel_index.errors import InputError
from opselect.models.storage import (
    RemoteBytes,
    base_name,
    folder_of,
    is_file,
    join,
    list_folder,
    open_file,
    source_of,
    with_suffix,
)

Write = Callable[[str, bytes], None]


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A folder with ``a.bin`` and an empty ``b.bin``."""
    if request.param == "disk":
        (tmp_path / "a.bin").write_bytes(b"0123456789")
        (tmp_path / "b.bin").touch()
        yield str(tmp_path)
        return
    files = fsspec.filesystem("memory")
    files.pipe({"/models/a.bin": b"0123456789", "/models/b.bin": b""})
    yield "memory://models"
    files.rm("/models", recursive=True)


def test_a_folder_lists_its_entries(folder: str) -> None:
    assert list_folder(folder) == ("a.bin", "b.bin")
    assert list_folder(join(folder, "a.bin")) is None
    assert list_folder(join(folder, "nothing")) is None


def test_files_are_told_from_folders(folder: str) -> None:
    assert is_file(join(folder, "a.bin"))
    assert not is_file(folder)
    assert not is_file(join(folder, "nothing"))
    assert base_name(join(folder, "a.bin")) == "a.bin"


def test_a_file_is_read_whole_and_in_parts(folder: str) -> None:
    path = join(folder, "a.bin")
    with open_file(path) as file:
        assert file.buffer[:] == b"0123456789"
        assert file.path == path
        source = file.source
    assert pickle.loads(pickle.dumps(source)).read(3, 4) == b"3456"
    assert source_of(path).size == 10
    assert source_of(path).read(8, 2) == b"89"


def test_what_was_fetched_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    files = fsspec.filesystem("memory")
    files.pipe({"/copied/a.bin": b"0123456789"})
    with open_file("memory://copied/a.bin") as file:
        source = file.source
    del file
    stored = pickle.dumps(source)
    assert isinstance(source, RemoteBytes)
    assert source.copy is not None
    copy = Path(source.copy.path)
    with monkeypatch.context() as patch:
        patch.setattr(files, "cat_file", lambda *_, **__: pytest.fail("asked the server again"))
        assert source.read(3, 4) == b"3456"
        with pytest.raises(InputError, match="changed while it was in use"):
            source.read(8, 3)
    assert copy.exists()
    del source
    gc.collect()
    assert not copy.exists()
    assert pickle.loads(stored).read(3, 4) == b"3456"
    files.rm("/copied", recursive=True)


def test_a_range_that_is_not_there_is_an_error(folder: str) -> None:
    with pytest.raises(InputError, match="changed while it was in use"):
        source_of(join(folder, "a.bin")).read(8, 3)


def test_an_empty_file_and_a_missing_one_are_errors(folder: str) -> None:
    with pytest.raises(InputError, match="the file is empty"), open_file(join(folder, "b.bin")):
        pass
    assert source_of(join(folder, "b.bin")).size == 0
    with pytest.raises(InputError, match=r"nothing"), open_file(join(folder, "nothing")):
        pass


@pytest.mark.parametrize(
    ("path", "folder", "name", "other"),
    [
        ("a/b.bin", "a", "b.bin", "a/b.bin.index"),
        ("b.bin", ".", "b.bin", "b.bin.index"),
        ("/b.bin", "/", "b.bin", "/b.bin.index"),
        ("gs://bucket/a/b.bin", "gs://bucket/a", "b.bin", "gs://bucket/a/b.bin.index"),
        ("memory://b.bin", "memory://", "b.bin", "memory://b.bin.index"),
        ("zip://a/b::gs://x/y.zip", "zip://a::gs://x/y.zip", "b", "zip://a/b.index::gs://x/y.zip"),
        ("zip://b::file:///y.zip", "zip://::file:///y.zip", "b", "zip://b.index::file:///y.zip"),
    ],
)
def test_parts_of_paths(path: str, folder: str, name: str, other: str) -> None:
    assert (folder_of(path), base_name(path), with_suffix(path, ".index")) == (folder, name, other)
    assert join(folder, name) == path


def test_a_scheme_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(InputError, match="nosuch"):
        source_of("nosuch://bucket/model.pb")


def test_a_driver_that_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError("Install gcsfs to access Google Cloud Storage")

    monkeypatch.setattr(fsspec.core, "url_to_fs", missing)
    with pytest.raises(InputError, match=r"opselect\[gcs\]"):
        source_of("gs://bucket/model.pb")


def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="is no regular file"):
        source_of(str(tmp_path / "pipe"))


def test_a_path_with_a_null_byte_is_an_error() -> None:
    with pytest.raises(InputError, match="is no path"):
        source_of("a\0b")


def test_an_empty_path_is_not_the_folder_we_are_in() -> None:
    with pytest.raises(InputError, match="'': is no path"):
        list_folder("")
