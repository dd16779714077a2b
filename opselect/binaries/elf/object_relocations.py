"""Relocations of objects, applied to copies of their bytes: each type once for all places that have it.

Sources: the System V ABI supplements for x86-64 and i386, "Relocation"; ELF for the Arm 64-bit Architecture (aaelf64)
and ELF for the Arm Architecture (aaelf32), "Relocation". S is the address of the symbol, A the addend, P the place,
G the address of the symbol's slot in the table of addresses (GOT), as in these texts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Bytes, Machine

Integers = NDArray[np.int64]

POINTER_TYPES = {Machine.X86_64: (1,), Machine.X86: (1,), Machine.AARCH64: (257,), Machine.ARM: (2, 38)}
"""Types that write a whole address, as the loader does."""
SLOT_TYPES = {
    Machine.X86_64: (3, 9, 27, 28, 30, 41, 42),
    Machine.X86: (3, 43),
    Machine.AARCH64: (309, 310, 311, 312, 313, 315),
    Machine.ARM: (26, 41, 96),
}
"""Types that need a slot with the symbol's address."""
_WIDTHS = {
    Machine.X86_64: {1: 8, 24: 8, 25: 8, 27: 8, 28: 8, 29: 8, 31: 8, 33: 8, 12: 2, 13: 2, 14: 1, 15: 1},
    Machine.X86: {20: 2, 21: 2, 22: 1, 23: 1},
    Machine.AARCH64: {257: 8, 260: 8, 259: 2, 262: 2},
    Machine.ARM: {5: 2, 8: 1, 102: 2, 103: 2},
}
"""Bytes that types write, where it is not four."""


_REACHES = {
    Machine.AARCH64: {282: 1 << 27, 283: 1 << 27},
    Machine.ARM: {1: 1 << 25, 27: 1 << 25, 28: 1 << 25, 29: 1 << 25, 10: 1 << 24, 30: 1 << 24},
}
"""How far calls and jumps of each type reach, in bytes."""


@dataclass(frozen=True, slots=True)
class Places:
    """Relocations whose symbols are resolved, as columns of shape (n,).

    ``at`` are the numbers of the bytes in the copy, ``addends`` None where they stand in place. ``thumb`` says that the
    symbol is a function in Thumb code, ``known`` that it is defined; ``slots`` are addresses of slots, 0 where none is
    needed, and ``table`` is the address of the first.
    """

    types: NDArray[np.uint32]
    at: Integers
    places: Integers
    symbols: Integers
    addends: Integers | None
    thumb: NDArray[np.bool_]
    known: NDArray[np.bool_]
    sizes: Integers
    slots: Integers
    table: int

    def of(self, chosen: NDArray[np.bool_]) -> Places:
        """Those of them that are chosen."""
        addends = None if self.addends is None else self.addends[chosen]
        return Places(
            self.types[chosen], self.at[chosen], self.places[chosen], self.symbols[chosen], addends, self.thumb[chosen],
            self.known[chosen], self.sizes[chosen], self.slots[chosen], self.table,
        )  # fmt: skip


def widths(machine: Machine, types: NDArray[np.uint32]) -> Integers:
    """How many bytes each relocation changes."""
    found = np.full(len(types), 4, np.int64)
    found[types == 0] = 0
    for kind, width in _WIDTHS.get(machine, {}).items():
        found[types == kind] = width
    return found


def reaches(machine: Machine, types: NDArray[np.uint32]) -> Integers:
    """How far from its place the symbol of each relocation may be, in bytes; only calls and jumps have a bound."""
    found = np.full(len(types), np.iinfo(np.int64).max, np.int64)
    for kind, reach in _REACHES.get(machine, {}).items():
        found[types == kind] = reach
    return found


def apply(machine: Machine, order: str, memory: Bytes, every: Places) -> None:
    """Writes what the relocations say into the copy; types that are not known here, as those of threads, are left."""
    formulas = _FORMULAS.get(machine, {})
    for kind in np.unique(every.types).tolist():
        if kind in formulas:
            formulas[kind](memory, order, every.of(every.types == kind))


def words_at(memory: Bytes, at: Integers, order: str, size: int) -> Integers:
    """The integers of so many bytes that stand at places of a copy; of 8 bytes as signed ones."""
    rows = memory[at[:, None] + np.arange(size)]
    return np.ascontiguousarray(rows).view(f"{order}u{size}")[:, 0].astype(np.int64)


