"""Objects, alone or as members of an archive, as one image: as if they were linked whole.

Symbols are resolved across members as linkers do it. Duplicates stay where they are, for their bytes are in the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.archives import ArchivedFile
from opselect.binaries.elf.headers import ElfFile, read_headers, section_of
from opselect.binaries.elf.object_layout import BASE, STUB, ObjectLayout, lay_out, section_numbers
from opselect.binaries.elf.object_symbols import ObjectSymbols, read_symbols
from opselect.binaries.elf.relocating import relocate
from opselect.binaries.elf.symbols import placed_symbols
from opselect.binaries.elf.unwind import entry_functions
from opselect.binaries.image import (
    Addresses,
    Bytes,
    Functions,
    Image,
    Machine,
    Pointers,
    Region,
    Section,
    SymbolKind,
    Symbols,
    merged_functions,
    unmapped,
)

Integers = NDArray[np.int64]

_INITIALISERS = re.compile(r"\.(init_array|ctors)(?:\.(\d{1,9}))?")
_GLOBAL, _FUNC = 1, 2
_PADDING = 16
"""Bytes that compilers leave between functions at most."""
_LAST = 65536
"""The priority of initialisers that have none: they come behind those that have one."""


class ObjectSections(Sequence[Section]):
    """The sections of all members, each made when somebody asks for it: archives have millions."""

    def __init__(self, files: Sequence[ElfFile], starts: Sequence[int], addresses: Integers) -> None:
        self._files = files
        self._starts = starts
        self._addresses = addresses
        self._firsts = section_numbers(files).tolist()
        types = np.concatenate([file.sections.column("type") for file in files])
        self._numbers = np.flatnonzero(types)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Section: ...

    @overload
    def __getitem__(self, at: slice) -> list[Section]: ...

    def __getitem__(self, at: int | slice) -> Section | list[Section]:
        if isinstance(at, slice):
            return [self[each] for each in range(*at.indices(len(self)))]
        number = int(self._numbers[at])
        member = bisect_right(self._firsts, number) - 1
        header = self._files[member].sections[number - self._firsts[member]]
        return section_of(header, member, self._starts[member], int(self._addresses[number]))


def objects_image(
    name: str, content: Bytes, parts: Sequence[ArchivedFile], *, archive: bool, not_read: Sequence[str] = ()
) -> Image:
    """The image of an object, or of all objects of an archive.

    Raises InputError for objects that are damaged, and for an archive without any.
    """
    files: list[ElfFile] = []
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
    starts = [part.offset for part in kept]
    firsts = section_numbers(files)
    symbols = read_symbols(files, [part.name for part in kept], starts, firsts, content)
    unmapped(content)
    layout = lay_out(name, files, starts, content, symbols)
    unmapped(content)
    if files[0].machine is Machine.OTHER:
        pointers, slots = Pointers.none(), np.empty(0, np.uint8)
    else:
        pointers, slots, too_far = relocate(name, files, starts, content, layout, symbols)
        if too_far:
            others.append(f"{too_far:,} calls: they reach further than their instructions can, and are not followed")
    unmapped(content)
    named = _symbols(files[0], layout, symbols)
    initialisers = _initialisers(files, layout, pointers)
    return Image(
        name=name,
        machine=files[0].machine,
        bits=files[0].bits,
        big_endian=files[0].big_endian,
        content=content,
        sections=ObjectSections(files, starts, layout.addresses),
        segments=(),
        regions=tuple(
            region
            for region in (
                Region(BASE, layout.memory[: layout.code_end - BASE]),
                Region(layout.data, layout.memory[layout.data - BASE :]),
                Region(layout.slots, slots),
            )
            if len(region.content)
        ),
        symbols=named,
        functions=_functions(files, layout, named),
        pointers=pointers,
        initialisers=initialisers,
        thumb=frozenset(layout.symbols[symbols.thumb].tolist()),
        members=tuple(part.name for part in kept) if archive else (),
        not_read=tuple(others),
        strong=_strong(layout, symbols),
        stubs={layout.stubs + STUB * number: text for number, text in enumerate(symbols.import_names)},
    )


def _symbols(file: ElfFile, layout: ObjectLayout, symbols: ObjectSymbols) -> Symbols:
    table = symbols.table
    common = np.zeros(len(table), np.bool_)
    common[symbols.commons] = True
    loaded = table.defined
    loaded[loaded] = layout.addresses[table.sections[loaded]] > 0
    return placed_symbols(
        file.machine, table, loaded | common, layout.symbols.astype(np.uint64), symbols.files, symbols.file_names
    )


def _functions(files: Sequence[ElfFile], layout: ObjectLayout, symbols: Symbols) -> Functions:
    """The functions by symbols, and where these do not cover a section, by the frame descriptions of its member."""
    named = (symbols.kinds == SymbolKind.FUNCTION) & (symbols.sizes > 0) & (symbols.addresses < layout.code_end)
    starts = [symbols.addresses[named]]
    ends = [starts[0] + np.minimum(symbols.sizes[named], np.uint64(layout.code_end) - starts[0])]
    found = merged_functions(starts, ends)
    lengths = np.append(0, np.cumsum((found.ends - found.starts).astype(np.int64)))
    for file, first in zip(files, section_numbers(files).tolist(), strict=True):
        addresses = layout.addresses[first : first + len(file.sections)]
        sizes = layout.sizes[first : first + len(file.sections)]
        code = (addresses >= BASE) & (addresses < layout.code_end) & (sizes > 0)
        low = np.searchsorted(found.starts, addresses[code].astype(np.uint64))
        high = np.searchsorted(found.starts, (addresses[code] + sizes[code]).astype(np.uint64))
        covered = lengths[high] - lengths[low] + _PADDING * (high - low)
        if (covered < sizes[code]).any():
            for number in file.sections.beginning(".eh_frame"):
                at = int(addresses[number]) - BASE
                if at >= 0 and file.sections[number].name == ".eh_frame":
                    data = layout.memory[at : at + int(sizes[number])].tobytes()
                    more = entry_functions(data, at + BASE, file.byte_order)
                    inside = (more[0] >= BASE) & (more[1] <= layout.code_end)
                    starts.append(more[0][inside])
                    ends.append(more[1][inside])
    return found if len(starts) == 1 else merged_functions(starts, ends)


def _strong(layout: ObjectLayout, symbols: ObjectSymbols) -> Addresses | None:
    """Where global symbols stand that only one member may define; None where there are no symbols at all."""
    table = symbols.table
    if not table.defined.any():
        return None
    chosen = np.flatnonzero(table.defined & (table.bindings == _GLOBAL) & (table.types <= _FUNC))
    loaded = layout.addresses[table.sections[chosen]] > 0
    return np.unique(layout.symbols[chosen[loaded]].astype(np.uint64))


def _initialisers(files: Sequence[ElfFile], layout: ObjectLayout, pointers: Pointers) -> tuple[int, ...]:
    """What the loader calls: by priority, then as members come; of lists of constructors the last first."""
    found: list[tuple[int, int, list[int]]] = []
    firsts = section_numbers(files).tolist()
    headers = (
        (first + number, file.sections[number])
        for file, first in zip(files, firsts, strict=True)
        for start in (".init_array", ".ctors")
        for number in file.sections.beginning(start)
    )
    for number, header in headers:
        match = _INITIALISERS.fullmatch(header.name)
        if match is None or not header.allocated:
            continue
        start = int(layout.addresses[number])
        first, last = np.searchsorted(pointers.places, np.array([start, start + header.size], np.uint64))
        known = pointers.imports[first:last] < 0
        values = pointers.values[first:last][known].tolist()
        priority = int(match[2]) if match[2] else _LAST
        if match[1] == "ctors":
            values.reverse()
            priority = _LAST - priority if match[2] else _LAST
        found.append((priority, number, values))
    thumb = -2 if files[0].machine is Machine.ARM else -1
    return tuple(dict.fromkeys(value & thumb for _, _, values in sorted(found) for value in values))
