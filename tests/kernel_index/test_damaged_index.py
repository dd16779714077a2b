"""Index files that are damaged although their checksum is right: refused as such, in bounded memory."""

from __future__ import annotations

import contextlib
import tracemalloc
import zlib
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.columns.packed import MAGIC, MAX_COLUMN, SCHEMA, PackedColumns, pack
from kernel_index.columns.text import letter
from kernel_index.errors import IndexFileError
from kernel_index.store import StoredIndex

DATA = (Path(__file__).parents[2] / "fixtures" / "kernel_tree.opselidx").read_bytes()
SOUND = PackedColumns("index", DATA)
COLUMNS = {name: SOUND.column(name) for name in SOUND.names}
_LINES = ("", "x", "0", "-1", "99999999999", "\\", "\\e", "\u0100", "\t\t", "a" * 50)
_PIECES = ("", "0", "9", "99999999999", "1e999", " ", "\t", "\x1f", "\\", "\\q", "-", "~", "\u2603", "#", "$", "%", "@")


def _asked_everything(data: bytes) -> None:
    index = StoredIndex("index", data)
    for name in (
        "release", "note", "profiles", "build_lists", "diagnostics", "skipped_files", "includes", "dependencies",
        "library_uses", "type_lists", "graph_versions", "missing_headers", "defining_files",
    ):  # fmt: skip
        getattr(index, name)
    for op in index.op_names():
        index.op_definition(op)
        index.registrations(op)
    for profile in index.profiles:
        index.kernel_files(profile)
        index.kernel_ops(profile)
        index.kernel_counts(profile)


def _damaged(random: Random) -> bytes:
    columns = {name: list(lines) for name, lines in COLUMNS.items()}
    for _ in range(random.choice((1, 1, 1, 3))):
        lines = columns[random.choice(sorted(columns))]
        place = random.randrange(len(lines) + 1)
        kind = random.random()
        if kind < 0.2 or place == len(lines):
            lines.insert(place, random.choice(_LINES))
        elif kind < 0.4:
            del lines[place]
        elif kind < 0.45:
            lines.clear()
        else:
            line = lines[place]
            start = random.randrange(len(line) + 1)
            lines[place] = line[:start] + random.choice(_PIECES) + line[start + random.randrange(3) :]
    return pack(SOUND.release, SOUND.profiles, columns)


@settings(max_examples=150)
@given(st.integers(0, 1 << 64))
def test_a_damaged_column_is_an_error_of_the_file_or_harmless(seed: int) -> None:
    with contextlib.suppress(IndexFileError):
        _asked_everything(_damaged(Random(seed)))


@pytest.mark.parametrize("head", [b"\\q\nandroid\nops\x1f1\n", b"2.14\n\xff\nops\x1f1\n", b"2.14\nandroid\nops 1\n"])
def test_damaged_first_lines_are_an_error(head: bytes) -> None:
    data = MAGIC + b" %d\n%08x\n" % (SCHEMA, zlib.crc32(head)) + head
    with pytest.raises(IndexFileError, match="is damaged in its first lines"):
        StoredIndex("index", data)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("ops", ["a" * 1000] * (30 * MAX_COLUMN // 1000)),
        ("files", ["0" + "a" * 50_000, *[letter(50_000)] * 500_000]),
        ("registration_classes", ["#" * 1_000_000] * len(COLUMNS["ops"])),
    ],
)
def test_a_short_file_stands_for_no_more_than_an_index(name: str, lines: list[str]) -> None:
    data = pack(SOUND.release, SOUND.profiles, COLUMNS | {name: lines})
    assert len(data) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(IndexFileError):
            _asked_everything(data)
        assert tracemalloc.get_traced_memory()[1] < 1 << 28
    finally:
        tracemalloc.stop()


def test_a_group_without_labels_is_an_error() -> None:
    assert len(COLUMNS["group_labels"]) > 1
    data = pack(SOUND.release, SOUND.profiles, COLUMNS | {"group_labels": list(COLUMNS["group_labels"])[1:]})
    with pytest.raises(IndexFileError, match="build lists are damaged"):
        _ = StoredIndex("index", data).build_lists
