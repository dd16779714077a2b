"""The relocations of objects, read from all members at once, resolved and applied to the copy of their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import ElfFile
from opselect.binaries.elf.object_layout import BASE, ObjectLayout
from opselect.binaries.elf.object_relocations import (
    POINTER_TYPES,
    SLOT_TYPES,
    Places,
    apply,
    reaches,
    widths,
    words_at,
)
from opselect.binaries.elf.object_symbols import ObjectSymbols
from opselect.binaries.elf.section_headers import ALLOC, NOBITS, REL, RELA
from opselect.binaries.image import Bytes, Pointers

Integers = NDArray[np.int64]

_AT_ONCE = 1 << 19
"""Relocations that are looked at together."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """Tables of relocations of one form: where they begin in the file, how many entries, for which section."""

    starts: Integers
    counts: Integers
    targets: Integers
    members: Integers


def relocate(
    name: str,
    files: Sequence[ElfFile],
    starts: Sequence[int],
    content: Bytes,
    layout: ObjectLayout,
    symbols: ObjectSymbols,
) -> tuple[Pointers, Bytes, int]:
    """Applies all relocations to the copy, and gives the pointers that they made and the bytes of the slots.

    The last is how many calls reach further than their instruction can: linkers put code between, and here they become
    calls of themselves.

    Raises InputError for relocations outside their section, or of symbols that are not there.
    """
    first = files[0]
    slots = _Slots(layout, symbols, first.bits // 8)
    addresses, thumb = layout.symbols[symbols.stands_for], symbols.thumb[symbols.stands_for]
    known = symbols.imports < 0
    sizes = np.minimum(symbols.table.sizes[symbols.stands_for], np.uint64(1 << 62)).astype(np.int64)
    too_far = 0
    places: list[Integers] = []
    numbers: list[Integers] = []
    for with_addends in (True, False):
        tables = _tables(name, files, starts, with_addends, len(content))
        for offsets, info, addends, which in _rows(tables, content, first, with_addends):
            target, member = tables.targets[which], tables.members[which]
            shift = 32 if first.bits == 64 else 8
            types = (info & np.uint64((1 << shift) - 1)).astype(np.uint32)
            symbol = (info >> np.uint64(shift)).astype(np.int64)
            room = layout.sizes[target].astype(np.uint64)
            width = widths(first.machine, types)
            bad = (offsets > room) | (offsets + width.astype(np.uint64) > room) | (symbol >= symbols.counts[member])
            bad &= types != 0
            if bad.any():
                wrong = files[int(member[np.flatnonzero(bad)[0]])].name
                raise InputError(wrong, "has a relocation outside its section, or of a symbol that is not there")
            real = types != 0
            types, width, symbol, member = types[real], width[real], symbol[real], member[real]
            number = symbols.firsts[member] + symbol
            where = layout.addresses[target[real]] + offsets[real].astype(np.int64)
            meant = addresses[number]
            far = np.abs(meant - where) >= reaches(first.machine, types)
            too_far += int(far.sum())
            found = Places(
                types=types,
                at=where - BASE,
                places=where,
                symbols=np.where(far, where, meant),
                addends=None if addends is None else addends[real],
                thumb=thumb[number],
                known=known[number],
                sizes=sizes[number],
                slots=slots.addresses(number, np.isin(types, SLOT_TYPES[first.machine])),
                table=layout.slots,
            )
            apply(first.machine, first.order, layout.memory, found)
            pointer = np.isin(types, POINTER_TYPES[first.machine])
            places.append(where[pointer])
            numbers.append(number[pointer])
    made, slot_bytes = _pointers(first, layout, symbols, slots, places, numbers)
    return made, slot_bytes, too_far


class _Slots:
    """The slots that were needed so far, one for each symbol."""

    def __init__(self, layout: ObjectLayout, symbols: ObjectSymbols, size: int) -> None:
        self._layout = layout
        self._stands_for = symbols.stands_for
        self._size = size
        self._numbers = np.full(len(symbols.stands_for), -1, np.int64)
        self._order: list[Integers] = []
        self._count = 0

    def addresses(self, symbols: Integers, needed: NDArray[np.bool_]) -> Integers:
        """The addresses of the symbols' slots where one is needed, else 0."""
        found = np.zeros(len(symbols), np.int64)
        wanted = self._stands_for[symbols[needed]]
        new = np.unique(wanted[self._numbers[wanted] < 0])
        self._numbers[new] = self._count + np.arange(len(new))
        self._count += len(new)
        self._order.append(new)
        found[needed] = self._layout.slots + self._numbers[wanted] * self._size
        return found

    @property
    def symbols(self) -> Integers:
        """The symbols that have slots, in the order of these."""
        return np.concatenate(self._order) if self._order else np.empty(0, np.int64)


