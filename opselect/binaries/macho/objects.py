"""Mach-O objects, alone or as members of an archive, as one image: as if they were linked whole.

Symbols are resolved across members as linkers do it. Duplicates stay where they are, for their bytes are in the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from macholib import mach_o
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.archives import ArchivedFile
from opselect.binaries.image import Bytes, Image, Machine, Pointers, Region, Section, SymbolKind, Symbols, unmapped
from opselect.binaries.macho.functions import functions_of
from opselect.binaries.macho.headers import MachFile, read_headers
from opselect.binaries.macho.object_layout import BASE, STUB, PlacedObjects, lay_out
from opselect.binaries.macho.object_relocations import relocate
from opselect.binaries.macho.object_symbols import JoinedSymbols, joined_symbols
from opselect.binaries.macho.sections import sections_of
from opselect.binaries.macho.symbols import NlistTable, begins_with, symbols_of, thumb_addresses

Integers = NDArray[np.int64]

_MOST_SECTIONS = 1 << 20
"""Ten times those of TensorFlow's archives: an object has a dozen."""
_INITIALISER = "_GLOBAL__sub_I_"


def objects_image(
    name: str, content: Bytes, parts: Sequence[ArchivedFile], *, archive: bool, not_read: Sequence[str] = ()
) -> Image:
    """The image of an object, or of all Mach-O objects of an archive.

    Raises InputError for objects that are damaged, and for an archive without any.
    """
    files: list[MachFile] = []
    kept: list[ArchivedFile] = []
    others = list(not_read)
    for part in parts:
        called = f"{name}({part.name})" if archive else name
        file = read_headers(called, content[part.offset : part.offset + part.size])
        if not file.is_object:
            others.append(f"{part.name}: it is linked already")
        elif files and (file.machine, file.bits, file.order) != (files[0].machine, files[0].bits, files[0].order):
            others.append(f"{part.name}: it is for another processor than {kept[0].name}")
        else:
            files.append(file)
            kept.append(part)
    if not files:
        raise InputError(name, "holds no object that can be read", "; ".join(others[:5]))
    if sum(len(file.sections) for file in files) > _MOST_SECTIONS:
        raise InputError(name, f"has more than {_MOST_SECTIONS} sections, which no compiler writes")
    starts = [part.offset for part in kept]
    counts = np.array([len(file.sections) for file in files], np.int64)
    firsts = np.cumsum(counts) - counts
    symbols = joined_symbols(files, starts, firsts, content)
    layout = lay_out(name, files, starts, content, symbols)
    relocated = relocate(files, starts, content, layout, symbols)
    unmapped(content)
    if relocated.too_far:
        others.append(f"{relocated.too_far} calls: what they call is too far away in so much code")
    placed = _placed(symbols.table, layout)
    named = _with_files(symbols_of(layout.sections, placed, np.empty(0, np.uint64)), layout, counts, kept)
    thumb = thumb_addresses(placed) if files[0].machine is Machine.ARM else frozenset()
    return Image(
        name=name,
        machine=files[0].machine,
        bits=files[0].bits,
        big_endian=files[0].big_endian,
        content=content,
        sections=_sections(files, starts, layout),
        segments=(),
        regions=tuple(
            region
            for region in (
                Region(BASE, layout.memory[: layout.code_end - BASE]),
                Region(layout.data, layout.memory[layout.data - BASE :]),
                Region(layout.slots, relocated.slots),
            )
            if len(region.content)
        ),
        symbols=named,
        functions=functions_of(layout.sections, [named.addresses[named.kinds == SymbolKind.FUNCTION]]),
        pointers=relocated.pointers,
        initialisers=_initialisers(layout, relocated.pointers, thumb),
        thumb=thumb,
        members=tuple(part.name for part in kept) if archive else (),
        not_read=tuple(others),
        stubs=_stubs(layout, symbols),
    )


def _placed(table: NlistTable, layout: PlacedObjects) -> NlistTable:
    """The table with the new addresses of what is loaded."""
    values = table.values.astype(np.int64)
    inside = table.defined & (table.sections > 0)
    values[inside] += layout.moved[table.sections[inside] - 1]
    return replace(table, values=values.astype(np.uint64))


def _with_files(symbols: Symbols, layout: PlacedObjects, counts: Integers, parts: Sequence[ArchivedFile]) -> Symbols:
    """The symbols with their source files: by the name of the object's initialiser, else that of the object itself."""
    member_of = np.repeat(np.arange(len(parts), dtype=np.int32), counts)
    loaded = sorted((section.address, number) for number, section in enumerate(layout.sections) if section.address)
    starts, numbers = np.array([start for start, _ in loaded], np.uint64), [number for _, number in loaded]
    at = np.searchsorted(starts, symbols.addresses, "right") - 1
    files = member_of[np.array(numbers, np.int64)[at]] if len(at) else symbols.files
    names = [part.name for part in parts]
    for number in np.flatnonzero(begins_with(symbols.text, symbols.name_at, _INITIALISER.encode())).tolist():
        names[files[number]] = symbols.name(number).removeprefix(_INITIALISER)
    return replace(symbols, files=files, file_names=tuple(names))


def _sections(files: Sequence[MachFile], starts: Sequence[int], layout: PlacedObjects) -> tuple[Section, ...]:
    found: list[Section] = []
    first = 0
    for member, (file, start) in enumerate(zip(files, starts, strict=True)):
        count = len(file.sections)
        addresses = [section.address for section in layout.sections[first : first + count]]
        found += sections_of(file, member, addresses, start)
        first += count
    return tuple(found)


def _initialisers(layout: PlacedObjects, pointers: Pointers, thumb: frozenset[int]) -> tuple[int, ...]:
    """What the loader calls, as members come."""
    found: list[int] = []
    for section in layout.sections:
        if section.type == mach_o.S_MOD_INIT_FUNC_POINTERS and section.address:
            first, last = np.searchsorted(pointers.places, np.array([section.address, section.end], np.uint64))
            known = pointers.imports[first:last] < 0
            found += pointers.values[first:last][known].tolist()
    return tuple(dict.fromkeys(value & ~1 if value & ~1 in thumb else value for value in found))


def _stubs(layout: PlacedObjects, symbols: JoinedSymbols) -> dict[int, str]:
    return {layout.stubs + STUB * number: text for number, text in enumerate(symbols.import_names)}
