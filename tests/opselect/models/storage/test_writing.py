"""Pieces of memory and files, written as one file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.graph import Graph, StoredBytes
from opselect.models.storage import JoinedBytes, MemoryBytes, Piece, source_of, write_pieces
from opselect.rewriting.constants import constant_node

ROOT = Path(__file__).parents[4]
PIECES: st.SearchStrategy[Piece] = st.recursive(
    st.binary(max_size=6)
    | st.binary(max_size=6).map(lambda data: StoredBytes(MemoryBytes(b"ab" + data), 2, len(data))),
    lambda inner: st.lists(inner, max_size=3).map(
        lambda pieces: StoredBytes(JoinedBytes(tuple(pieces)), 0, JoinedBytes(tuple(pieces)).size)
    ),
)


def content(piece: Piece) -> bytes:
    return piece if isinstance(piece, bytes) else piece.read()


@given(st.lists(PIECES, max_size=4), st.integers(0, 30), st.integers(0, 30))
def test_joined_bytes_are_read_like_the_whole(pieces: list[Piece], start: int, length: int) -> None:
    whole = b"".join(map(content, pieces))
    joined = JoinedBytes(tuple(pieces))
    assert joined.size == len(whole)
    assert joined.read(start, length) == whole[start : start + length]


def test_large_parts_of_files_and_small_pieces_in_between(tmp_path: Path) -> None:
    weights = os.urandom(9_000_000)
    (tmp_path / "weights").write_bytes(weights)
    source = source_of(str(tmp_path / "weights"))
    far = StoredBytes(source, 1_000, 5_000_000)
    joined = StoredBytes(JoinedBytes((b"head", far, b"tail")), 2, 5_000_004)
    out = tmp_path / "out"
    write_pieces([b"a", joined, StoredBytes(source, 0, 9_000_000), StoredBytes(source, 5, 3), b"z"], str(out))
    assert out.read_bytes() == b"aad" + weights[1_000:5_001_000] + b"ta" + weights + weights[5:8] + b"z"


def test_a_file_that_changed_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"x" * 10_000)
    stored = StoredBytes(source_of(str(tmp_path / "weights")), 0, 10_000)
    (tmp_path / "weights").write_bytes(b"x" * 9_999)
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(InputError, match="changed while it was in use"):
        write_pieces([b"new", stored], str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "weights"]


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        write_pieces([b"x"], str(tmp_path))
    with pytest.raises(InputError, match="there is no such folder"):
        write_pieces([b"x"], str(tmp_path / "no" / "out"))
    with pytest.raises(InputError, match="written to files only"):
        write_pieces([b"x"], "memory://out")


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_pieces([b"in", b"to"], str(tmp_path / "pipe"))
        assert os.read(reader, 9) == b"into"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_stdout_is_written_to_as_it_is(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    for name in ("-", "/dev/stdout"):
        write_pieces([b"in", b"to"], name)
    assert capfdbinary.readouterr().out == b"intointo"


FULL = """
import resource, sys
from opselect.cli.main import run
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
sys.exit(run(["transform", sys.argv[1], sys.argv[2], "--transforms", "remove_device"]))
"""


def test_a_disk_that_is_full_halfway_leaves_what_was_there(tmp_path: Path) -> None:
    weights = np.ones(1 << 20, np.float32)
    write_graph(Graph((constant_node("w", weights, DataType.DT_FLOAT),)), str(tmp_path / "graph.pb"))
    (tmp_path / "out.pb").write_bytes(b"old")
    command = [sys.executable, "-c", FULL, str(tmp_path / "graph.pb"), str(tmp_path / "out.pb")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {tmp_path / 'out.pb'}: cannot be written: File too large\n")
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.pb").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["graph.pb", "out.pb"]
