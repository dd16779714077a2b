"""The first entry of each unit of DWARF debug information, versions 2 to 5: what was compiled, and where it stands.

pyelftools reads all abbreviations of a unit for that, which takes 17 s for 1000 units; here the first one is read.
Source: DWARF 5, sections 7.5.1 (unit headers), 7.5.3 (abbreviations), 7.5.6 (forms); GNU's forms of split DWARF 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kernel_index.errors import InputError, Place
from opselect.binaries.image import Bytes

NAME, LOW_PC, HIGH_PC, COMP_DIR, RANGES = 0x03, 0x11, 0x12, 0x1B, 0x55
STR_OFFSETS_BASE, ADDR_BASE, RNGLISTS_BASE, DWO_NAME = 0x72, 0x73, 0x74, 0x76
GNU_DWO_NAME, GNU_RANGES_BASE, GNU_ADDR_BASE = 0x2130, 0x2132, 0x2133
"""Attributes of units."""

_TYPE_UNITS = (2, 6)
_SKELETONS = (4, 5)
_MAX_UNITS = 1 << 18
_AT_ONCE = 1 << 16
"""Bytes of a section that are looked at for one entry: more than any first entry, or its abbreviations, take."""
_FIXED = {
    0x0B: 1, 0x11: 1, 0x0C: 1, 0x05: 2, 0x12: 2, 0x06: 4, 0x13: 4, 0x07: 8, 0x14: 8, 0x20: 8, 0x1E: 16,
    0x25: 1, 0x26: 2, 0x27: 3, 0x28: 4, 0x29: 1, 0x2A: 2, 0x2B: 3, 0x2C: 4, 0x1C: 4, 0x24: 8,
}  # fmt: skip
"""Bytes of forms of a fixed size."""
_OFFSETS = {0x0E, 0x17, 0x1D, 0x1F, 0x1F20, 0x1F21}
"""Forms that take as many bytes as an offset does: 4, and 8 in 64-bit DWARF."""
_NUMBERS = {0x0D, 0x0F, 0x15, 0x1A, 0x1B, 0x22, 0x23, 0x1F01, 0x1F02}
"""Forms that are LEB128 numbers."""
_BLOCKS = {0x0A: 1, 0x03: 2, 0x04: 4, 0x09: 0, 0x18: 0}
"""Forms that have their length in front of them, in so many bytes or as a LEB128 number (0)."""


@dataclass(frozen=True, slots=True)
class DwarfUnit:
    """A unit by its first entry: ``values`` are the forms and values of its attributes, those of strings as bytes."""

    offset: int
    version: int
    address_size: int
    offset_size: int
    skeleton: bool
    values: dict[int, tuple[int, int | bytes]]


class _Reader:
    """A part of a section that begins at byte ``start`` of it, read from front to back."""

    def __init__(self, name: str, content: Bytes, start: int, order: Literal["big", "little"]) -> None:
        self._name = name
        self._start = start
        self._data = content[start : start + _AT_ONCE].tobytes()
        self.at = 0
        self._order = order

    def fixed(self, size: int) -> int:
        """An unsigned integer of so many bytes."""
        return int.from_bytes(self.taken(size), self._order)

    def taken(self, size: int) -> bytes:
        """The next bytes."""
        self.at += size
        if self.at > len(self._data):
            raise self.problem("the debug information is cut short")
        return self._data[self.at - size : self.at]

    def number(self) -> int:
        """An unsigned LEB128 number; signed ones are of no use here."""
        data, at = self._data, self.at
        value = shift = 0
        while at < len(data) and shift < 70:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at = at
                return value
            shift += 7
        raise self.problem("a number of the debug information does not end")

    def text(self) -> bytes:
        """The bytes up to the next NUL."""
        end = self._data.find(b"\0", self.at)
        if end < 0:
            raise self.problem("a name of the debug information does not end")
        found = self._data[self.at : end]
        self.at = end + 1
        return found

    def problem(self, text: str) -> InputError:
        """The error for something at this place."""
        return InputError(Place(self._name, byte=self._start + self.at), text)


def units(name: str, info: Bytes, abbreviations: Bytes, big_endian: bool) -> Iterator[DwarfUnit]:
    """All units of ``.debug_info`` but for those of types.

    Raises InputError where the information is cut short, or of a version or with forms that are not known here.
    """
    order: Literal["big", "little"] = "big" if big_endian else "little"
    at = count = 0
    known: dict[int, tuple[int, list[tuple[int, int, int]]]] = {}
    while at + 11 <= len(info):
        count += 1
        if count > _MAX_UNITS:
            raise InputError(name, f"has more than {_MAX_UNITS:,} units of debug information")
        reader = _Reader(name, info, at, order)
        length, size = reader.fixed(4), 4
        if length == 0xFFFFFFFF:
            length, size = reader.fixed(8), 8
        start, end = at, at + reader.at + length
        at = end
        if not length:
            continue
        version = reader.fixed(2)
        if not 2 <= version <= 5:
            raise InputError(Place(name, byte=start), f"has debug information of version {version}")
        kind = reader.fixed(1) if version == 5 else 0
        if version == 5:
            address_size = reader.fixed(1)
        table = reader.fixed(size)
        if version < 5:
            address_size = reader.fixed(1)
        if kind in _TYPE_UNITS:
            continue
        if kind in _SKELETONS:
            reader.taken(8)
        code = reader.number()
        if not code:
            continue
        if table not in known or known[table][0] != code:
            known[table] = code, _abbreviation(_Reader(name, abbreviations, table, order), code)
        values: dict[int, tuple[int, int | bytes]] = {}
        for attribute, form, constant in known[table][1]:
            values[attribute] = _value(reader, form, constant, version, address_size, size)
        yield DwarfUnit(start, version, address_size, size, kind in _SKELETONS, values)


def _abbreviation(reader: _Reader, code: int) -> list[tuple[int, int, int]]:
    """The attributes of an entry: what each is, its form, and the value that the form has itself."""
    while True:
        found = reader.number()
        if not found:
            raise reader.problem("an entry of the debug information has no abbreviation")
        reader.number()
        reader.taken(1)
        attributes = []
        while True:
            attribute, form = reader.number(), reader.number()
            constant = reader.number() if form == 0x21 else 0
            if not attribute and not form:
                break
            attributes.append((attribute, form, constant))
        if found == code:
            return attributes


def _value(
    reader: _Reader, form: int, constant: int, version: int, address_size: int, offset_size: int
) -> tuple[int, int | bytes]:
    if form == 0x16:
        form = reader.number()
    if form == 0x01:
        return form, reader.fixed(address_size)
    if form in _FIXED:
        return form, reader.fixed(_FIXED[form])
    if form in _OFFSETS:
        return form, reader.fixed(offset_size)
    if form in _NUMBERS:
        return form, reader.number()
    if form == 0x10:
        return form, reader.fixed(address_size if version == 2 else offset_size)
    if form == 0x08:
        return form, reader.text()
    if form == 0x19:
        return form, 1
    if form == 0x21:
        return form, constant
    if form in _BLOCKS:
        reader.taken(reader.fixed(_BLOCKS[form]) if _BLOCKS[form] else reader.number())
        return form, 0
    raise reader.problem(f"an attribute of the debug information has the form {form:#x}")
