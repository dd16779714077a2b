"""Symbol tables of Mach-O files as columns, and which source file each symbol is from where the file says it.

Source: mach-o/nlist.h and mach-o/stab.h of Apple's cctools. A symbol has no size of its own: it ends where the next
symbol, function or section begins. Names have an underscore in front that C and C++ do not know; it is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from macholib import mach_o
from numpy.typing import NDArray

from opselect.binaries.image import Addresses, Bytes, Exports, SymbolKind, Symbols, text_at
from opselect.binaries.macho.headers import MachFile, MachSection
from opselect.binaries.macho.sections import is_loaded

_Number = TypeVar("_Number", bound=np.generic)
_ALTERNATE_ENTRY = 0x200
_SOURCE, _FUNCTION, _STATIC = 0x64, 0x24, 0x26  # N_SO, N_FUN, N_STSYM
_UNDERSCORE = ord("_")
_LONGEST = 1 << 20
"""The longest name that is read whole."""


@dataclass(frozen=True, slots=True)
class NlistTable:
    """A symbol table as it stands: columns of shape (n,) and the bytes of its names."""

    name_at: NDArray[np.int64]
    types: NDArray[np.uint8]
    sections: NDArray[np.int32]
    descriptions: NDArray[np.uint16]
    values: NDArray[np.uint64]
    text: Bytes

    def __len__(self) -> int:
        return len(self.values)

    def name(self, number: int) -> str:
        """The name of a symbol, without the underscore in front."""
        return plain_name(text_at(self.text, int(self.name_at[number])))

    @property
    def debugging(self) -> NDArray[np.bool_]:
        """Which are notes for debuggers (stabs)."""
        found: NDArray[np.bool_] = (self.types & np.uint8(mach_o.N_STAB)) != 0
        return found

    @property
    def defined(self) -> NDArray[np.bool_]:
        """Which stand for a place in a section of this file."""
        found: NDArray[np.bool_] = ~self.debugging & ((self.types & np.uint8(mach_o.N_TYPE)) == mach_o.N_SECT)
        return found

    @property
    def external(self) -> NDArray[np.bool_]:
        """Which other files can see."""
        found: NDArray[np.bool_] = ~self.debugging & ((self.types & np.uint8(mach_o.N_EXT)) != 0)
        return found

    def names_of(self, numbers: NDArray[np.int64]) -> Iterator[bytes]:
        """The names of symbols as they stand, as bytes."""
        if not len(numbers):
            return
        text = memoryview(self.text)  # type: ignore[arg-type]
        begins = np.append(each_once(self.name_at), len(self.text))
        starts = self.name_at[numbers]
        following = np.minimum(np.searchsorted(begins, starts, "right"), len(begins) - 1)
        for start, end in zip(starts.tolist(), begins[following].tolist(), strict=True):
            name, ended, _ = bytes(text[start:end]).partition(b"\0")
            # Where names share their ends the next one begins within this one.
            yield name if ended else bytes(text[start : start + _LONGEST]).partition(b"\0")[0]


def each_once(found: NDArray[_Number]) -> NDArray[_Number]:
    """Numbers sorted and each once; NumPy's own way is twenty times slower on a million of them."""
    ordered = np.sort(found)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def plain_name(name: str) -> str:
    """A name as C and C++ compilers know it, and as ELF files have it: without one underscore in front."""
    return name.removeprefix("_")


def table_of(file: MachFile) -> NlistTable:
    """The symbol table of a file, empty where it has none."""
    word = file.order + ("u8" if file.bits == 64 else "u4")
    dtype = np.dtype(
        [("name", file.order + "u4"), ("type", "u1"), ("section", "u1"), ("desc", file.order + "u2"), ("value", word)]
    )
    rows = file.table("symbol table").view(dtype)
    return NlistTable(
        name_at=rows["name"].astype(np.int64),
        types=np.ascontiguousarray(rows["type"]),
        sections=rows["section"].astype(np.int32),
        descriptions=rows["desc"].astype(np.uint16),
        values=rows["value"].astype(np.uint64),
        text=file.table("names of symbols"),
    )


def exports_of(table: NlistTable) -> Exports:
    """The symbols that other files may use; what their names take is no part of what is loaded, and not counted."""
    chosen = np.flatnonzero(table.external & table.defined & ((table.types & np.uint8(mach_o.N_PEXT)) == 0))
    chosen = chosen[np.argsort(table.values[chosen], kind="stable")]
    return Exports(
        addresses=table.values[chosen],
        weak=(table.descriptions[chosen] & mach_o.N_WEAK_DEF) != 0,
        sizes=np.zeros(len(chosen), np.int64),
    )