def _write(memory: Bytes, at: Integers, order: str, size: int, values: Integers) -> None:
    if size < 8:
        values = values & ((1 << 8 * size) - 1)
    memory[at[:, None] + np.arange(size)] = values.astype(f"{order}u{size}")[:, None].view(np.uint8).reshape(-1, size)


def _signed(values: Integers, bits: int) -> Integers:
    return (values << (64 - bits)) >> (64 - bits)


Formula = Callable[[Bytes, str, Places], None]


def _data(size: int, value: Callable[[Places, Integers], Integers]) -> Formula:
    """A formula that writes a whole integer; its addend is one, too."""

    def formula(memory: Bytes, order: str, found: Places) -> None:
        addends = found.addends
        if addends is None:
            addends = _signed(words_at(memory, found.at, order, size), 8 * size)
        _write(memory, found.at, order, size, value(found, addends))

    return formula


def _absolute(found: Places, addends: Integers) -> Integers:
    return found.symbols + addends


def _relative(found: Places, addends: Integers) -> Integers:
    return found.symbols + addends - found.places


def _from_table(found: Places, addends: Integers) -> Integers:
    return found.symbols + addends - found.table


def _slot(found: Places, addends: Integers) -> Integers:
    return found.slots + addends


def _slot_relative(found: Places, addends: Integers) -> Integers:
    return found.slots + addends - found.places


def _slot_from_table(found: Places, addends: Integers) -> Integers:
    return found.slots + addends - found.table


def _table_relative(found: Places, addends: Integers) -> Integers:
    return found.table + addends - found.places


def _size(found: Places, addends: Integers) -> Integers:
    return found.sizes + addends


def _slot_of_i386(memory: Bytes, order: str, found: Places) -> None:
    """R_386_GOT32X: an address where the instruction has no base register (mod 0, rm 5), else from the table on."""
    addends = found.addends if found.addends is not None else _signed(words_at(memory, found.at, order, 4), 32)
    mode = memory[np.maximum(found.at - 1, 0)] & 0xC7
    values = found.slots + addends - np.where(mode == 5, 0, found.table)
    _write(memory, found.at, order, 4, values)


def _code(field: Callable[[Places, Integers], Integers], mask: int) -> Formula:
    """A formula of AArch64 that puts a field into an instruction; instructions are little-endian always."""

    def formula(memory: Bytes, _order: str, found: Places) -> None:
        addends = found.addends if found.addends is not None else np.zeros(len(found.at), np.int64)
        words = words_at(memory, found.at, "<", 4)
        _write(memory, found.at, "<", 4, (words & ~mask) | (field(found, addends) & mask))

    return formula


_ADR_MASK = 3 << 29 | 0x7FFFF << 5


def _adr(values: Integers) -> Integers:
    return (values & 3) << 29 | (values >> 2 & 0x7FFFF) << 5


def _page(values: Integers) -> Integers:
    return values & ~0xFFF


def _branch(bits: int, at: int) -> Formula:
    mask = (1 << bits) - 1
    return _code(lambda p, a: ((p.symbols + a - p.places) >> 2 & mask) << at, mask << at)


def _low(shift: int) -> Formula:
    return _code(lambda p, a: ((p.symbols + a & 0xFFF) >> shift) << 10, 0xFFF << 10)


def _part_of_address(part: int) -> Formula:
    return _code(lambda p, a: ((p.symbols + a) >> 16 * part & 0xFFFF) << 5, 0xFFFF << 5)


def _arm_branch(memory: Bytes, order: str, found: Places) -> None:
    """B and BL of Arm code; a BL to a function in Thumb code becomes BLX."""
    words = words_at(memory, found.at, order, 4)
    addends = found.addends if found.addends is not None else _signed((words & 0xFFFFFF) << 2, 26)
    values = found.symbols + addends - found.places
    exchanging = (words >> 28) == 0xF
    call = exchanging | ((words & 0x0F000000) == 0x0B000000)
    plain = np.where(exchanging, 0xEB000000, words & ~0xFFFFFF)
    changed = np.where(call & found.thumb, 0xFA000000 | (values & 2) << 23, plain)
    _write(memory, found.at, order, 4, changed | (values >> 2 & 0xFFFFFF))


def _arm_data(value: Callable[[Places, Integers], Integers]) -> Formula:
    """As for data, with the lowest bit set where the symbol is a function in Thumb code."""
    return _data(4, lambda found, addends: value(found, addends) | found.thumb)


