"""Where the sections of objects stand: one behind the other in an address space of our own, their bytes copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import ElfFile
from opselect.binaries.elf.object_symbols import ObjectSymbols
from opselect.binaries.elf.section_headers import ALLOC, EXECUTE, NOBITS, WRITE
from opselect.binaries.elf.symbols import ABSOLUTE, COMMON
from opselect.binaries.image import Bytes

Integers = NDArray[np.int64]

BASE = 0x10000
"""The first address: nothing stands at 0."""
STUB = 16
"""Bytes from one import's address to the next."""
_MAX_ALIGNMENT = 1 << 16
_TOO_MUCH = "its sections take more memory than its processor has"
_MAX_ADDRESS = {32: 1 << 32, 64: 1 << 46}


@dataclass(frozen=True, slots=True)
class ObjectLayout:
    """Sections are numbered through all members. Addresses and sizes are 0 for what is not loaded; shape (sections,).

    ``memory`` is the copy of what the file gives, from BASE on. Between ``code_end`` and ``data`` are the imports, in
    the order of their numbers from ``stubs`` on. ``symbols`` are the addresses of the symbols themselves, which another
    definition may stand for; functions in Thumb code without their mark; shape (symbols,).
    ``slots`` is the address of the table that position-independent code reads addresses from, behind all else.
    """

    addresses: Integers
    sizes: Integers
    memory: Bytes
    code_end: int
    stubs: int
    data: int
    slots: int
    symbols: Integers


def section_numbers(files: Sequence[ElfFile]) -> Integers:
    """The number of each member's first section, when sections are counted through all members."""
    return np.cumsum([0, *(len(file.sections) for file in files)])[:-1].astype(np.int64)


def lay_out(
    name: str, files: Sequence[ElfFile], starts: Sequence[int], content: Bytes, symbols: ObjectSymbols
) -> ObjectLayout:
    """Places the loaded sections: code, imports, constants, data, zeros, common symbols.

    Raises InputError for sections that overlap in the file, and for more memory than the processor has.
    """
    limit = _MAX_ADDRESS[files[0].bits]
    flags, types, alignments = (_column(files, each) for each in ("flags", "type", "alignment"))
    loaded = ((flags & ALLOC) != 0) & (types != 0)
    sizes = np.where(loaded, _column(files, "size"), 0)
    if (sizes < 0).any() or (sizes > limit).any():
        raise InputError(name, _TOO_MUCH)
    zeros = loaded & (types == NOBITS)
    given = loaded & ~zeros
    code = given & ((flags & EXECUTE) != 0)
    data = given & ~code & ((flags & WRITE) != 0)
    if int(sizes[given].sum()) > len(content):
        raise InputError(name, "its sections overlap: they have more bytes than the file")
    addresses = np.zeros(len(flags), np.int64)

    def placed(group: NDArray[np.bool_], at: int) -> int:
        found = []
        for size, alignment in zip(sizes[group].tolist(), alignments[group].tolist(), strict=True):
            if 1 < alignment <= _MAX_ALIGNMENT and not alignment & (alignment - 1):
                at = (at + alignment - 1) & -alignment
            found.append(at)
            at += size
        if at > limit:
            raise InputError(name, _TOO_MUCH)
        addresses[group] = found
        return at

    code_end = placed(code, BASE)
    stubs = (code_end + 2 * STUB - 1) & -STUB
    data_start = (stubs + STUB * len(symbols.import_names) + 0xFFF) & -0x1000
    data_end = placed(data, placed(given & ~code & ~data, data_start))
    end = placed(zeros, data_end)
    commons = symbols.commons
    common_sizes = np.minimum(symbols.table.sizes[commons], np.uint64(limit)).astype(np.int64)
    common_at = ((end + 0xFFF) & -0x1000) + np.cumsum(np.append(0, (common_sizes + 63) & -64))
    slots = (int(common_at[-1]) + 0xFFF) & -0x1000
    if not end <= slots <= limit:
        raise InputError(name, _TOO_MUCH)
    offsets = np.concatenate(
        [file.sections.column("offset") + start for file, start in zip(files, starts, strict=True)]
    )
    memory = np.zeros(data_end - BASE, np.uint8)
    _copy(memory, content, addresses[given] - BASE, offsets[given], sizes[given])
    return ObjectLayout(
        addresses=addresses,
        sizes=sizes,
        memory=memory,
        code_end=code_end,
        stubs=stubs,
        data=data_start,
        slots=slots,
        symbols=_symbol_addresses(symbols, addresses, common_at, stubs, slots),
    )


def _column(files: Sequence[ElfFile], name: str) -> Integers:
    return np.concatenate([file.sections.column(name) for file in files])


def _copy(memory: Bytes, content: Bytes, places: Integers, offsets: Integers, sizes: Integers) -> None:
    target, source = memory.data, content.data
    for place, offset, size in zip(places.tolist(), offsets.tolist(), sizes.tolist(), strict=True):
        target[place : place + size] = source[offset : offset + size]


def _symbol_addresses(
    symbols: ObjectSymbols, sections: Integers, commons: Integers, stubs: int, slots: int
) -> Integers:
    table = symbols.table
    special = (table.sections == 0) | (table.sections == ABSOLUTE) | (table.sections == COMMON)
    own: Integers = (table.values & np.uint64((1 << 62) - 1)).astype(np.int64)
    found: Integers = own + sections[np.where(special, 0, table.sections)] * ~special
    found[symbols.commons] = commons[:-1]
    found[symbols.imports >= 0] = stubs + STUB * symbols.imports[symbols.imports >= 0].astype(np.int64)
    found[symbols.slot_table] = slots
    found[symbols.thumb] &= ~1
    return found
