"""The symbols of many objects as one table, and which definition each of them stands for.

Source: the System V ABI, "Symbol Table": a strong definition comes before a common one, that before a weak one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import ElfFile
from opselect.binaries.elf.symbols import ABSOLUTE, COMMON, ElfSymbolTable, file_blocks, full_table
from opselect.binaries.image import Bytes, Machine

Integers = NDArray[np.int64]

_FUNC, _IFUNC, _SECTION, _FILE = 2, 10, 3, 4
_WEAK = 2
_MAX_NAME = 1 << 16
_MAX_NAMES = 1 << 29
"""Bytes of all global names together that are kept: a hundred times those of TensorFlow's archive."""
_TABLE = b"_GLOBAL_OFFSET_TABLE_"


@dataclass(frozen=True, slots=True)
class ObjectSymbols:
    """The symbols of all members, one table behind the other, as columns of shape (n,).

    ``table`` has the numbers of sections counted through all members, and ``name_at`` as offsets in the file.
    ``firsts`` are the numbers of the members' first symbols, ``counts`` how many they have. ``stands_for`` is the
    number of the symbol that each one stands for, ``imports`` the number of ``import_names`` where none of them is
    defined, else -1. ``files`` are numbers of ``file_names`` or -1. ``slot_table`` are symbols that name the table of
    slots itself, and ``thumb`` says which are functions in Thumb code of 32-bit ARM.
    """

    table: ElfSymbolTable
    firsts: Integers
    counts: Integers
    stands_for: Integers
    imports: NDArray[np.int32]
    import_names: tuple[str, ...]
    files: NDArray[np.int32]
    file_names: tuple[str, ...]
    slot_table: Integers
    thumb: NDArray[np.bool_]

    @property
    def commons(self) -> Integers:
        """The symbols for which the linker makes room, by number."""
        numbers = np.arange(len(self.table))
        return np.flatnonzero((self.table.sections == COMMON) & (self.stands_for == numbers))


def read_symbols(
    files: Sequence[ElfFile], names: Sequence[str], starts: Sequence[int], firsts: Integers, content: Bytes
) -> ObjectSymbols:
    """The symbols of the objects, which begin at bytes ``starts`` and whose sections are numbered from ``firsts`` on.

    A member with one source file, or with none, has all its symbols from it: its name is that of the member then.
    Raises InputError for symbols in sections that are not there, and for more names than any archive has.
    """
    columns: list[ElfSymbolTable] = []
    file_columns: list[NDArray[np.int32]] = []
    file_names: list[str] = []
    ids: dict[bytes, int] = {}
    global_ids: list[Integers] = []
    left = _MAX_NAMES
    for file, name, start, first in zip(files, names, starts, firsts.tolist(), strict=True):
        table = full_table(file)
        if table is None:
            columns.append(_empty(content))
            file_columns.append(np.empty(0, np.int32))
            global_ids.append(np.empty(0, np.int64))
            continue
        numbers, found = file_blocks(table)
        if len(found) < 2:
            numbers = np.zeros(len(table), np.int32)
            found = found or (name,)
        numbers[numbers >= 0] += len(file_names)
        file_names += found
        file_columns.append(numbers)
        known, left = _ids(file.name, table, ids, left)
        global_ids.append(known)
        columns.append(_moved(file, table, start, first, content))
    table = _joined(columns, content)
    counts = np.array([len(each) for each in columns], np.int64)
    stands_for, undefined = _resolved(table, np.concatenate(global_ids))
    all_ids = np.concatenate(global_ids)
    spelled = list(ids)
    slot_table = ids.get(_TABLE, -2)
    imported = undefined & (all_ids != slot_table)
    import_ids, numbers_of = np.unique(all_ids[imported], return_inverse=True)
    imports = np.full(len(table), -1, np.int32)
    imports[imported] = numbers_of
    return ObjectSymbols(
        table=table,
        firsts=np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64),
        counts=counts,
        stands_for=stands_for,
        imports=imports,
        import_names=tuple(spelled[number].decode("utf-8", "backslashreplace") for number in import_ids.tolist()),
        files=np.concatenate(file_columns),
        file_names=tuple(file_names),
        slot_table=np.flatnonzero(all_ids == slot_table),
        thumb=_thumb(files[0].machine, table),
    )


