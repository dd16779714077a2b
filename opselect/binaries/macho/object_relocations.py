"""The relocations of Mach-O objects, resolved and applied to the copy of their bytes: each kind for all places at once.

Sources: mach-o/reloc.h, mach-o/x86_64/reloc.h and mach-o/arm64/reloc.h of Apple's cctools. What is added stands in
place, and of arm64 in a relocation of its own before. Where a relocation names a section, what stands in place is an
address (or a distance) in the object, and is moved as far as the section was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.image import Bytes, Machine, Pointers
from opselect.binaries.macho.headers import MachFile
from opselect.binaries.macho.object_layout import BASE, PlacedObjects
from opselect.binaries.macho.object_symbols import JoinedSymbols
from opselect.binaries.macho.pointers import ADDRESS_BITS
from opselect.binaries.macho.sections import is_loaded

Integers = NDArray[np.int64]
Chosen = NDArray[np.bool_]

_SUBTRACTOR = {Machine.X86_64: 5, Machine.AARCH64: 1}
_SLOT_TYPES = {Machine.X86_64: (3, 4, 9), Machine.AARCH64: (5, 6, 7, 8, 9)}
_BRANCH, _PAGE, _PAGE_OFFSET, _SLOT_PAGES, _SLOT_OFFSETS, _SLOT_POINTER, _ADDEND = 2, 3, 4, (5, 8), (6, 9), 7, 10
_RANGE = 1 << 27
"""Bytes that a branch of arm64 reaches."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Relocations as columns of shape (n,).

    ``at`` are the places in the copy, ``numbers`` those of the symbols through all members, or where ``named`` is not
    set those of the sections (or what a relocation that only adds says). ``homes`` are the sections that they change.
    """

    at: Integers
    numbers: Integers
    relative: Chosen
    lengths: Integers
    named: Chosen
    types: Integers
    homes: Integers


@dataclass(frozen=True, slots=True)
class Relocated:
    """The pointers that relocations made, the bytes of the slots, and how many calls reach too far for their code."""

    pointers: Pointers
    slots: Bytes
    too_far: int


def relocate(
    files: Sequence[MachFile], starts: Sequence[int], content: Bytes, layout: PlacedObjects, symbols: JoinedSymbols
) -> Relocated:
    """Applies all relocations to the copy.

    Those of 32-bit processors are applied where they are whole addresses or distances; those of others are not.
    Raises InputError for relocations outside their section, and of symbols or sections that are not there.
    """
    machine, size = files[0].machine, files[0].pointer_size
    if machine is Machine.OTHER:
        return Relocated(Pointers.none(), np.empty(0, np.uint8), 0)
    rows = _checked(files, starts, content, layout, symbols)
    added = layout.symbols[np.where(rows.named, rows.numbers, 0)] if len(layout.symbols) else rows.numbers * 0
    adding = (rows.types == _ADDEND) & (machine is Machine.AARCH64)
    unnamed = ~rows.named & ~adding
    added[~rows.named] = 0
    added[unnamed] = np.append(0, layout.moved)[rows.numbers[unnamed]]
    imports = np.full(len(added), -1, np.int32)
    imports[rows.named] = symbols.imports[rows.numbers[rows.named]]

    subtracted, is_difference = _differences(rows, machine, added)
    whole = (rows.types == 0) & ~rows.relative & (rows.lengths >= 2)
    places, values = [], []
    for length in (2, 3):
        chosen = whole & (rows.lengths == length)
        width = 1 << length
        found = _words(layout.memory, rows.at[chosen], width) + added[chosen] - subtracted[chosen]
        _write(layout.memory, rows.at[chosen], width, found)
        if width == size:
            pointer = np.flatnonzero(chosen)
            real = ~is_difference[pointer]
            places.append(pointer[real])
            values.append(np.where(imports[pointer] >= 0, found - added[pointer], found)[real])
    slots = _Slots(layout, symbols, size)
    too_far = 0
    if machine is Machine.AARCH64:
        too_far = _apply_arm64(layout.memory, rows, added, slots)
    elif machine is Machine.X86_64:
        _apply_x86_64(layout, rows, added, slots)
    elif machine is Machine.X86:
        near = (rows.types == 0) & rows.relative & (rows.lengths == 2)
        moved = added[near] - layout.moved[rows.homes[near]]
        _write(layout.memory, rows.at[near], 4, _words(layout.memory, rows.at[near], 4) + moved)
    pointers, table = slots.filled()
    at = np.concatenate(places) if places else np.empty(0, np.int64)
    made = Pointers(
        (rows.at[at] + BASE).astype(np.uint64),
        np.concatenate(values).astype(np.uint64) if values else np.empty(0, np.uint64),
        imports[at],
        symbols.import_names,
    )
    return Relocated(_joined(made, pointers, machine, size), table, too_far)


def _checked(
    files: Sequence[MachFile], starts: Sequence[int], content: Bytes, layout: PlacedObjects, symbols: JoinedSymbols
) -> _Rows:
    tables, found = [np.empty(0, np.uint32)], list[tuple[int, int, int]]()
    room, number = len(content), 0
    for owner, (file, start) in enumerate(zip(files, starts, strict=True)):
        for section in file.sections:
            count = section.relocation_count
            if count and section.file_size and is_loaded(section):
                room -= count * 8
                if room < 0:
                    raise InputError(file.name, "its tables of relocations overlap: they have more bytes than the file")
                begin = start + section.relocations
                tables.append(content[begin : begin + count * 8].view("<u4"))
                found.append((number, owner, count))
            number += 1
    words = np.concatenate(tables).reshape(-1, 2).astype(np.int64)
    columns = np.array(found, np.int64).reshape(-1, 3)
    home, member = np.repeat(columns[:, 0], columns[:, 2]), np.repeat(columns[:, 1], columns[:, 2])
    # Of 32-bit processors some are of another form, for differences, which is not needed to follow code.
    plain = words[:, 0] < 0x80000000
    words, home, member = words[plain], home[plain], member[plain]
    info = words[:, 1]
    named = (info >> 27 & 1).astype(np.bool_)
    numbers, lengths, types = info & 0xFFFFFF, info >> 25 & 3, info >> 28
    sizes = np.array([section.size for section in layout.sections], np.int64)
    sections = np.array([len(file.sections) for file in files], np.int64)
    adding = (types == _ADDEND) & (files[0].machine is Machine.AARCH64)
    bad = words[:, 0] + (1 << lengths) > sizes[home]
    bad |= named & (numbers >= symbols.counts[member])
    bad |= ~named & ~adding & (numbers > sections[member])
    if bad.any():
        wrong = files[int(member[np.flatnonzero(bad)[0]])].name
        raise InputError(wrong, "has a relocation outside its section, or of a symbol that is not there")
    firsts = np.cumsum(sections) - sections
    through = np.where(numbers > 0, numbers + firsts[member], 0)
    numbers = np.where(named, numbers + symbols.firsts[member], np.where(adding, numbers, through))
    addresses = np.array([section.address for section in layout.sections], np.int64)
    return _Rows(
        at=addresses[home] + words[:, 0] - BASE,
        numbers=numbers,
        relative=(info >> 24 & 1).astype(np.bool_),
        lengths=lengths,
        named=named,
        types=types,
        homes=home,
    )


def _differences(rows: _Rows, machine: Machine, added: Integers) -> tuple[Integers, Chosen]:
    """What is subtracted at each relocation by the one before it, and where that is so."""
    subtracted, is_difference = np.zeros(len(added), np.int64), np.zeros(len(added), np.bool_)
    first = np.flatnonzero(rows.types[:-1] == _SUBTRACTOR.get(machine, -1))
    first = first[(rows.at[first] == rows.at[first + 1]) & (rows.types[first + 1] == 0)]
    subtracted[first + 1] = added[first]
    is_difference[first + 1] = True
    return subtracted, is_difference


def _apply_x86_64(layout: PlacedObjects, rows: _Rows, added: Integers, slots: _Slots) -> None:
    memory = layout.memory
    near = np.isin(rows.types, (1, 2, 6, 7, 8)) & rows.relative & (rows.lengths == 2)
    place = rows.at + BASE
    distance = np.where(rows.named, added - (place + 4), added - layout.moved[rows.homes])
    _write(memory, rows.at[near], 4, _words(memory, rows.at[near], 4) + distance[near])
    slot = np.isin(rows.types, _SLOT_TYPES[Machine.X86_64]) & rows.named & (rows.lengths == 2)
    distance = slots.addresses(rows.numbers[slot]) - (place[slot] + 4)
    _write(memory, rows.at[slot], 4, _words(memory, rows.at[slot], 4) + distance)


def _apply_arm64(memory: Bytes, rows: _Rows, added: Integers, slots: _Slots) -> int:
    target = added.copy()
    before = np.flatnonzero(rows.types[:-1] == _ADDEND)
    before = before[rows.at[before] == rows.at[before + 1]]
    target[before + 1] += (rows.numbers[before] << 40) >> 40
    slot = np.isin(rows.types, _SLOT_TYPES[Machine.AARCH64]) & rows.named
    target[slot] = slots.addresses(rows.numbers[slot])
    place = rows.at + BASE
    words_long = rows.named & (rows.lengths == 2)

    branch = words_long & (rows.types == _BRANCH)
    distance = target - place
    far = branch & (np.abs(distance) >= _RANGE)
    branch &= ~far
    _change(memory, rows.at[branch], 0x3FFFFFF, distance[branch] >> 2)

    page = words_long & np.isin(rows.types, (_PAGE, *_SLOT_PAGES))
    pages = (target[page] >> 12) - (place[page] >> 12)
    _change(memory, rows.at[page], 3 << 29 | 0x7FFFF << 5, (pages & 3) << 29 | (pages >> 2 & 0x7FFFF) << 5)

    offset = words_long & np.isin(rows.types, (_PAGE_OFFSET, *_SLOT_OFFSETS))
    code = _words(memory, rows.at[offset], 4)
    load = (code & 0x3B000000) == 0x39000000
    wide = load & ((code & 0x04800000) == 0x04800000) & ((code >> 30 & 3) == 0)
    shift = np.where(wide, 4, np.where(load, code >> 30 & 3, 0))
    _change(memory, rows.at[offset], 0xFFF << 10, ((target[offset] & 0xFFF) >> shift) << 10)

    pointer = words_long & (rows.types == _SLOT_POINTER) & rows.relative
    _write(memory, rows.at[pointer], 4, _words(memory, rows.at[pointer], 4) + (target - place)[pointer])
    return int(far.sum())


class _Slots:
    """The slots of the symbols whose addresses code reads from a table, one for each symbol."""

    def __init__(self, layout: PlacedObjects, symbols: JoinedSymbols, size: int) -> None:
        self._layout = layout
        self._symbols = symbols
        self._size = size
        self._wanted: Integers = np.empty(0, np.int64)

    def addresses(self, numbers: Integers) -> Integers:
        """The addresses of the slots of all symbols that need one; to be asked for once."""
        meant = self._symbols.stands_for[numbers]
        self._wanted, which = np.unique(meant, return_inverse=True)
        return self._layout.slots + which.astype(np.int64) * self._size

    def filled(self) -> tuple[Pointers, Bytes]:
        """The pointers in the slots, and the slots' bytes."""
        values = self._layout.symbols[self._wanted]
        imports = self._symbols.imports[self._wanted]
        places = self._layout.slots + np.arange(len(values), dtype=np.int64) * self._size
        pointers = Pointers(
            places.astype(np.uint64),
            np.where(imports >= 0, 0, values).astype(np.uint64),
            imports,
            self._symbols.import_names,
        )
        return pointers, values.astype(f"<u{self._size}").view(np.uint8)


