"""Where the sections of objects stand: one behind the other in an address space of our own, their bytes copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import NOBITS, ElfFile
from opselect.binaries.elf.object_symbols import ObjectSymbols
from opselect.binaries.elf.symbols import ABSOLUTE, COMMON
from opselect.binaries.image import Bytes

Integers = NDArray[np.int64]

BASE = 0x10000
"""The first address: nothing stands at 0."""
STUB = 16
"""Bytes from one import's address to the next."""
_ALLOC, _EXECUTE, _WRITE = 2, 4, 1
_MAX_ALIGNMENT = 1 << 16
_MAX_ADDRESS = {32: 1 << 32, 64: 1 << 46}


@dataclass(frozen=True, slots=True)
class Layout:
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


def lay_out(name: str, files: Sequence[ElfFile], content: Bytes, symbols: ObjectSymbols) -> Layout:
    """Places the loaded sections: code, imports, constants, data, zeros, common symbols.

    Raises InputError for sections that overlap in the file, and for more memory than the processor has.
    """
    limit = _MAX_ADDRESS[files[0].bits]
    headers = [header for file in files for header in file.sections]
    addresses, sizes = [0] * len(headers), [0] * len(headers)
    code: list[int] = []
    constants: list[int] = []
    data: list[int] = []
    zeros: list[int] = []
    for number, header in enumerate(headers):
        if header.flags & _ALLOC and header.type:
            sizes[number] = header.size
            if header.type == NOBITS:
                zeros.append(number)
            elif header.flags & _EXECUTE:
                code.append(number)
            else:
                (data if header.flags & _WRITE else constants).append(number)
    if sum(headers[number].size for group in (code, constants, data) for number in group) > len(content):
        raise InputError(name, "its sections overlap: they have more bytes than the file")

    def placed(group: list[int], at: int) -> int:
        for number in group:
            alignment = headers[number].alignment
            if 1 < alignment <= _MAX_ALIGNMENT and not alignment & (alignment - 1):
                at = (at + alignment - 1) & -alignment
            addresses[number] = at
            at += sizes[number]
            if at > limit:
                raise InputError(name, "its sections take more memory than its processor has")
        return at

    code_end = placed(code, BASE)
    stubs = (code_end + 2 * STUB - 1) & -STUB
    data_start = (stubs + STUB * len(symbols.import_names) + 0xFFF) & -0x1000
    data_end = placed(data, placed(constants, data_start))
    end = placed(zeros, data_end)
    commons = symbols.commons
    common_sizes = np.minimum(symbols.table.sizes[commons], np.uint64(limit)).astype(np.int64)
    common_at = ((end + 0xFFF) & -0x1000) + np.cumsum(np.append(0, (common_sizes + 63) & -64)).astype(np.int64)
    slots = (int(common_at[-1]) + 0xFFF) & -0x1000
    if slots > limit:
        raise InputError(name, "its sections take more memory than its processor has")
    where, every = np.array(addresses, np.int64), np.array(sizes, np.int64)
    return Layout(
        addresses=where,
        sizes=every,
        memory=_copied(files, addresses, [*code, *constants, *data], data_end),
        code_end=code_end,
        stubs=stubs,
        data=data_start,
        slots=slots,
        symbols=_symbol_addresses(symbols, where, common_at, stubs, slots),
    )


def _copied(files: Sequence[ElfFile], addresses: list[int], numbers: list[int], end: int) -> Bytes:
    memory = np.zeros(end - BASE, np.uint8)
    target = memory.data
    wanted = set(numbers)
    number = 0
    for file in files:
        source = file.content.data
        for header in file.sections:
            if number in wanted and header.size:
                at = addresses[number] - BASE
                target[at : at + header.size] = source[header.offset : header.offset + header.size]
            number += 1
    return memory


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
