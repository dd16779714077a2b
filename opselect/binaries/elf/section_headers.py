"""Section headers of an ELF file as one table: objects with a section for each function have hundred thousands.

Source: the System V ABI, chapter 4, "Sections".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Bytes, SectionKind, text_at

SYMTAB, RELA, NOBITS, REL, DYNSYM, SYMTAB_SHNDX = 2, 4, 8, 9, 11, 18
WRITE, ALLOC, EXECUTE = 1, 2, 4

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SectionHeader:
    """A section header as it stands; ``name`` is looked up. ``offset`` and ``size`` lie within the file."""

    number: int
    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int

    @property
    def allocated(self) -> bool:
        """Whether it is loaded into memory."""
        return bool(self.flags & ALLOC)

    @property
    def file_size(self) -> int:
        """The bytes that it takes in the file."""
        return 0 if self.type == NOBITS else self.size

    @property
    def kind(self) -> SectionKind:
        """What it holds."""
        if self.type == NOBITS:
            return SectionKind.ZERO
        if self.allocated:
            return SectionKind.CODE if self.flags & EXECUTE else SectionKind.DATA
        if self.name.startswith((".debug", ".zdebug", ".stab", ".gdb_index", ".gnu_debugdata")):
            return SectionKind.DEBUG
        if self.type == SYMTAB or self.name in {".strtab", ".symtab_shndx"}:
            return SectionKind.SYMBOLS
        return SectionKind.OTHER


class SectionHeaders(Sequence[SectionHeader]):
    """The section headers of a file; a record of one is made when somebody asks for it.

    ``rows`` are the headers as they stand, shape (n,), and ``names`` the bytes of their names.
    """

    def __init__(self, rows: NDArray[np.void], names: Bytes) -> None:
        self.rows = rows
        self._names = names

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, number: int) -> SectionHeader: ...

    @overload
    def __getitem__(self, number: slice) -> list[SectionHeader]: ...

    def __getitem__(self, number: int | slice) -> SectionHeader | list[SectionHeader]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        name_at, *values = self.rows[number].item()
        return SectionHeader(range(len(self.rows))[number], text_at(self._names, name_at), *values)

    def column(self, name: str) -> Integers:
        """One field of all headers, as signed integers of 64 bits: sizes and offsets of files fit."""
        return self.rows[name].astype(np.int64)

    def of_type(self, *types: int) -> list[int]:
        """The numbers of the sections of some types."""
        found: list[int] = np.flatnonzero(np.isin(self.rows["type"], types)).tolist()
        return found

    def beginning(self, start: str) -> list[int]:
        """The numbers of the sections whose names begin so."""
        wanted, text = start.encode(), self._names.tobytes()
        places = []
        at = text.find(wanted)
        while at >= 0:
            places.append(at)
            at = text.find(wanted, at + 1)
        found: list[int] = np.flatnonzero(np.isin(self.rows["name"], places)).tolist()
        return found
