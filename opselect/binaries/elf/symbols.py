"""Symbol tables of ELF files as columns: a table of a million symbols is read without an object for each.

Source: the System V ABI, "Symbol Table". Local symbols stand behind the STT_FILE symbol of their source file.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError, Place
from opselect.binaries.elf.headers import ElfFile
from opselect.binaries.elf.section_headers import DYNSYM, SYMTAB, SYMTAB_SHNDX, SectionHeader
from opselect.binaries.image import Addresses, Bytes, Exports, Machine, SymbolKind, Symbols, text_at

_FUNC, _OBJECT, _NOTYPE, _FILE, _IFUNC = 2, 1, 0, 4, 10
_LOCAL, _GLOBAL, _WEAK = 0, 1, 2
_MAX_FILES = 1 << 20
"""Source files that are told apart: a library has some thousands."""
_RESERVED, _EXTENDED = 0xFF00, 0xFFFF
ABSOLUTE, COMMON = 0xFFFFFFF1, 0xFFFFFFF2
"""What stands for sections of symbols that have a value but no place, or none yet: beyond the numbers of sections."""
_MOST_SYMBOLS = 5_000_000
"""TensorFlow 2.21's library has 1.2 million; each takes some hundred bytes while the table is read."""
_DT_SYMTAB, _DT_STRTAB, _DT_STRSZ, _DT_HASH, _DT_GNU_HASH = 6, 5, 10, 4, 0x6FFFFEF5


@dataclass(frozen=True, slots=True)
class ElfSymbolTable:
    """A symbol table as it stands: columns of shape (n,) and the bytes of its names.

    ``sections`` are numbers of sections, 0 for undefined symbols, or ABSOLUTE or COMMON.
    """

    name_at: NDArray[np.integer]
    types: NDArray[np.uint8]
    bindings: NDArray[np.uint8]
    sections: NDArray[np.uint32]
    values: NDArray[np.uint64]
    sizes: NDArray[np.uint64]
    text: Bytes

    def __len__(self) -> int:
        return len(self.values)

    def name(self, number: int) -> str:
        """The name of a symbol."""
        return text_at(self.text, int(self.name_at[number]))

    @property
    def defined(self) -> NDArray[np.bool_]:
        """Which stand for a place in this file."""
        return np.isin(self.sections, (0, ABSOLUTE, COMMON), invert=True)


def _dtype(file: ElfFile) -> np.dtype[np.void]:
    u4, u2, word = file.order + "u4", file.order + "u2", file.order + ("u8" if file.bits == 64 else "u4")
    if file.bits == 64:
        return np.dtype([("name", u4), ("info", "u1"), ("other", "u1"), ("shndx", u2), ("value", word), ("size", word)])
    return np.dtype([("name", u4), ("value", word), ("size", word), ("info", "u1"), ("other", "u1"), ("shndx", u2)])