def symbols_of(sections: Sequence[MachSection], table: NlistTable, starts: Addresses) -> Symbols:
    """The symbols that stand for a place in the image; ``starts`` are where functions begin, named or not."""
    if not len(table) or not sections:
        return Symbols.none()
    begins = np.array([section.address for section in sections], np.uint64)
    ends = np.array([section.end for section in sections], np.uint64)
    is_code = np.array([section.is_code for section in sections])
    loaded = np.array([is_loaded(section) for section in sections])
    chosen = np.flatnonzero(table.defined & (table.sections > 0) & (table.sections <= len(sections)))
    home, values = table.sections[chosen] - 1, table.values[chosen]
    kept = (values >= begins[home]) & (values <= ends[home]) & loaded[home] & (table.name_at[chosen] < len(table.text))
    chosen, home, values = chosen[kept], home[kept], values[kept]
    name_at = table.name_at[chosen]
    first = table.text[name_at]
    # Assemblers mark where a section begins: no name of anything (ltmp0, and Lxx that objects rarely keep).
    kept = first != 0
    marks = np.flatnonzero(first == ord("l"))
    kept[marks[begins_with(table.text, name_at[marks], b"ltmp")]] = False
    chosen, home, values, name_at, first = chosen[kept], home[kept], values[kept], name_at[kept], first[kept]
    name_at += first == _UNDERSCORE

    main = (table.descriptions[chosen] & _ALTERNATE_ENTRY) == 0
    limits = each_once(np.concatenate([values[main], starts, ends]))
    following = np.searchsorted(limits, values, "right")
    after = limits[np.minimum(following, max(len(limits) - 1, 0))]
    sizes = np.where(following < len(limits), np.minimum(np.maximum(after, values), ends[home]) - values, np.uint64(0))
    files, file_names = _source_files(table, values, sizes)
    kinds = np.where(is_code[home], np.uint8(SymbolKind.FUNCTION), np.uint8(SymbolKind.OBJECT))
    order = np.lexsort((sizes, values))
    return Symbols(
        addresses=values[order],
        sizes=sizes[order],
        kinds=kinds[order],
        local=~table.external[chosen][order],
        files=files[order],
        file_names=file_names,
        name_at=name_at[order],
        text=table.text,
    )


def thumb_addresses(table: NlistTable) -> frozenset[int]:
    """The addresses of the functions of 32-bit ARM that the symbol table says are in Thumb code."""
    marked = table.defined & ((table.descriptions & np.uint16(mach_o.N_ARM_THUMB_DEF)) != 0)
    return frozenset(table.values[marked].tolist())


def begins_with(text: Bytes, name_at: NDArray[np.int64], start: bytes) -> NDArray[np.bool_]:
    """Which of the names at offsets of a text begin so."""
    same = np.ones(len(name_at), np.bool_)
    for number, byte in enumerate(start):
        same &= text[np.minimum(name_at + number, len(text) - 1)] == byte
    return same


def _source_files(
    table: NlistTable, values: Addresses, sizes: NDArray[np.uint64]
) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """The source file of each symbol by the notes that linkers leave for debuggers, and its exact size by them.

    Notes of one source stand between two of N_SO: its folder and its name, then N_FUN twice a function (name and start,
    then no name and the size), N_STSYM for other statics; an empty N_SO ends them.
    """
    files = np.full(len(values), -1, np.int32)
    sources = np.flatnonzero(table.types == _SOURCE)
    if not len(sources):
        return files, ()
    names: dict[str, int] = {}
    current = np.full(len(sources), -1, np.int32)
    for place, number in enumerate(sources.tolist()):
        name = text_at(table.text, int(table.name_at[number]))
        if name and not name.endswith("/"):
            current[place] = names.setdefault(name, len(names))
    noted = np.flatnonzero(np.isin(table.types, (_FUNCTION, _STATIC)) & (table.sections != 0))
    source = np.searchsorted(sources, noted) - 1
    noted, source = noted[source >= 0], source[source >= 0]
    order = np.argsort(table.values[noted], kind="stable")
    noted, source = noted[order], source[order]
    at = np.searchsorted(table.values[noted], values)
    found = at < len(noted)
    found[found] = table.values[noted][at[found]] == values[found]
    files[found] = current[source[at[found]]]
    function = found.copy()
    function[found] = (table.types[noted[at[found]]] == _FUNCTION) & (noted[at[found]] + 1 < len(table))
    stated = noted[at[function]] + 1
    ending = (table.types[stated] == _FUNCTION) & (table.sections[stated] == 0) & (table.values[stated] > 0)
    rows = np.flatnonzero(function)[ending]
    sizes[rows] = np.minimum(sizes[rows], table.values[stated][ending])
    return files, tuple(names)
