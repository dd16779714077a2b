"""Parts of files copied by two threads and by one: the same bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opselect.models.storage import copying
from opselect.models.storage.copying import BUFFER, SHARED, Copier

DATA = os.urandom(SHARED + BUFFER + 77)


@pytest.fixture(params=[1, 2], ids=["alone", "shared"])
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(copying, "_cores", lambda: request.param)
    count: int = request.param
    return count


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(DATA)
    return path


@pytest.mark.usefixtures("cores")
@pytest.mark.parametrize("before", [b"", b"head", b"x" * 4096])
@pytest.mark.parametrize("flags", [0, os.O_APPEND])
def test_pieces_stand_one_after_the_other(source: Path, tmp_path: Path, before: bytes, flags: int) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"there ")
    with source.open("rb") as file:
        output = os.open(target, os.O_WRONLY | flags)
        os.lseek(output, 0, os.SEEK_END)
        copier = Copier(output)
        copier.write(before)
        assert copier.copy(file.fileno(), 5, len(DATA) - 5) == len(DATA)
        copier.write(b"between")
        assert copier.copy(file.fileno(), 3, SHARED) == 3 + SHARED
        copier.write(b"end")
        os.close(output)
    assert target.read_bytes() == b"there " + before + DATA[5:] + b"between" + DATA[3 : 3 + SHARED] + b"end"


@pytest.mark.usefixtures("cores")
@pytest.mark.parametrize("missing", [1, BUFFER + 1, 2 * BUFFER])
def test_a_file_that_became_shorter_is_noticed_where_it_ends(source: Path, tmp_path: Path, missing: int) -> None:
    with source.open("rb") as file, (tmp_path / "target").open("wb") as target:
        os.truncate(source, len(DATA) - missing)
        assert Copier(target.fileno()).copy(file.fileno(), 0, len(DATA)) == len(DATA) - missing


@pytest.mark.usefixtures("cores")
def test_pipes_are_written_in_order(source: Path) -> None:
    import threading

    reading, writing = os.pipe()
    got: list[bytes] = []

    def read() -> None:
        with os.fdopen(reading, "rb") as pipe:
            got.append(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    with source.open("rb") as file, os.fdopen(writing, "wb") as pipe:
        assert Copier(pipe.fileno()).copy(file.fileno(), 0, len(DATA)) == len(DATA)
    reader.join()
    assert got == [DATA]


@pytest.mark.usefixtures("cores")
def test_what_cannot_be_written_is_said_and_stops_both(source: Path) -> None:
    with source.open("rb") as file, source.open("rb") as target, pytest.raises(OSError, match="descriptor"):
        Copier(target.fileno()).copy(file.fileno(), 0, len(DATA))  # open for reading only


def test_a_failure_of_the_second_thread_alone_is_raised(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    monkeypatch.setattr(copying, "_cores", lambda: 2)
    pread, begun = os.preadv, threading.Event()

    def failing(*arguments: object) -> int:
        if threading.current_thread() is threading.main_thread():
            begun.wait(10)
            return pread(*arguments)  # type: ignore[arg-type]
        begun.set()
        raise MemoryError

    monkeypatch.setattr(os, "preadv", failing)
    with source.open("rb") as file, (tmp_path / "target").open("wb") as target, pytest.raises(MemoryError):
        Copier(target.fileno()).copy(file.fileno(), 0, len(DATA))