def _table(file: ElfFile, rows: Bytes, text: Bytes, extended: Bytes | None = None) -> ElfSymbolTable:
    dtype = _dtype(file)
    view = rows[: len(rows) // dtype.itemsize * dtype.itemsize].view(dtype)
    if len(view) > _MOST_SYMBOLS:
        raise InputError(file.name, f"has a table of {len(view):,} symbols, and up to {_MOST_SYMBOLS:,} are read")
    sections = view["shndx"].astype(np.uint32)
    escaped = np.flatnonzero(sections == _EXTENDED)
    sections[sections >= _RESERVED] |= np.uint32(0xFFFF0000)
    if extended is not None:
        wide = extended[: len(extended) // 4 * 4].view(file.order + "u4")
        escaped = escaped[: np.searchsorted(escaped, len(wide))]
        sections[escaped] = wide[escaped]
    return ElfSymbolTable(
        name_at=np.ascontiguousarray(view["name"]).astype(np.uint32, copy=False),
        types=(view["info"] & 15).astype(np.uint8),
        bindings=(view["info"] >> 4).astype(np.uint8),
        sections=sections,
        values=view["value"].astype(np.uint64),
        sizes=view["size"].astype(np.uint64),
        text=text,
    )


def table_of(file: ElfFile, header: SectionHeader) -> ElfSymbolTable:
    """The symbol table that a section header describes.

    Raises InputError where its names are no section of the file.
    """
    if not 0 < header.link < len(file.sections):
        raise InputError(Place(file.name, byte=header.offset), f"the names of the symbols of {header.name} are missing")
    numbers = (file.sections[number] for number in file.sections.of_type(SYMTAB_SHNDX))
    extended = next((section for section in numbers if section.link == header.number), None)
    return _table(
        file,
        file.section_bytes(header),
        file.section_bytes(file.sections[header.link]),
        None if extended is None else file.section_bytes(extended),
    )


def full_table(file: ElfFile) -> ElfSymbolTable | None:
    """The symbol table that linking leaves and stripping takes."""
    header = file.first(SYMTAB)
    return None if header is None else table_of(file, header)


def dynamic_table(file: ElfFile) -> ElfSymbolTable | None:
    """The symbols that the loader needs: exports and imports, there even in what is stripped."""
    header = file.first(DYNSYM)
    if header is not None:
        return table_of(file, header)
    start, names = file.dynamic.get(_DT_SYMTAB), file.dynamic.get(_DT_STRTAB)
    if start is None or names is None:
        return None
    entry = _dtype(file).itemsize
    count = (names - start) // entry if names > start else 0
    if hashes := file.dynamic.get(_DT_HASH):
        head = file.at_address(hashes, 8)
        count = int(head.view(file.order + "u4")[1]) if len(head) == 8 else count
    elif hashes := file.dynamic.get(_DT_GNU_HASH):
        count = _hashed(file, hashes) or count
    return _table(file, file.at_address(start, count * entry), file.at_address(names, file.dynamic.get(_DT_STRSZ, 0)))


def _hashed(file: ElfFile, address: int) -> int:
    """How many symbols there are by the hash table of GNU: the last chain ends with the last symbol; 0 if it is cut."""
    word = np.dtype(file.order + "u4")
    head = file.at_address(address, 16)
    if len(head) < 16:
        return 0
    buckets, first, filters = head.view(word)[:3].tolist()
    start = address + 16 + filters * file.bits // 8
    found = file.at_address(start, 4 * buckets)
    last = int(found[: len(found) // 4 * 4].view(word).max(initial=0))
    if last < first:
        return int(first)
    chain = file.at_address(start + 4 * (buckets + last - first), 1 << 24)
    ends = np.flatnonzero(chain[: len(chain) // 4 * 4].view(word) & 1)
    return last + int(ends[0]) + 1 if len(ends) else 0


def symbols_of(file: ElfFile, table: ElfSymbolTable | None) -> Symbols:
    """The symbols that stand for a place in the image; those of a source file's block have its name."""
    if table is None:
        return Symbols.none()
    numbers, file_names = file_blocks(table)
    return placed_symbols(file.machine, table, table.defined, table.values, numbers, file_names)


def thumb_functions(machine: Machine, table: ElfSymbolTable | None) -> frozenset[int]:
    """The functions in Thumb code of 32-bit ARM: their symbols have the lowest bit of the address set."""
    if machine is not Machine.ARM or table is None:
        return frozenset()
    marked = np.isin(table.types, (_FUNC, _IFUNC)) & table.defined & ((table.values & np.uint64(1)) == 1)
    return frozenset((table.values[marked] & ~np.uint64(1)).tolist())


def file_blocks(table: ElfSymbolTable) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """For each symbol the number of the source file whose block of local symbols has it, or -1; and the names."""
    is_file = table.types == _FILE
    is_file &= np.cumsum(is_file) <= _MAX_FILES
    numbers = np.cumsum(is_file, dtype=np.int32) - 1
    numbers[table.bindings != 0] = -1
    return numbers, tuple(table.name(int(number)) for number in np.flatnonzero(is_file))


def placed_symbols(
    machine: Machine,
    table: ElfSymbolTable,
    defined: NDArray[np.bool_],
    addresses: Addresses,
    files: NDArray[np.int32],
    file_names: tuple[str, ...],
) -> Symbols:
    """The symbols of a table that are defined and have a name, in the order of their addresses."""
    kept = defined & np.isin(table.types, (_NOTYPE, _OBJECT, _FUNC, _IFUNC)) & (table.name_at != 0)
    if machine in {Machine.AARCH64, Machine.ARM}:
        # Markers of code and data between it, as $x and $d, are no names.
        marks = kept & (table.types == _NOTYPE) & (table.bindings == 0)
        marks[marks] = table.text[np.minimum(table.name_at[marks], max(len(table.text) - 1, 0))] == ord("$")
        kept &= ~marks
    chosen = np.flatnonzero(kept)
    kinds = np.full(len(chosen), SymbolKind.OTHER, np.uint8)
    kinds[np.isin(table.types[chosen], (_FUNC, _IFUNC))] = SymbolKind.FUNCTION
    kinds[table.types[chosen] == _OBJECT] = SymbolKind.OBJECT
    addresses = addresses[chosen]
    if machine is Machine.ARM:
        addresses = np.where(kinds == SymbolKind.FUNCTION, addresses & ~np.uint64(1), addresses)
    order = np.lexsort((table.sizes[chosen], addresses))
    chosen, kinds, addresses = chosen[order], kinds[order], addresses[order]
    return Symbols(
        addresses=addresses,
        sizes=table.sizes[chosen],
        kinds=kinds,
        local=table.bindings[chosen] == 0,
        files=files[chosen],
        file_names=file_names,
        name_at=table.name_at[chosen].astype(np.int64),
        text=table.text,
    )


def exports_of(file: ElfFile, table: ElfSymbolTable) -> Exports:
    """The dynamic symbols that stand for a place in this file; local ones, of sections, are for nobody."""
    chosen = np.flatnonzero(table.defined & (table.bindings != _LOCAL) & (table.types != 6))
    chosen = chosen[np.argsort(table.values[chosen], kind="stable")]
    ends = np.append(np.flatnonzero(table.text == 0), len(table.text))
    name_at = table.name_at[chosen].astype(np.int64)
    lengths = ends[np.minimum(np.searchsorted(ends, name_at), len(ends) - 1)] - name_at + 1
    return Exports(
        addresses=_places(file, table, chosen),
        weak=table.bindings[chosen] != _GLOBAL,
        # The symbol, its version, its name and its place in the hash table.
        sizes=np.maximum(lengths, 1) + _dtype(file).itemsize + 6,
    )


def strong_places(file: ElfFile, table: ElfSymbolTable) -> Addresses:
    """Where global symbols stand that only one object may define, sorted."""
    chosen = np.flatnonzero(table.defined & (table.bindings == _GLOBAL) & (table.types <= _FUNC))
    return np.unique(_places(file, table, chosen))


def _places(file: ElfFile, table: ElfSymbolTable, chosen: NDArray[np.int64]) -> Addresses:
    addresses: Addresses = table.values[chosen]
    if file.machine is Machine.ARM:
        addresses = np.where(table.types[chosen] == _FUNC, addresses & ~np.uint64(1), addresses)
    return addresses
