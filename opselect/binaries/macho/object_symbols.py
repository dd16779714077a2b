"""The symbols of many Mach-O objects as one table, and which definition each of them stands for.

Source: mach-o/nlist.h of Apple's cctools. A definition comes before a common one (room that the linker makes), that
before a weak one; of equals the first is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from macholib import mach_o
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.image import Bytes
from opselect.binaries.macho.headers import MachFile
from opselect.binaries.macho.symbols import NlistTable, plain_name, table_of

Integers = NDArray[np.int64]

_WEAK = 0x80
_MAX_NAMES = 1 << 29
"""Bytes of all names that members share: a hundred times those of TensorFlow's archive."""


@dataclass(frozen=True, slots=True)
class JoinedSymbols:
    """The symbols of all members, one table behind the other, as columns of shape (n,).

    ``table`` has the numbers of sections counted through all members (the first is 1), and ``name_at`` as offsets in
    the file. ``firsts`` are the numbers of the members' first symbols, ``counts`` how many they have. ``stands_for`` is
    the number of the symbol that each one stands for, ``imports`` the number of ``import_names`` where none of them is
    defined, else -1. ``commons`` are those for which the linker makes room, by number; their values are its sizes.
    """

    table: NlistTable
    firsts: Integers
    counts: Integers
    stands_for: Integers
    imports: NDArray[np.int32]
    import_names: tuple[str, ...]
    commons: Integers


def joined_symbols(files: Sequence[MachFile], starts: Sequence[int], firsts: Integers, content: Bytes) -> JoinedSymbols:
    """The symbols of objects that begin at bytes ``starts`` and whose sections are numbered from ``firsts`` + 1 on.

    Raises InputError for symbols in sections that are not there, and for more names than any archive has.
    """
    tables, ids = [], _Ids()
    for file, start, first in zip(files, starts, firsts.tolist(), strict=True):
        table = table_of(file)
        if (table.sections[table.defined] > len(file.sections)).any():
            raise InputError(file.name, "has symbols in sections that are not there")
        ids.add(file.name, table)
        text = start + file.tables.get("names of symbols", (0, 0))[0]
        sections = np.where(table.sections > 0, table.sections + first, 0).astype(np.int32)
        tables.append((table, table.name_at + text, sections))
    table = NlistTable(
        name_at=np.concatenate([name_at for _, name_at, _ in tables]),
        types=np.concatenate([each.types for each, _, _ in tables]),
        sections=np.concatenate([sections for _, _, sections in tables]),
        descriptions=np.concatenate([each.descriptions for each, _, _ in tables]),
        values=np.concatenate([each.values for each, _, _ in tables]),
        text=content,
    )
    counts = np.array([len(each) for each, _, _ in tables], np.int64)
    numbers = np.concatenate(ids.columns)
    stands_for, ranks = _resolved(table, numbers)
    imported = ranks == _UNDEFINED
    import_ids, order = np.unique(numbers[imported], return_inverse=True)
    imports = np.full(len(table), -1, np.int32)
    imports[imported] = order
    common = np.flatnonzero((ranks == _COMMON) & (stands_for == np.arange(len(table))))
    spelled = list(ids.numbers)
    return JoinedSymbols(
        table=table,
        firsts=np.concatenate(([0], np.cumsum(counts)[:-1])).astype(np.int64),
        counts=counts,
        stands_for=stands_for,
        imports=imports,
        import_names=tuple(
            plain_name(spelled[number].decode("utf-8", "backslashreplace")) for number in import_ids.tolist()
        ),
        commons=common,
    )


class _Ids:
    """A number for each name that members share, the same in all of them; -1 for symbols that they do not."""

    def __init__(self) -> None:
        self.numbers: dict[bytes, int] = {}
        self.columns: list[Integers] = []
        self._left = _MAX_NAMES

    def add(self, name: str, table: NlistTable) -> None:
        shared = np.flatnonzero(table.external)
        found = np.full(len(table), -1, np.int64)
        numbers = []
        for spelled in table.names_of(shared):
            number = self.numbers.get(spelled)
            if number is None:
                self._left -= len(spelled)
                if self._left < 0:
                    raise InputError(name, "its symbols have more names than any library has")
                self.numbers[spelled] = number = len(self.numbers)
            numbers.append(number)
        found[shared] = numbers
        self.columns.append(found)


_DEFINED, _COMMON, _WEAKLY, _UNDEFINED = range(4)


def _resolved(table: NlistTable, ids: Integers) -> tuple[Integers, NDArray[np.int64]]:
    """For each symbol the one that it stands for, and how that one is defined; local ones are so in any case."""
    kinds = table.types & np.uint8(mach_o.N_TYPE)
    undefined = kinds == mach_o.N_UNDF
    weak = (table.descriptions & np.uint16(_WEAK)) != 0
    own = np.select([undefined & (table.values > 0), undefined, weak], [_COMMON, _UNDEFINED, _WEAKLY], _DEFINED)
    own = np.where(ids < 0, _DEFINED, own)
    stands_for = np.arange(len(table))
    chosen = np.flatnonzero(ids >= 0)
    if len(chosen):
        order = np.lexsort((chosen, own[chosen], ids[chosen]))
        ordered = ids[chosen][order]
        begins = np.append(True, ordered[1:] != ordered[:-1])
        best = np.zeros(int(ordered[-1]) + 1, np.int64)
        best[ordered[begins]] = chosen[order][begins]
        stands_for[chosen] = best[ids[chosen]]
    return stands_for, own[stands_for]