def _joined(first: Pointers, second: Pointers, machine: Machine, size: int) -> Pointers:
    places = np.concatenate([first.places, second.places])
    values = np.concatenate([first.values, second.values])
    imports = np.concatenate([first.imports, second.imports])
    if machine is Machine.AARCH64:
        values = np.where(imports < 0, values & ADDRESS_BITS, values)
    elif size == 4:
        values = values & np.uint64(0xFFFFFFFF)
    order = np.argsort(places, kind="stable")
    order = order[np.append(places[order][1:] != places[order][:-1], True)] if len(order) else order
    return Pointers(places[order], values[order], imports[order], first.import_names)


def _words(memory: Bytes, at: Integers, size: int) -> Integers:
    """The signed integers of so many bytes at places of the copy."""
    rows = memory[at[:, None] + np.arange(size)]
    return np.ascontiguousarray(rows).view(f"<i{size}")[:, 0].astype(np.int64)


def _write(memory: Bytes, at: Integers, size: int, values: Integers) -> None:
    short = values.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :size]
    memory[at[:, None] + np.arange(size)] = short


def _change(memory: Bytes, at: Integers, mask: int, field: Integers) -> None:
    """Puts a field into instructions."""
    _write(memory, at, 4, (_words(memory, at, 4) & ~mask) | (field & mask))
