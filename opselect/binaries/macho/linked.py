"""Dylibs, bundles and executables of Mach-O as images."""

from __future__ import annotations

import numpy as np
from macholib import mach_o

from opselect.binaries.image import (
    Addresses,
    Functions,
    Image,
    Machine,
    Pointers,
    Region,
    SymbolKind,
    Symbols,
    unmapped,
)
from opselect.binaries.macho.functions import function_starts, functions_of
from opselect.binaries.macho.headers import DEBUG_FILE, MachFile
from opselect.binaries.macho.pointers import pointers_of
from opselect.binaries.macho.sections import sections_of
from opselect.binaries.macho.symbols import each_once, exports_of, symbols_of, table_of, thumb_addresses
from opselect.binaries.macho.unwind import unwind_starts

_INITIALISER_OFFSETS = 0x16
_MOST = (1 << 64) - 1


def linked_image(file: MachFile) -> Image:
    """A file that a linker wrote.

    Raises InputError for tables that cannot be read.
    """
    starts, thumb = function_starts(file)
    table = table_of(file)
    symbols = symbols_of(file.sections, table, starts)
    exports = exports_of(table)
    unmapped(file.content)
    pointers = pointers_of(file, table) if file.machine is not Machine.OTHER else Pointers.none()
    unmapped(file.content)
    initialisers = _initialisers(file, pointers)
    if file.machine is Machine.ARM:
        thumb |= thumb_addresses(table)
        thumb |= {address & ~1 for address in initialisers if address & 1}
        initialisers = tuple(address & ~1 for address in initialisers)
    return Image(
        name=file.name,
        machine=file.machine,
        bits=file.bits,
        big_endian=file.big_endian,
        content=file.content,
        sections=sections_of(file),
        segments=tuple(segment.plain() for segment in file.segments),
        regions=_regions(file),
        symbols=symbols,
        functions=_functions(file, symbols, starts, initialisers),
        pointers=pointers,
        initialisers=initialisers,
        thumb=thumb,
        exports=exports,
        strong=each_once(exports.addresses[~exports.weak]) if len(exports.addresses) else None,
    )


def _functions(file: MachFile, symbols: Symbols, starts: Addresses, initialisers: tuple[int, ...]) -> Functions:
    """Functions by the linker's list; where it left none by what symbols, the unwinder and the loader know."""
    parts = [starts, np.array(initialisers, np.uint64)]
    if not len(starts):
        parts += [symbols.addresses[symbols.kinds == SymbolKind.FUNCTION], unwind_starts(file)]
    return functions_of(file.sections, parts)


def _regions(file: MachFile) -> tuple[Region, ...]:
    if file.file_type == DEBUG_FILE:
        return ()  # its segments are those of the file that it is for
    return tuple(
        Region(segment.address, file.content[segment.offset : segment.offset + segment.size])
        for segment in sorted(file.segments, key=lambda segment: segment.address)
        if segment.size
    )


def _initialisers(file: MachFile, pointers: Pointers) -> tuple[int, ...]:
    """The functions that the loader calls at the start, in its order; of 32-bit ARM with the bit for Thumb code."""
    found = [] if file.initialiser is None else [file.initialiser]
    size = file.pointer_size
    for section in file.sections:
        content = file.section_bytes(section)
        if section.type == mach_o.S_MOD_INIT_FUNC_POINTERS:
            places = np.uint64(section.address) + np.arange(len(content) // size, dtype=np.uint64) * np.uint64(size)
            found += _addresses(file, pointers, places)
        elif section.type == _INITIALISER_OFFSETS:
            offsets = content[: len(content) // 4 * 4].view(file.order + "u4")
            found += [file.base + offset & _MOST for offset in offsets.tolist()]
    return tuple(address for address in dict.fromkeys(found) if address)


def _addresses(file: MachFile, pointers: Pointers, places: Addresses) -> list[int]:
    """What stands at places when the program runs; what another library gives is left out."""
    values = file.words_at(places)
    at = np.searchsorted(pointers.places, places)
    found = at < len(pointers.places)
    found[found] = pointers.places[at[found]] == places[found]
    values[found] = np.where(pointers.imports[at[found]] < 0, pointers.values[at[found]], np.uint64(0))
    return [int(value) for value in values.tolist()]
