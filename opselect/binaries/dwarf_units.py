"""Which source file owns which addresses, by DWARF debug information: its units, and the ranges that each has.

Source: DWARF 5, sections 6.1.2 (address ranges by unit), 2.17.3 and 7.25 (range lists); DWARF 4, section 2.17.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.elf.debug_sections import debug_section
from opselect.binaries.elf.dwarf_entries import (
    ADDR_BASE,
    COMP_DIR,
    DWO_NAME,
    GNU_ADDR_BASE,
    GNU_DWO_NAME,
    GNU_RANGES_BASE,
    HIGH_PC,
    LOW_PC,
    NAME,
    RANGES,
    RNGLISTS_BASE,
    STR_OFFSETS_BASE,
    DwarfUnit,
    units,
)
from opselect.binaries.elf.headers import ElfFile
from opselect.binaries.image import Addresses, Bytes

Ranges = list[tuple[int, int]]

_STRX = {0x1A, 0x25, 0x26, 0x27, 0x28, 0x1F02}
_ADDRX = {0x1B, 0x29, 0x2A, 0x2B, 0x2C, 0x1F01}
_ADDR, _STRING, _STRP, _LINE_STRP, _RNGLISTX = 0x01, 0x08, 0x0E, 0x1F, 0x23
_MAX_RANGES = 1 << 22
_MAX_TEXT = 4096


@dataclass(frozen=True, slots=True)
class UnitRanges:
    """Ranges of addresses, sorted, as columns of shape (n,), and the unit that each belongs to.

    ``names`` are the source files of the units as the compiler was told them, ``folders`` where it ran. A unit whose
    information is in a file of its own (split DWARF) may have no name: then it has that of this file, without .dwo.
    """

    starts: Addresses
    ends: Addresses
    units: NDArray[np.int32]
    names: tuple[str, ...]
    folders: tuple[str, ...]

    def unit_of(self, addresses: Addresses) -> NDArray[np.int32]:
        """The number of the unit that has each address, or -1."""
        if not len(self.starts):
            return np.full(len(addresses), -1, np.int32)
        at = np.searchsorted(self.starts, addresses, "right") - 1
        inside = (at >= 0) & (addresses < self.ends[np.maximum(at, 0)])
        return np.where(inside, self.units[np.maximum(at, 0)], np.int32(-1)).astype(np.int32)


def unit_ranges(file: ElfFile) -> UnitRanges:
    """The units of a linked library or its debug file; none where it has no debug information.

    Ranges of code that the linker threw away, which it sets to 0 or 1, are left out. Raises InputError for debug
    information that cannot be read.
    """
    sections = _Sections(file)
    names, folders = [], []
    parts: list[NDArray[np.uint64]] = []
    owners: list[NDArray[np.int32]] = []
    by_unit = _address_ranges(file, debug_section(file, ".debug_aranges"))
    left = _MAX_RANGES
    for unit in units(file.name, sections["info"], sections["abbrev"], file.big_endian):
        names.append(_name(sections, unit))
        folders.append(sections.string(unit, COMP_DIR))
        found = by_unit.get(unit.offset)
        if found is None:
            found = np.array(_ranges(sections, unit, left), np.uint64).reshape(-1, 2)
        left -= len(found)
        if left < 0:
            raise InputError(file.name, f"has more than {_MAX_RANGES:,} ranges of addresses in its debug information")
        parts.append(found)
        owners.append(np.full(len(found), len(names) - 1, np.int32))
    every = np.concatenate([np.empty((0, 2), np.uint64), *parts])
    owner = np.concatenate([np.empty(0, np.int32), *owners])
    kept = (every[:, 0] > 1) & (every[:, 1] > every[:, 0])
    every, owner = every[kept], owner[kept]
    # What several units have, as an inline function, belongs to the first: linkers keep that of the first.
    starts, first = np.unique(every[:, 0], return_index=True)
    ends, owner = every[first, 1].copy(), owner[first]
    if len(ends):
        ends[:-1] = np.minimum(ends[:-1], starts[1:])
    return UnitRanges(starts, ends, owner, tuple(names), tuple(folders))


class _Sections:
    """The sections of debug information by the ends of their names, each unpacked once."""

    def __init__(self, file: ElfFile) -> None:
        self.file = file
        self._found: dict[str, Bytes] = {}

    def __getitem__(self, name: str) -> Bytes:
        if name not in self._found:
            self._found[name] = debug_section(self.file, f".debug_{name}")
        return self._found[name]

    def integer(self, name: str, at: int, size: int) -> int:
        """An integer of a section; 0 where the section ends before."""
        found = self[name][at : at + size].tobytes() if at >= 0 else b""
        return int.from_bytes(found, self.file.byte_order) if len(found) == size else 0

    def string(self, unit: DwarfUnit, attribute: int) -> str:
        """A name that an attribute gives; empty where it has none."""
        form, value = unit.values.get(attribute, (0, 0))
        if isinstance(value, bytes):
            return value.decode("utf-8", "backslashreplace")
        if form in _STRX:
            base = _integer(unit, STR_OFFSETS_BASE, 2 * unit.offset_size if unit.version == 5 else 0)
            value, form = self.integer("str_offsets", base + value * unit.offset_size, unit.offset_size), _STRP
        if form not in {_STRP, _LINE_STRP}:
            return ""
        found = self["str" if form == _STRP else "line_str"][value : value + _MAX_TEXT].tobytes()
        return found.partition(b"\0")[0].decode("utf-8", "backslashreplace")

    def address(self, unit: DwarfUnit, number: int) -> int:
        """An address of the table of addresses."""
        base = _integer(
            unit, ADDR_BASE, _integer(unit, GNU_ADDR_BASE, 2 * unit.offset_size if unit.version == 5 else 0)
        )
        return self.integer("addr", base + number * unit.address_size, unit.address_size)


def _integer(unit: DwarfUnit, attribute: int, otherwise: int) -> int:
    value = unit.values.get(attribute, (0, otherwise))[1]
    return value if isinstance(value, int) else otherwise


def _name(sections: _Sections, unit: DwarfUnit) -> str:
    found = sections.string(unit, NAME)
    return found or (sections.string(unit, DWO_NAME) or sections.string(unit, GNU_DWO_NAME)).removesuffix(".dwo")


def _ranges(sections: _Sections, unit: DwarfUnit, most: int) -> Ranges:
    """The ranges of a unit by its first entry."""
    low = 0
    if LOW_PC in unit.values:
        form, value = unit.values[LOW_PC]
        low = value if isinstance(value, int) else 0
        low = sections.address(unit, low) if form in _ADDRX else low
    if RANGES in unit.values:
        form, value = unit.values[RANGES]
        offset = value if isinstance(value, int) else 0
        if unit.version < 5:
            return _old_list(sections, unit, offset + _integer(unit, GNU_RANGES_BASE, 0), low, most)
        base = _integer(unit, RNGLISTS_BASE, 2 * unit.offset_size + 4)
        if form == _RNGLISTX:
            offset = base + sections.integer("rnglists", base + offset * unit.offset_size, unit.offset_size)
        return _new_list(sections, unit, offset, low, most)
    if HIGH_PC in unit.values:
        form, value = unit.values[HIGH_PC]
        high = value if isinstance(value, int) else 0
        if form in _ADDRX:
            high = sections.address(unit, high)
        return [(low, high if form == _ADDR or form in _ADDRX else low + high)]
    return []


def _old_list(sections: _Sections, unit: DwarfUnit, at: int, base: int, most: int) -> Ranges:
    """A list of DWARF 2 to 4: pairs of addresses relative to a base, which a pair with the highest address changes."""
    found: Ranges = []
    size, highest = unit.address_size, (1 << 8 * unit.address_size) - 1
    table = sections["ranges"]
    while at + 2 * size <= len(table) and len(found) <= most:
        start, end = sections.integer("ranges", at, size), sections.integer("ranges", at + size, size)
        at += 2 * size
        if not start and not end:
            break
        if start == highest:
            base = end
        else:
            found.append(((base + start) & highest, (base + end) & highest))
    return found


def _new_list(sections: _Sections, unit: DwarfUnit, at: int, base: int, most: int) -> Ranges:
    """A list of DWARF 5: entries that say by their first byte what follows."""
    found: Ranges = []
    size = unit.address_size
    highest = (1 << 8 * size) - 1
    table = sections["rnglists"]

    def number() -> int:
        nonlocal at
        value = shift = 0
        while at < len(table) and shift < 70:
            byte = int(table[at])
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        return value

    def address() -> int:
        nonlocal at
        at += size
        return sections.integer("rnglists", at - size, size)

    while 0 <= at < len(table) and len(found) <= most:
        kind = int(table[at])
        at += 1
        if kind == 1:
            base = sections.address(unit, number())
        elif kind == 2:
            found.append((sections.address(unit, number()), sections.address(unit, number())))
        elif kind == 3:
            start = sections.address(unit, number())
            found.append((start, (start + number()) & highest))
        elif kind == 4:
            found.append(((base + number()) & highest, (base + number()) & highest))
        elif kind == 5:
            base = address()
        elif kind == 6:
            found.append((address(), address()))
        elif kind == 7:
            start = address()
            found.append((start, (start + number()) & highest))
        else:
            break
    return found


def _address_ranges(file: ElfFile, table: Bytes) -> dict[int, NDArray[np.uint64]]:
    """The ranges of units by ``.debug_aranges``, by where the unit begins: many compilers and options leave it out."""
    found: dict[int, NDArray[np.uint64]] = {}
    at = 0
    while at + 12 <= len(table):
        head = table[at : at + 24].tobytes()
        wide = head[:4] == b"\xff" * 4
        length = int.from_bytes(head[4:12] if wide else head[:4], file.byte_order)
        start, size = at, 8 if wide else 4
        begin = at + (12 if wide else 4)
        at = begin + length
        rest = table[begin : min(begin + 2 + size + 2, at)].tobytes()
        if len(rest) < 4 + size or at > len(table):
            break
        unit, width, segment = int.from_bytes(rest[2 : 2 + size], file.byte_order), rest[2 + size], rest[3 + size]
        if width not in {4, 8} or segment:
            continue
        first = start + -(-(begin + 4 + size - start) // (2 * width)) * 2 * width
        rows = table[first : first + max(at - first, 0) // (2 * width) * 2 * width].view(f"{file.order}u{width}")
        pairs = rows.astype(np.uint64).reshape(-1, 2)
        pairs = pairs[(pairs != 0).any(axis=1)]
        pairs[:, 1] += pairs[:, 0]
        found[unit] = pairs
    return found