def _empty(text: Bytes) -> ElfSymbolTable:
    nothing = np.empty(0, np.uint64)
    small = np.empty(0, np.uint8)
    return ElfSymbolTable(np.empty(0, np.int64), small, small, np.empty(0, np.uint32), nothing, nothing, text)


def _ids(name: str, table: ElfSymbolTable, ids: dict[bytes, int], left: int) -> tuple[Integers, int]:
    """A number for each name of a global symbol, the same in all members; -1 for local symbols."""
    found = np.full(len(table), -1, np.int64)
    chosen = np.flatnonzero((table.bindings != 0) & (table.types != _SECTION) & (table.types != _FILE))
    text = table.text.tobytes()
    numbers = []
    for at in table.name_at[chosen].tolist():
        end = text.find(b"\0", at, at + _MAX_NAME)
        spelled = text[at : end if end >= 0 else at + _MAX_NAME]
        number = ids.get(spelled)
        if number is None:
            left -= len(spelled)
            if left < 0:
                raise InputError(name, "its symbols have more names than any library has")
            ids[spelled] = number = len(ids)
        numbers.append(number)
    found[chosen] = numbers
    return found, left


def _moved(file: ElfFile, table: ElfSymbolTable, start: int, first: int, content: Bytes) -> ElfSymbolTable:
    """The table with sections counted through all members and names counted from the start of the file."""
    special = (table.sections == 0) | (table.sections == ABSOLUTE) | (table.sections == COMMON)
    if (table.sections[~special] >= len(file.sections)).any():
        raise InputError(file.name, "has symbols in sections that are not there")
    sections = np.where(special, table.sections, table.sections + np.uint32(first))
    offset = text_offset(file, table)
    name_at = np.where(table.name_at == 0, 0, table.name_at.astype(np.int64) + start + offset)
    return ElfSymbolTable(name_at, table.types, table.bindings, sections, table.values, table.sizes, content)


def text_offset(file: ElfFile, table: ElfSymbolTable) -> int:
    """Where in an object the names of its symbols begin."""
    return int(table.text.__array_interface__["data"][0] - file.content.__array_interface__["data"][0])


def _joined(tables: Sequence[ElfSymbolTable], content: Bytes) -> ElfSymbolTable:
    return ElfSymbolTable(
        np.concatenate([each.name_at for each in tables]),
        np.concatenate([each.types for each in tables]),
        np.concatenate([each.bindings for each in tables]),
        np.concatenate([each.sections for each in tables]),
        np.concatenate([each.values for each in tables]),
        np.concatenate([each.sizes for each in tables]),
        content,
    )


def _thumb(machine: Machine, table: ElfSymbolTable) -> NDArray[np.bool_]:
    if machine is not Machine.ARM:
        return np.zeros(len(table), np.bool_)
    marked: NDArray[np.bool_] = (table.values & np.uint64(1)) == 1
    marked &= np.isin(table.types, (_FUNC, _IFUNC)) & table.defined
    return marked


def _resolved(table: ElfSymbolTable, ids: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """For each symbol the one that it stands for, and whether that is defined nowhere."""
    stands_for = np.arange(len(table))
    undefined = np.zeros(len(table), np.bool_)
    chosen = np.flatnonzero(ids >= 0)
    if not len(chosen):
        return stands_for, undefined
    sections = table.sections[chosen]
    rank = np.where(sections == 0, 3, np.where(sections == COMMON, 1, np.where(table.bindings[chosen] == _WEAK, 2, 0)))
    order = np.lexsort((chosen, rank, ids[chosen]))
    ordered = ids[chosen][order]
    begins = np.append(True, ordered[1:] != ordered[:-1])
    best = np.full(int(ordered[-1]) + 1, -1, np.int64)
    best[ordered[begins]] = chosen[order][begins]
    stands_for[chosen] = best[ids[chosen]]
    undefined[chosen] = table.sections[stands_for[chosen]] == 0
    return stands_for, undefined