def _tables(name: str, files: Sequence[ElfFile], starts: Sequence[int], with_addends: bool, size: int) -> _Tables:
    """The tables for loaded sections that have bytes."""
    kind, entry = (RELA if with_addends else REL), _entry(files[0], with_addends).itemsize
    found = [np.empty((0, 4), np.int64)]
    first = 0
    for member, (file, start) in enumerate(zip(files, starts, strict=True)):
        rows = file.sections.rows
        chosen = rows[rows["type"] == kind]
        chosen = chosen[(chosen["info"] > 0) & (chosen["info"] < len(rows))]
        flags, types = rows["flags"][chosen["info"]], rows["type"][chosen["info"]]
        chosen = chosen[((flags & ALLOC) != 0) & (types != NOBITS) & (types != 0)]
        made = np.empty((len(chosen), 4), np.int64)
        made[:, 0], made[:, 1] = chosen["offset"].astype(np.int64) + start, chosen["size"].astype(np.int64) // entry
        made[:, 2], made[:, 3] = chosen["info"].astype(np.int64) + first, member
        found.append(made)
        first += len(rows)
    columns = np.concatenate(found)
    if int(columns[:, 1].sum()) * entry > size:
        raise InputError(name, "its tables of relocations overlap: they have more bytes than the file")
    return _Tables(columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3])


def _entry(file: ElfFile, with_addends: bool) -> np.dtype[np.void]:
    word, signed = file.order + ("u8" if file.bits == 64 else "u4"), file.order + ("i8" if file.bits == 64 else "i4")
    return np.dtype([("offset", word), ("info", word), *([("addend", signed)] if with_addends else [])])


def _rows(
    tables: _Tables, content: Bytes, file: ElfFile, with_addends: bool
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64], Integers | None, Integers]]:
    """The relocations of all tables, so many at once: offsets, info, addends, and the numbers of their tables."""
    dtype = _entry(file, with_addends)
    ends = np.cumsum(tables.counts)
    total = int(ends[-1]) if len(ends) else 0
    for begin in range(0, total, _AT_ONCE):
        number = np.arange(begin, min(begin + _AT_ONCE, total))
        which = np.searchsorted(ends, number, "right")
        at = tables.starts[which] + (number - (ends - tables.counts)[which]) * dtype.itemsize
        rows = np.ascontiguousarray(content[at[:, None] + np.arange(dtype.itemsize)]).view(dtype)[:, 0]
        addends = rows["addend"].astype(np.int64) if with_addends else None
        yield rows["offset"].astype(np.uint64), rows["info"].astype(np.uint64), addends, which


def _pointers(
    file: ElfFile,
    layout: ObjectLayout,
    symbols: ObjectSymbols,
    slots: _Slots,
    places: list[Integers],
    numbers: list[Integers],
) -> tuple[Pointers, Bytes]:
    size = file.bits // 8
    in_slots = slots.symbols
    written = symbols.thumb[in_slots] | layout.symbols[in_slots]
    slot_bytes = written.astype(f"{file.order}u{size}").view(np.uint8)
    direct = np.concatenate([np.empty(0, np.int64), *places])
    values = words_at(layout.memory, direct - BASE, file.order, size)
    every = np.concatenate((direct, layout.slots + size * np.arange(len(in_slots))))
    values = np.concatenate((values, written))
    which = symbols.imports[np.concatenate((np.empty(0, np.int64), *numbers, in_slots))]
    order = np.argsort(every, kind="stable")
    pointers = Pointers(
        every[order].astype(np.uint64), values[order].astype(np.uint64), which[order], symbols.import_names
    )
    return pointers, slot_bytes
