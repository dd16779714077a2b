"""Shared objects and executables as images."""

from __future__ import annotations

import numpy as np

from opselect.binaries.elf.headers import ElfFile, section_of
from opselect.binaries.elf.relocations import pointers_of
from opselect.binaries.elf.symbols import (
    dynamic_table,
    exports_of,
    full_table,
    strong_places,
    symbols_of,
    thumb_functions,
)
from opselect.binaries.elf.unwind import exception_index, unwind_functions
from opselect.binaries.image import (
    Addresses,
    Exports,
    Functions,
    Image,
    Machine,
    Pointers,
    Region,
    SymbolKind,
    Symbols,
    merged_functions,
    unmapped,
)

_MAX_INITIALISERS = 1 << 20
"""What is more in a list of initialisers is none: a library has one for each source file."""
_DT_INIT, _DT_INIT_ARRAY, _DT_INIT_ARRAYSZ = 12, 25, 27


def linked_image(file: ElfFile, name: str) -> Image:
    """A shared object or an executable.

    Raises InputError for tables that cannot be read.
    """
    # Each table goes out of memory when it has been read: together they are large.
    dynamic = dynamic_table(file)
    pointers = pointers_of(file, dynamic)
    initialisers = _initialisers(file, pointers)
    unmapped(file.content)
    exports = Exports.none() if dynamic is None else exports_of(file, dynamic)
    full = full_table(file)
    table = full or dynamic
    symbols = symbols_of(file, table)
    strong = None if full is None else strong_places(file, full)
    thumb = thumb_functions(file.machine, table)
    del dynamic, full, table
    unmapped(file.content)
    functions = _functions(file, symbols)
    unmapped(file.content)
    regions = tuple(
        Region(segment.address, file.content[segment.offset : segment.offset + segment.size])
        for segment in sorted(file.segments, key=lambda segment: segment.address)
        if segment.size
    )
    if file.machine is Machine.ARM:
        thumb |= {address & ~1 for address in initialisers if address & 1}
        initialisers = tuple(address & ~1 for address in initialisers)
    return Image(
        name=name,
        machine=file.machine,
        bits=file.bits,
        big_endian=file.big_endian,
        content=file.content,
        sections=tuple(section_of(header, 0, 0, header.address) for header in file.sections if header.type),
        segments=file.segments,
        regions=regions,
        symbols=symbols,
        functions=functions,
        pointers=pointers,
        initialisers=initialisers,
        thumb=thumb,
        exports=exports,
        entry=file.entry or None,
        strong=strong,
    )


def _functions(file: ElfFile, symbols: Symbols) -> Functions:
    starts, ends = unwind_functions(file)
    named = (symbols.kinds == SymbolKind.FUNCTION) & (symbols.sizes > 0)
    parts: list[tuple[Addresses, Addresses]] = [
        (starts, ends),
        (symbols.addresses[named], symbols.addresses[named] + symbols.sizes[named]),
    ]
    indexed = exception_index(file)
    if len(indexed):
        code_end = max((s.address + s.size for s in file.segments if s.executable), default=0)
        parts.append((indexed, np.append(indexed[1:], np.uint64(code_end))))
    return merged_functions([part[0] for part in parts], [part[1] for part in parts])


def _initialisers(file: ElfFile, pointers: Pointers) -> tuple[int, ...]:
    """The functions that the loader calls at the start, in its order."""
    found = [file.dynamic[_DT_INIT]] if _DT_INIT in file.dynamic else []
    arrays = []
    if _DT_INIT_ARRAY in file.dynamic:
        arrays.append((file.dynamic[_DT_INIT_ARRAY], file.dynamic.get(_DT_INIT_ARRAYSZ, 0)))
    else:
        arrays += [(s.address, s.file_size) for s in file.sections if s.allocated and s.name == ".init_array"]
    size = file.bits // 8
    for address, length in arrays:
        present = file.at_address(address, min(length, size * _MAX_INITIALISERS))
        values = present[: len(present) // size * size].view(file.order + f"u{size}").astype(np.uint64)
        places = np.uint64(address) + np.arange(len(values), dtype=np.uint64) * np.uint64(size)
        numbers = np.searchsorted(pointers.places, places)
        known = numbers < len(pointers.places)
        known[known] = pointers.places[numbers[known]] == places[known]
        values[known] = pointers.values[numbers[known]]
        found += values.tolist()
    for section in file.sections:
        if section.allocated and section.name == ".ctors":
            words = file.section_bytes(section)[: section.file_size // size * size].view(file.order + f"u{size}")
            found += [value for value in words.tolist() if value not in {0, (1 << file.bits) - 1}]
    return tuple(address for address in dict.fromkeys(found) if address)