def _arm_31(memory: Bytes, order: str, found: Places) -> None:
    words = words_at(memory, found.at, order, 4)
    addends = found.addends if found.addends is not None else _signed(words & 0x7FFFFFFF, 31)
    values = (found.symbols + addends - found.places) & 0x7FFFFFFF
    _write(memory, found.at, order, 4, (words & 0x80000000) | values)


def _arm_move(shift: int, *, relative: bool) -> Formula:
    """MOVW and MOVT of Arm code."""

    def formula(memory: Bytes, order: str, found: Places) -> None:
        words = words_at(memory, found.at, order, 4)
        addends = found.addends if found.addends is not None else _signed((words >> 4 & 0xF000) | (words & 0xFFF), 16)
        values = _moved(found, addends, shift, relative)
        _write(memory, found.at, order, 4, (words & ~0xF0FFF) | (values & 0xF000) << 4 | (values & 0xFFF))

    return formula


def _moved(found: Places, addends: Integers, shift: int, relative: bool) -> Integers:
    values = found.symbols + addends
    if not shift:
        values = values | found.thumb
    if relative:
        values = values - found.places
    return values >> shift & 0xFFFF


def _halves(memory: Bytes, order: str, at: Integers) -> tuple[Integers, Integers]:
    return words_at(memory, at, order, 2), words_at(memory, at + 2, order, 2)


def _write_halves(memory: Bytes, order: str, at: Integers, first: Integers, second: Integers) -> None:
    _write(memory, at, order, 2, first)
    _write(memory, at + 2, order, 2, second)


