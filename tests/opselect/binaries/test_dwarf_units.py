"""Source files by DWARF debug information that is written here by hand: forms, range lists, split and compressed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
import pytest

from kernel_index.errors import InputError
from opselect.binaries.dwarf_units import UnitRanges, unit_ranges
from opselect.binaries.elf.headers import read_headers
from tests.opselect.binaries.elf_files import CODE, Section, elf_file

_COMPRESSED = 0x800
NAME, LOW, HIGH, FOLDER, RANGES, STR_BASE, ADDR_BASE, LISTS_BASE, DWO = (
    3,
    0x11,
    0x12,
    0x1B,
    0x55,
    0x72,
    0x73,
    0x74,
    0x76,
)
ADDR, STRING, STRP, LINE_STRP, DATA8, OFFSET, STRX1, ADDRX, RNGLISTX, BLOCK, IMPLICIT = (
    0x01, 0x08, 0x0E, 0x1F, 0x07, 0x17, 0x25, 0x1B, 0x23, 0x0A, 0x21,
)  # fmt: skip

Attribute = tuple[int, int, bytes]


def word(value: int) -> bytes:
    return value.to_bytes(8, "little")


def offset(value: int) -> bytes:
    return value.to_bytes(4, "little")


def declared(code: int, attributes: Sequence[Attribute]) -> bytes:
    """An abbreviation: attributes with their forms; that of a constant in the form itself has it behind."""
    found = bytes((code, 0x11, 0))
    for attribute, form, value in attributes:
        found += bytes((attribute, form)) + (value if form == IMPLICIT else b"")
    return found + b"\0\0"


def unit(attributes: Sequence[Attribute], version: int, table: int, code: int = 1, kind: int = 1) -> bytes:
    body = bytes((code,)) + b"".join(b"" if form == IMPLICIT else value for _, form, value in attributes)
    if version == 5:
        head = struct.pack("<HBBI", 5, kind, 8, table) + (bytes(8) if kind == 4 else b"")
    else:
        head = struct.pack("<HIB", version, table, 8)
    return offset(len(head + body)) + head + body


def read(sections: dict[str, bytes], flags: int = 0) -> UnitRanges:
    made = [Section(".text", bytes(16), flags=CODE, address=0x1000)]
    made += [Section(name, content, flags=flags) for name, content in sections.items()]
    return unit_ranges(read_headers("lib.so", np.frombuffer(elf_file(made), np.uint8)))


def owners(found: UnitRanges) -> list[tuple[int, int, str]]:
    return [
        (start, end, found.names[number])
        for start, end, number in zip(found.starts.tolist(), found.ends.tolist(), found.units.tolist(), strict=True)
    ]


_PLAIN = (
    (NAME, STRING, b"a.cc\0"), (FOLDER, STRP, offset(1)), (0x7F, BLOCK, b"\2xx"), (LOW, ADDR, word(0x1000)),
    (HIGH, DATA8, word(0x20)),
)  # fmt: skip
_LISTED = ((NAME, STRP, offset(6)), (LOW, ADDR, word(0x2000)), (RANGES, OFFSET, offset(16)))
_OLD_LISTS = bytes(16) + word(0) + word(8) + word((1 << 64) - 1) + word(0x3000) + word(4) + word(0x14) + bytes(16)


def version_4() -> dict[str, bytes]:
    first, second = declared(7, _LISTED) + declared(1, _PLAIN) + b"\0", declared(1, _LISTED) + b"\0"
    return {
        ".debug_info": unit(_PLAIN, 4, 0) + unit(_LISTED, 4, len(first)),
        ".debug_abbrev": first + second,
        ".debug_str": b"\0/src\0b.cc\0",
        ".debug_ranges": _OLD_LISTS,
    }


_VERSION_4 = [(0x1000, 0x1020, "a.cc"), (0x2000, 0x2008, "b.cc"), (0x3004, 0x3014, "b.cc")]


def test_ranges_of_version_4() -> None:
    found = read(version_4())
    assert owners(found) == _VERSION_4
    assert found.folders == ("/src", "")
    assert found.unit_of(np.array([0, 0x1000, 0x101F, 0x1020, 0x3004, 0x4000], np.uint64)).tolist() == [
        -1, 0, 0, -1, 1, -1,
    ]  # fmt: skip


def test_ranges_by_units_come_before_those_of_entries() -> None:
    info = version_4()
    rows = word(0x5000) + word(0x10) + word(0x6000) + word(0x10) + bytes(16)
    head = struct.pack("<HIBB", 2, 0, 8, 0)
    info[".debug_aranges"] = offset(len(head) + 4 + len(rows)) + head + bytes(4) + rows
    assert owners(read(info)) == [*_VERSION_4[1:], (0x5000, 0x5010, "a.cc"), (0x6000, 0x6010, "a.cc")]


@pytest.mark.parametrize("old", [False, True])
def test_compressed_sections(old: bool) -> None:
    sections = {}
    for name, content in version_4().items():
        packed = zlib.compress(content)
        if old:
            sections[".z" + name[1:]] = b"ZLIB" + len(content).to_bytes(8, "big") + packed
        else:
            sections[name] = struct.pack("<IIQQ", 1, 0, len(content), 1) + packed
    assert owners(read(sections, 0 if old else _COMPRESSED)) == _VERSION_4


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (struct.pack("<IIQQ", 2, 0, 8, 1), "compressed in another way than by zlib"),
        (struct.pack("<IIQQ", 1, 0, 8, 1) + b"nonsense", "cannot be unpacked"),
        (struct.pack("<IIQQ", 1, 0, 9, 1) + zlib.compress(bytes(8)), "has 8 bytes and not the 9"),
        (struct.pack("<IIQQ", 1, 0, 7, 1) + zlib.compress(bytes(8)), "has more than the 7 bytes"),
        (struct.pack("<IIQQ", 1, 0, 1 << 40, 1), "more than any library has"),
        (b"short", "is damaged"),
    ],
)
def test_damaged_compressed_sections(content: bytes, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read({".debug_info": content}, _COMPRESSED)


def version_5() -> dict[str, bytes]:
    """Names by number and by .debug_line_str, addresses and range lists by number, every kind of entry of a list."""
    lists = (
        b"\1\0" + b"\4\x10\x20" + b"\2\1\2" + b"\3\3\x08" + b"\5" + word(0x5000) + b"\4\0\4" + b"\6" + word(0x6000)
        + word(0x6010) + b"\7" + word(0x7000) + b"\x80\1" + b"\0"
    )  # fmt: skip
    skeleton = (
        (DWO, STRX1, b"\1"), (STR_BASE, OFFSET, offset(8)), (ADDR_BASE, OFFSET, offset(8)),
        (LISTS_BASE, OFFSET, offset(12)), (LOW, ADDR, word(0)), (RANGES, RNGLISTX, b"\0"),
    )  # fmt: skip
    plain = (
        (NAME, LINE_STRP, offset(1)),
        (LOW, ADDRX, b"\4"),
        (ADDR_BASE, OFFSET, offset(8)),
        (HIGH, IMPLICIT, b"\x10"),
    )
    first = declared(1, skeleton) + b"\0"
    return {
        ".debug_info": unit(skeleton, 5, 0, kind=4) + unit(plain, 5, len(first)),
        ".debug_abbrev": first + declared(1, plain) + b"\0",
        ".debug_str": b"\0unused\0out/c.dwo\0",
        ".debug_line_str": b"\0d.cc\0",
        ".debug_str_offsets": bytes(8) + offset(1) + offset(8),
        ".debug_addr": bytes(8) + b"".join(word(each) for each in (0x1000, 0x2000, 0x2008, 0x3000, 0x9000)),
        ".debug_rnglists": bytes(12) + offset(4) + lists,
    }


_VERSION_5 = [
    (0x1010, 0x1020, "out/c"), (0x2000, 0x2008, "out/c"), (0x3000, 0x3008, "out/c"), (0x5000, 0x5004, "out/c"),
    (0x6000, 0x6010, "out/c"), (0x7000, 0x7080, "out/c"), (0x9000, 0x9010, "d.cc"),
]  # fmt: skip


def test_ranges_of_version_5() -> None:
    assert owners(read(version_5())) == _VERSION_5


def test_what_the_linker_threw_away_and_what_two_units_have() -> None:
    """Code that is gone stands at 0 or 1; inline functions belong to the first unit that has them."""

    def at(name: bytes, start: int) -> tuple[Attribute, ...]:
        return (NAME, STRING, name + b"\0"), (LOW, ADDR, word(start)), (HIGH, DATA8, word(0x10))

    every = [at(b"a.cc", 0), at(b"b.cc", 1), at(b"c.cc", 0x1000), at(b"d.cc", 0x1000), at(b"e.cc", 0x1008)]
    sections = {
        ".debug_info": b"".join(unit(each, 4, 0) for each in every), ".debug_abbrev": declared(1, every[0]) + b"\0",
    }  # fmt: skip
    assert owners(read(sections)) == [(0x1000, 0x1008, "c.cc"), (0x1008, 0x1018, "e.cc")]


def test_no_debug_information() -> None:
    found = read({})
    assert owners(found) == []
    assert found.unit_of(np.array([5], np.uint64)).tolist() == [-1]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({".debug_info": offset(7) + struct.pack("<HIB", 9, 0, 8)}, "of version 9"),
        ({".debug_abbrev": b""}, "does not end"),
        ({".debug_abbrev": b"\0"}, "has no abbreviation"),
        ({".debug_abbrev": declared(1, [(NAME, 0x7E, b"")])}, "has the form 0x7e"),
        ({".debug_info": unit(_PLAIN, 4, 0)[:20]}, "cut short|does not end"),
    ],
)
def test_damaged_debug_information(change: dict[str, bytes], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        read({**version_4(), **change})


def test_changed_debug_information_is_read_or_refused() -> None:
    random = np.random.default_rng(5)
    refused = 0
    for sections in (version_4(), version_5()):
        for _ in range(150):
            changed = {}
            for name, content in sections.items():
                data = np.frombuffer(content, np.uint8).copy()
                data[random.integers(0, len(data), 1)] = random.choice([0, 1, 127, 128, 255], 1)
                changed[name] = data.tobytes()
            try:
                assert len(read(changed).starts) <= 40
            except InputError:
                refused += 1
    assert 20 < refused < 280
