"""Shared objects: pointers from every form of relocations, symbols with and without section headers, initialisers."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import read_headers
from opselect.binaries.elf.linked import linked_image
from opselect.binaries.image import Image
from tests.opselect.binaries.elf_files import (
    ARM,
    CODE,
    CONSTANT,
    DATA,
    DYNSYM,
    FUNCTION,
    STRTAB,
    X86,
    X86_64,
    Section,
    Symbol,
    elf_file,
)

DT_HASH, DT_STRTAB, DT_SYMTAB, DT_RELA, DT_RELASZ, DT_STRSZ, DT_INIT, DT_REL, DT_RELSZ = 4, 5, 6, 7, 8, 10, 12, 17, 18
DT_INIT_ARRAY, DT_INIT_ARRAYSZ, DT_RELRSZ, DT_RELR, DT_GNU_HASH = 25, 27, 35, 36, 0x6FFFFEF5
DT_ANDROID_RELA, DT_ANDROID_RELASZ = 0x60000011, 0x60000012
TABLE, PLACES = 0x800, 0x2000


def image_of(content: bytes) -> Image:
    return linked_image(read_headers("lib.so", np.frombuffer(content, np.uint8)), "lib.so")


def library(
    table: bytes,
    dynamic: Mapping[int, int],
    *,
    data: bytes = bytes(0x400),
    more: Iterable[Section] = (),
    machine: int = X86_64,
    bits: int = 64,
    big_endian: bool = False,
    section_headers: bool = True,
) -> Image:
    """A library with a table of relocations at TABLE and data at PLACES."""
    sections = [
        *more,
        Section(".rel", table, flags=CONSTANT, address=TABLE),
        Section(".text", bytes(64), flags=CODE, address=0x1000),
        Section(".data", data, flags=DATA, address=PLACES),
    ]
    return image_of(
        elf_file(
            sections,
            dynamic=dynamic,
            machine=machine,
            bits=bits,
            big_endian=big_endian,
            section_headers=section_headers,
        )
    )


def pointers(image: Image) -> list[tuple[int, int]]:
    return list(zip(image.pointers.places.tolist(), image.pointers.values.tolist(), strict=True))


def test_relative_relocations_with_addends() -> None:
    rows = struct.pack("<QQq", PLACES + 8, 8, 0x1010) + struct.pack("<QQq", PLACES, 8, 0x1000)
    image = library(rows, {DT_RELA: TABLE, DT_RELASZ: len(rows)})
    assert pointers(image) == [(PLACES, 0x1000), (PLACES + 8, 0x1010)]
    assert (image.pointer(PLACES), image.pointer(PLACES + 16)) == (0x1000, 0)


@pytest.mark.parametrize(("machine", "kind"), [(X86, 8), (ARM, 23)])
@pytest.mark.parametrize("big_endian", [False, True])
def test_relative_relocations_without_addends(machine: int, kind: int, big_endian: bool) -> None:
    order = ">" if big_endian else "<"
    rows = struct.pack(f"{order}IIII", PLACES, kind, PLACES + 8, kind)
    data = struct.pack(f"{order}III", 0x1004, 7, 0x1008)
    dynamic = {DT_REL: TABLE, DT_RELSZ: len(rows)}
    image = library(rows, dynamic, data=data, machine=machine, bits=32, big_endian=big_endian)
    assert pointers(image) == [(PLACES, 0x1004), (PLACES + 8, 0x1008)]
    assert image.pointer(PLACES + 4) == 7


@pytest.mark.parametrize("bits", [64, 32])
def test_relr(bits: int) -> None:
    """A word that is even is a place; those that are odd are bitmaps of the words that follow."""
    size, letter = bits // 8, "Q" if bits == 64 else "I"
    maps = [PLACES, 0b1011, 1, 1 << (bits - 1) | 1, PLACES + 0x700, 0b11]
    rows = struct.pack(f"<{len(maps)}{letter}", *maps)
    data = b"".join(struct.pack(f"<{letter}", number) for number in range(0x800 // size))
    machine = X86_64 if bits == 64 else X86
    image = library(rows, {DT_RELR: TABLE, DT_RELRSZ: len(rows)}, data=data, machine=machine, bits=bits)
    last = 3 * (bits - 1)
    words = [0, 1, 3, last, 0x700 // size, 0x700 // size + 1]
    assert pointers(image) == [(PLACES + size * number, number) for number in words]


def test_relr_of_more_places_than_the_file_has() -> None:
    rows = struct.pack("<256Q", PLACES, *[(1 << 64) - 1] * 255)
    with pytest.raises(InputError, match="more places than the file has words"):
        library(rows, {DT_RELR: TABLE, DT_RELRSZ: len(rows)})


def leb(value: int) -> bytes:
    """A signed number, seven bits a byte."""
    found = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        if (value, byte & 0x40) in {(0, 0), (-1, 0x40)}:
            return bytes([*found, byte])
        found.append(byte | 0x80)


def packed(*numbers: int) -> bytes:
    return b"APS2" + b"".join(leb(number) for number in numbers)


@pytest.mark.parametrize(
    "table",
    [
        # Four in one group with all in common but the addend.
        packed(4, PLACES - 8, 4, 1 | 2 | 8, 8, 8, 0x1000, 0x10, 0x10, 0x10),
        # Each with its own place, and groups of two with a common addend.
        packed(4, PLACES, 2, 1 | 8, 8, 0, 0x1000, 8, 0x10, 2, 1 | 8, 8, 8, 0x10, 8, 0x10),
        # Nothing in common.
        packed(4, PLACES - 8, 4, 8, 8, 8, 0x1000, 8, 8, 0x10, 8, 8, 0x10, 8, 8, 0x10),
    ],
)
def test_relocations_packed_for_android(table: bytes) -> None:
    image = library(table, {DT_ANDROID_RELA: TABLE, DT_ANDROID_RELASZ: len(table)})
    assert pointers(image) == [(PLACES + 8 * number, 0x1000 + 0x10 * number) for number in range(4)]


@pytest.mark.parametrize(
    "table",
    [
        b"APS1\0\0", packed(4), packed(1 << 40, 0, 1 << 40, 7), packed(2, 0, 3, 7), packed(2, 0, 0), packed(-1, 0),
        b"APS2" + b"\x80" * 300,
    ],
)  # fmt: skip
def test_packed_relocations_that_are_damaged(table: bytes) -> None:
    with pytest.raises(InputError, match="its packed relocations cannot be read"):
        library(table, {DT_ANDROID_RELA: TABLE, DT_ANDROID_RELASZ: len(table)})


def symbol_row(name: int, section: int, value: int) -> bytes:
    return struct.pack("<IBBHQQ", name, 0x10 | FUNCTION, 0, section, value, 16)


_NAMES = b"\0theirs\0mine\0"
_ROWS = bytes(24) + symbol_row(1, 0, 0) + symbol_row(8, 3, 0x1010)
_HASH = struct.pack("<IIII", 1, 3, 0, 0)
# One bucket whose chain begins with symbol 2, one word of a filter, and the chain's only hash, which is odd.
_GNU_HASH = struct.pack("<IIIIQII", 1, 2, 1, 0, 0, 2, 7)


@pytest.mark.parametrize("section_headers", [True, False])
@pytest.mark.parametrize(("tag", "table"), [(DT_HASH, _HASH), (DT_GNU_HASH, _GNU_HASH)])
def test_symbols_of_other_libraries(section_headers: bool, tag: int, table: bytes) -> None:
    """Names come from the symbols that the loader reads, also where all section headers are gone."""
    more = [
        Section(".dynstr", _NAMES, STRTAB, CONSTANT, address=0x200),
        # What stands behind the symbols is no symbol.
        Section(".dynsym", _ROWS, DYNSYM, CONSTANT, address=0x300, link=".dynstr", entry_size=24),
        Section(".rest", symbol_row(8, 3, 0x1020) * 4, flags=CONSTANT, address=0x300 + len(_ROWS)),
        Section(".hash", table, flags=CONSTANT, address=0x500),
    ]
    rows = struct.pack("<QQq", PLACES, 1 << 32 | 6, 0) + struct.pack("<QQq", PLACES + 8, 2 << 32 | 1, 4)
    dynamic = {
        DT_SYMTAB: 0x300, DT_STRTAB: 0x200, DT_STRSZ: len(_NAMES), tag: 0x500, DT_RELA: TABLE, DT_RELASZ: len(rows),
    }  # fmt: skip
    image = library(rows, dynamic, more=more, section_headers=section_headers)
    assert (image.import_at(PLACES), image.pointer(PLACES)) == ("theirs", None)
    assert image.pointer(PLACES + 8) == 0x1014
    assert [image.symbols.name(number) for number in range(len(image.symbols))] == ["mine"]
    assert bool(image.sections) == section_headers


def test_initialisers_by_the_loaders_table() -> None:
    """The function of DT_INIT, then those of the list, which relocations fill or which stand there."""
    rows = struct.pack("<QQq", PLACES, 8, 0x1010)
    data = struct.pack("<QQQ", 0, 0x1020, 0)
    dynamic = {
        DT_RELA: TABLE, DT_RELASZ: len(rows), DT_INIT: 0x1000, DT_INIT_ARRAY: PLACES, DT_INIT_ARRAYSZ: len(data),
    }  # fmt: skip
    assert library(rows, dynamic, data=data).initialisers == (0x1000, 0x1010, 0x1020)


def test_functions_in_thumb_code() -> None:
    made = elf_file(
        [Section(".text", bytes(64), flags=CODE, address=0x1000)],
        [Symbol("thumb", ".text", value=0x1001, size=16), Symbol("arm", ".text", value=0x1010, size=16)],
        machine=ARM, bits=32,
    )  # fmt: skip
    image = image_of(made)
    assert image.thumb == {0x1000}
    assert list(image.functions.starts) == [0x1000, 0x1010]


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("big_endian", [False, True])
def test_headers_of_all_forms(bits: int, big_endian: bool) -> None:
    made = elf_file(
        [
            Section(".text", bytes(64), flags=CODE, address=0x1000),
            Section(".data", b"\1\2\3\4", flags=DATA, address=0x2000),
        ],
        [Symbol("f", ".text", value=0x1000, size=16)],
        machine=X86_64 if bits == 64 else X86, bits=bits, big_endian=big_endian,
    )  # fmt: skip
    image = image_of(made)
    assert (image.bits, image.big_endian, image.symbols.name(0)) == (bits, big_endian, "f")
    assert [section.name for section in image.sections][:2] == [".text", ".data"]
    assert image.integer(0x2000, 4) == (0x01020304 if big_endian else 0x04030201)


@pytest.mark.parametrize(
    ("at", "value", "problem"),
    [
        (40, 1 << 62, "section headers that are cut"),
        (58, 63, "section headers that are cut or of a wrong size"),
        (56, 0x7FFF, "program headers that are cut"),
        (0x48, 1 << 40, "the file ends before it does"),  # the offset of the first segment
        (4, 9, "is no ELF file that can be read"),
    ],
)
def test_headers_that_lie(at: int, value: int, problem: str) -> None:
    made = bytearray(elf_file([Section(".text", bytes(64), flags=CODE, address=0x1000)]))
    size = {40: 8, 0x48: 8, 4: 1}.get(at, 2)
    made[at : at + size] = value.to_bytes(size, "little")
    with pytest.raises(InputError, match=problem):
        image_of(bytes(made))


def test_a_section_that_ends_behind_the_file() -> None:
    made = bytearray(elf_file([Section(".text", bytes(64), flags=CODE, address=0x1000)]))
    table = int.from_bytes(made[40:48], "little")
    for size in (1 << 20, (1 << 64) - 0x1000):
        made[table + 64 + 32 : table + 64 + 40] = size.to_bytes(8, "little")
        with pytest.raises(InputError, match=r"section \.text has \d+ bytes at byte 4096: the file ends before"):
            image_of(bytes(made))


def test_changed_libraries_are_read_or_refused() -> None:
    rows = struct.pack("<QQq", PLACES, 8, 0x1010)
    relr = struct.pack("<QQ", PLACES + 16, 0b1011)
    dynamic = {
        DT_RELA: TABLE, DT_RELASZ: 24, DT_RELR: TABLE + 24, DT_RELRSZ: 16, DT_INIT_ARRAY: PLACES, DT_INIT_ARRAYSZ: 16,
    }  # fmt: skip
    made = elf_file(
        [
            Section(".rel", rows + relr, flags=CONSTANT, address=TABLE),
            Section(".text", bytes(64), flags=CODE, address=0x1000),
            Section(".data", bytes(64), flags=DATA, address=PLACES),
        ],
        [Symbol("f", ".text", value=0x1000, size=16)],
        dynamic=dynamic,
    )  # fmt: skip
    random = np.random.default_rng(11)
    table = int.from_bytes(made[40:48], "little")
    interesting = np.concatenate((np.arange(0x100), np.arange(TABLE, TABLE + 40), np.arange(table - 300, len(made))))
    refused = 0
    for _ in range(300):
        changed = np.frombuffer(made, np.uint8).copy()
        changed[random.choice(interesting, 2)] = random.choice([0, 1, 127, 128, 255], 2)
        try:
            image_of(changed.tobytes())
        except InputError:
            refused += 1
    assert 20 < refused < 290


def relr_of(places: list[int]) -> bytes:
    """The shortest table that names places, all of them multiples of eight."""
    words: list[int] = []
    at = 0
    while at < len(places):
        words.append(places[at])
        base = places[at] + 8
        at += 1
        while at < len(places) and places[at] < base + 63 * 8:
            bits = 0
            while at < len(places) and places[at] < base + 63 * 8:
                bits |= 2 << (places[at] - base) // 8
                at += 1
            words.append(bits | 1)
            base += 63 * 8
    return struct.pack(f"<{len(words)}Q", *words)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, 0x1FF), max_size=80))
def test_places_that_relr_names_come_out(numbers: set[int]) -> None:
    places = [PLACES + 8 * number for number in sorted(numbers)]
    rows = relr_of(places)
    image = library(rows, {DT_RELR: TABLE, DT_RELRSZ: len(rows)}, data=bytes(0x1000))
    assert image.pointers.places.tolist() == places