def _thumb_move(shift: int, *, relative: bool) -> Formula:
    """MOVW and MOVT of Thumb code."""

    def formula(memory: Bytes, order: str, found: Places) -> None:
        first, second = _halves(memory, order, found.at)
        stands = (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | (second & 0xFF)
        addends = found.addends if found.addends is not None else _signed(stands, 16)
        values = _moved(found, addends, shift, relative)
        first = (first & ~0x40F) | values >> 12 | (values >> 11 & 1) << 10
        second = (second & ~0x70FF) | (values >> 8 & 7) << 12 | (values & 0xFF)
        _write_halves(memory, order, found.at, first, second)

    return formula


def _thumb_branch(*, call: bool) -> Formula:
    """BL, BLX and B.W of Thumb code; a BL to a function in Arm code becomes BLX, and the other way round."""

    def formula(memory: Bytes, order: str, found: Places) -> None:
        first, second = _halves(memory, order, found.at)
        sign, one, two = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
        upper = sign << 24 | (1 - (one ^ sign)) << 23 | (1 - (two ^ sign)) << 22
        stands = upper | (first & 0x3FF) << 12 | (second & 0x7FF) << 1
        addends = found.addends if found.addends is not None else _signed(stands, 25)
        values = found.symbols + addends - found.places
        if call:
            to_arm = found.known & ~found.thumb
            values = np.where(to_arm, values + 2 & ~3, values)
            second = np.where(to_arm, second & ~0x1000, second | 0x1000)
        sign = values >> 24 & 1
        first = (first & ~0x7FF) | sign << 10 | (values >> 12 & 0x3FF)
        one, two = 1 - (values >> 23 & 1 ^ sign), 1 - (values >> 22 & 1 ^ sign)
        second = (second & ~0x2FFF) | one << 13 | two << 11 | (values >> 1 & 0x7FF)
        _write_halves(memory, order, found.at, first, second)

    return formula


def _thumb_condition(memory: Bytes, order: str, found: Places) -> None:
    """B<c>.W of Thumb code."""
    first, second = _halves(memory, order, found.at)
    stands = (
        (first >> 10 & 1) << 20 | (second >> 11 & 1) << 19 | (second >> 13 & 1) << 18
        | (first & 0x3F) << 12 | (second & 0x7FF) << 1
    )  # fmt: skip
    addends = found.addends if found.addends is not None else _signed(stands, 21)
    values = found.symbols + addends - found.places
    first = (first & ~0x43F) | (values >> 20 & 1) << 10 | (values >> 12 & 0x3F)
    second = (second & ~0x2FFF) | (values >> 18 & 1) << 13 | (values >> 19 & 1) << 11 | (values >> 1 & 0x7FF)
    _write_halves(memory, order, found.at, first, second)


def _thumb_short(bits: int) -> Formula:
    """B and B<c> of two bytes."""
    mask = (1 << bits) - 1

    def formula(memory: Bytes, order: str, found: Places) -> None:
        words = words_at(memory, found.at, order, 2)
        addends = found.addends if found.addends is not None else _signed((words & mask) << 1, bits + 1)
        values = found.symbols + addends - found.places
        _write(memory, found.at, order, 2, (words & ~mask) | (values >> 1 & mask))

    return formula


_FORMULAS: dict[Machine, dict[int, Formula]] = {
    Machine.X86_64: {
        1: _data(8, _absolute), 2: _data(4, _relative), 3: _data(4, _slot_from_table), 4: _data(4, _relative),
        9: _data(4, _slot_relative), 10: _data(4, _absolute), 11: _data(4, _absolute), 12: _data(2, _absolute),
        13: _data(2, _relative), 14: _data(1, _absolute), 15: _data(1, _relative), 24: _data(8, _relative),
        25: _data(8, _from_table), 26: _data(4, _table_relative), 27: _data(8, _slot_from_table),
        28: _data(8, _slot_relative), 29: _data(8, _table_relative), 30: _data(8, _slot_from_table),
        31: _data(8, _from_table), 32: _data(4, _size), 33: _data(8, _size), 41: _data(4, _slot_relative),
        42: _data(4, _slot_relative),
    },
    Machine.X86: {
        1: _data(4, _absolute), 2: _data(4, _relative), 3: _data(4, _slot_from_table), 4: _data(4, _relative),
        9: _data(4, _from_table), 10: _data(4, _table_relative), 20: _data(2, _absolute), 21: _data(2, _relative),
        22: _data(1, _absolute), 23: _data(1, _relative), 38: _data(4, _size), 43: _slot_of_i386,
    },
    Machine.AARCH64: {
        257: _data(8, _absolute), 258: _data(4, _absolute), 259: _data(2, _absolute), 260: _data(8, _relative),
        261: _data(4, _relative), 262: _data(2, _relative), 314: _data(4, _relative), 315: _data(4, _slot_relative),
        263: _part_of_address(0), 264: _part_of_address(0), 265: _part_of_address(1), 266: _part_of_address(1),
        267: _part_of_address(2), 268: _part_of_address(2), 269: _part_of_address(3),
        273: _branch(19, 5), 279: _branch(14, 5), 280: _branch(19, 5), 282: _branch(26, 0), 283: _branch(26, 0),
        274: _code(lambda p, a: _adr(p.symbols + a - p.places), _ADR_MASK),
        275: _code(lambda p, a: _adr(_page(p.symbols + a) - _page(p.places) >> 12), _ADR_MASK),
        276: _code(lambda p, a: _adr(_page(p.symbols + a) - _page(p.places) >> 12), _ADR_MASK),
        277: _low(0), 278: _low(0), 284: _low(1), 285: _low(2), 286: _low(3), 299: _low(4),
        309: _code(lambda p, a: (p.slots + a - p.places >> 2 & 0x7FFFF) << 5, 0x7FFFF << 5),
        310: _code(lambda p, a: (p.slots + a - p.table >> 3 & 0xFFF) << 10, 0xFFF << 10),
        311: _code(lambda p, a: _adr(_page(p.slots + a) - _page(p.places) >> 12), _ADR_MASK),
        312: _code(lambda p, a: (p.slots + a & 0xFF8) << 7, 0xFFF << 10),
        313: _code(lambda p, a: (p.slots + a - (p.table & ~0xFFF) & 0x7FF8) << 7, 0xFFF << 10),
    },
    Machine.ARM: {
        1: _arm_branch, 27: _arm_branch, 28: _arm_branch, 29: _arm_branch,
        2: _arm_data(_absolute), 38: _arm_data(_absolute), 5: _data(2, _absolute), 8: _data(1, _absolute),
        3: _data(4, lambda p, a: (p.symbols + a | p.thumb) - p.places),
        24: _data(4, lambda p, a: (p.symbols + a | p.thumb) - p.table), 25: _data(4, _table_relative),
        26: _data(4, _slot_from_table), 41: _data(4, _slot_relative), 96: _data(4, _slot_relative), 42: _arm_31,
        10: _thumb_branch(call=True), 30: _thumb_branch(call=False), 51: _thumb_condition,
        102: _thumb_short(11), 103: _thumb_short(8),
        43: _arm_move(0, relative=False), 44: _arm_move(16, relative=False), 45: _arm_move(0, relative=True),
        46: _arm_move(16, relative=True), 47: _thumb_move(0, relative=False), 48: _thumb_move(16, relative=False),
        49: _thumb_move(0, relative=True), 50: _thumb_move(16, relative=True),
    },
}  # fmt: skip
