from __future__ import annotations

import zlib

import pytest

from kernel_index.columns.packed import MAGIC, PackedColumns, pack
from kernel_index.errors import IndexFileError

COLUMNS = {"ops": ["Add", "Mul"], "nothing": [], "one_empty_line": [""], "odd": ["\ud800é\r\x85"]}
DATA = pack("2.14.0", ["android", "desktop"], COLUMNS)


def test_columns_come_back() -> None:
    packed = PackedColumns("x", DATA)
    assert (packed.release, packed.profiles) == ("2.14.0", ("android", "desktop"))
    assert {name: packed.column(name) for name in COLUMNS} == COLUMNS


def test_the_layout_is_the_documented_one() -> None:
    first, checksum, release, profiles, sizes, rest = DATA.split(b"\n", 5)
    assert (first, release, profiles) == (b"opselect kernel index 2", b"2.14.0", b"android\tdesktop")
    assert int(checksum, 16) == zlib.crc32(DATA[DATA.index(b"2.14.0") :])
    columns = [field.split(b"\x1f") for field in sizes.split(b"\t")]
    assert [name.decode() for name, _ in columns] == list(COLUMNS)
    assert zlib.decompress(rest[: int(columns[0][1])]) == b"Add\nMul\n"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04", "is no opselect index"),
        (MAGIC, "is damaged or cut off"),
        (MAGIC + b"\n\n\n\n\n", "is damaged or cut off"),
        (MAGIC + b" one\n", "is damaged or cut off"),
        (DATA.replace(b"index 2\n", b"index 1\n"), "has schema version 1, this opselect reads version 2"),
        (DATA.replace(b"desktop", b"Desktop"), "is damaged or cut off"),
        (DATA[:-1], "is damaged or cut off"),
        (DATA + b"\n", "is damaged or cut off"),
    ],
)
def test_what_is_no_sound_file_says_so(data: bytes, problem: str) -> None:
    with pytest.raises(IndexFileError) as caught:
        PackedColumns("my.opselidx", data)
    assert caught.value.problem == problem
    assert caught.value.advice


def test_a_changed_bit_anywhere_is_noticed_at_once() -> None:
    for at in range(len(DATA) * 8):
        broken = bytearray(DATA)
        broken[at // 8] ^= 1 << at % 8
        with pytest.raises(IndexFileError):
            PackedColumns("x", bytes(broken))


def test_a_column_that_is_not_there_is_damage() -> None:
    with pytest.raises(IndexFileError, match="column 'includes'"):
        PackedColumns("x", DATA).column("includes")
