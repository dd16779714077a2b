"""Where the sections of Mach-O objects stand: one behind the other in addresses of our own, their bytes copied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.image import Bytes
from opselect.binaries.macho.headers import MachFile, MachSection
from opselect.binaries.macho.object_symbols import JoinedSymbols
from opselect.binaries.macho.sections import is_loaded

Integers = NDArray[np.int64]

BASE = 0x10000
"""The first address: nothing stands at 0."""
STUB = 16
"""Bytes from one import's address to the next."""
_ROOM = 1 << 24
"""Bytes that the copy may have beyond twice those of the file, for what is between sections."""
_TOO_MUCH = "its sections take more memory than its processor has"
_MAX_ADDRESS = {32: 1 << 32, 64: 1 << 46}


@dataclass(frozen=True, slots=True)
class PlacedObjects:
    """Sections are numbered through all members, from 0; those that are not loaded keep the address 0.

    ``sections`` have their new addresses, ``moved`` says how far each was moved. ``memory`` is the copy of what the
    file gives, from BASE on. Between ``code_end`` and ``data`` are the imports, in the order of their numbers from
    ``stubs`` on. ``symbols`` are the addresses of what the symbols stand for; shape (symbols,). ``slots`` is the
    address of the table that code reads addresses from (GOT), behind all else.
    """

    sections: tuple[MachSection, ...]
    moved: Integers
    memory: Bytes
    code_end: int
    stubs: int
    data: int
    slots: int
    symbols: Integers


def lay_out(
    name: str, files: Sequence[MachFile], starts: Sequence[int], content: Bytes, symbols: JoinedSymbols
) -> PlacedObjects:
    """Places the loaded sections: code, imports, constants, data, zeros, common symbols.

    Raises InputError for sections that overlap in the file, and for more memory than the processor has.
    """
    limit = _MAX_ADDRESS[files[0].bits]
    sections = [section for file in files for section in file.sections]
    offsets = [start + section.offset for file, start in zip(files, starts, strict=True) for section in file.sections]
    loaded = [number for number, section in enumerate(sections) if is_loaded(section)]
    given = [number for number in loaded if sections[number].file_size]
    if any(section.end > limit for section in sections):
        raise InputError(name, _TOO_MUCH)
    if sum(sections[number].file_size for number in given) > len(content):
        raise InputError(name, "its sections overlap: they have more bytes than the file")
    code = [number for number in given if sections[number].is_code]
    constants = [n for n in given if not sections[n].is_code and sections[n].segment == "__TEXT"]
    placed_so_far = {*code, *constants}
    data = [number for number in given if number not in placed_so_far]
    zeros = [number for number in loaded if not sections[number].file_size]
    addresses = [0] * len(sections)

    def placed(group: Sequence[int], at: int) -> int:
        for number in group:
            at = -(-at // sections[number].alignment) * sections[number].alignment
            addresses[number] = at
            at += sections[number].size
            if at > limit:
                raise InputError(name, _TOO_MUCH)
        return at

    code_end = placed(code, BASE)
    stubs = (code_end + 2 * STUB - 1) & -STUB
    data_start = (stubs + STUB * len(symbols.import_names) + 0xFFF) & -0x1000
    data_end = placed(data, placed(constants, data_start))
    end = placed(zeros, data_end)
    room = np.minimum(symbols.table.values[symbols.commons], np.uint64(limit)).astype(np.int64)
    common_at = ((end + 0xFFF) & -0x1000) + np.cumsum(np.append(0, (room + 63) & -64))
    slots = (int(common_at[-1]) + 0xFFF) & -0x1000
    if not end <= slots <= limit:
        raise InputError(name, _TOO_MUCH)
    if data_end - BASE > 2 * len(content) + _ROOM:
        raise InputError(name, "its sections are aligned so that they take much more memory than the file has bytes")
    memory = np.zeros(data_end - BASE, np.uint8)
    for number in given:
        at, size = addresses[number] - BASE, sections[number].file_size
        memory[at : at + size] = content[offsets[number] : offsets[number] + size]
    moved = np.array([to - section.address for section, to in zip(sections, addresses, strict=True)], np.int64)
    return PlacedObjects(
        sections=tuple(replace(section, address=to) for section, to in zip(sections, addresses, strict=True)),
        moved=moved,
        memory=memory,
        code_end=code_end,
        stubs=stubs,
        data=data_start,
        slots=slots,
        symbols=_symbol_addresses(symbols, moved, common_at[:-1], stubs),
    )


def _symbol_addresses(symbols: JoinedSymbols, moved: Integers, commons: Integers, stubs: int) -> Integers:
    table = symbols.table
    found: Integers = table.values.astype(np.int64)
    placed = table.defined & (table.sections > 0)
    found[placed] += moved[table.sections[placed] - 1]
    found[symbols.commons] = commons
    imported = symbols.imports >= 0
    found[imported] = stubs + STUB * symbols.imports[imported].astype(np.int64)
    return found[symbols.stands_for]
