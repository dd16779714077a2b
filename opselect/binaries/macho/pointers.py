"""What the loader writes into a Mach-O file in memory, whichever way it is told, as one list of pointers.

Where two tables speak of a place, a symbol counts more than the address that stands there until it is found. Symbols
that the file defines itself are addresses: libraries of C++ bind to their own inline functions by name, for another
library may have them, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from macholib import mach_o
from numpy.typing import NDArray

from opselect.binaries.image import Addresses, Machine, Pointers
from opselect.binaries.macho.chained import chained_pointers
from opselect.binaries.macho.exports import exported_addresses
from opselect.binaries.macho.headers import MachFile
from opselect.binaries.macho.opcodes import bindings, rebased_places
from opselect.binaries.macho.symbols import NlistTable, plain_name

ADDRESS_BITS = np.uint64((1 << 56) - 1)
"""What of a pointer of arm64 is its address: C++ marks names of types in the highest bit, and others may have tags."""
_LOCAL, _ABSOLUTE = 0x80000000, 0x40000000
_POINTER_SECTIONS = {
    mach_o.S_NON_LAZY_SYMBOL_POINTERS,
    mach_o.S_LAZY_SYMBOL_POINTERS,
    mach_o.S_LAZY_DYLIB_SYMBOL_POINTERS,
    mach_o.S_THREAD_LOCAL_VARIABLE_POINTERS,
}


class _Gathered:
    """Pointers as they come, later ones counting more than those before."""

    def __init__(self, defined: dict[bytes, int]) -> None:
        self.defined = defined
        self.names: dict[str, int] = {}
        self.places = [np.empty(0, np.uint64)]
        self.values = [np.empty(0, np.uint64)]
        self.imports = [np.empty(0, np.int32)]

    def addresses(self, places: Addresses, values: Addresses) -> None:
        self.places.append(places)
        self.values.append(values)
        self.imports.append(np.full(len(places), -1, np.int32))

    def symbols(
        self, places: Addresses, symbols: NDArray[np.int64], addends: NDArray[np.uint64], names: Sequence[bytes]
    ) -> None:
        """Takes in pointers to symbols; those that the file defines become addresses."""
        here = np.zeros(len(names) + 1, np.uint64)
        numbers = np.full(len(names) + 1, -1, np.int32)
        for number in np.unique(symbols).tolist():
            name = names[number]
            if name in self.defined:
                here[number] = self.defined[name]
            else:
                text = plain_name(name.decode("utf-8", "backslashreplace"))
                numbers[number] = self.names.setdefault(text, len(self.names))
        self.places.append(places)
        self.values.append(here[symbols] + addends)
        self.imports.append(numbers[symbols])

    def joined(self, machine: Machine) -> Pointers:
        places, values, imports = np.concatenate(self.places), np.concatenate(self.values), np.concatenate(self.imports)
        order = np.argsort(places, kind="stable")
        last = np.append(places[order][1:] != places[order][:-1], True) if len(order) else np.empty(0, np.bool_)
        order = order[last]
        if machine is Machine.AARCH64:
            values = np.where(imports < 0, values & ADDRESS_BITS, values)
        return Pointers(places[order], values[order], imports[order], tuple(self.names))


def pointers_of(file: MachFile, table: NlistTable) -> Pointers:
    """The pointers of a linked file.

    Raises InputError for tables that the loader would not take.
    """
    chains = chained_pointers(file) if "chained fixups" in file.tables else None
    rebased = rebased_places(file)
    slots = list(_slots(file, table))
    known = np.sort(np.concatenate([np.empty(0, np.uint64), *(slot.places for slot in slots)]))
    bound = [bindings(file, name, known) for name in ("bind opcodes", "lazy bind opcodes")]
    # Of weak symbols the definition that is found here stands at the place, which is among those that move, too.
    known = np.sort(np.concatenate([known, rebased, *(part.places for part in bound)]))
    bound.append(bindings(file, "weak bind opcodes", known))
    wanted: set[bytes] = set()
    for part in (*bound, chains):
        if part is not None:
            wanted.update(part.names)
    gathered = _Gathered(_defined(file, table, wanted))
    if len(rebased):
        gathered.addresses(rebased, file.words_at(rebased))
    if chains is not None:
        local = chains.imports < 0
        gathered.addresses(chains.places[local], chains.values[local])
        gathered.symbols(chains.places[~local], chains.imports[~local], chains.values[~local], chains.names)
    for part in bound:
        gathered.symbols(part.places, part.symbols, part.addends.astype(np.uint64), part.names)
    for slot in slots:
        here = table.defined[slot.symbols]
        gathered.addresses(slot.places[here], table.values[slot.symbols[here]])
        unique, symbols = np.unique(slot.symbols[~here], return_inverse=True)
        names = list(table.names_of(unique))
        gathered.symbols(slot.places[~here], symbols.astype(np.int64), np.zeros(len(symbols), np.uint64), names)
    return gathered.joined(file.machine)


@dataclass(frozen=True, slots=True)
class _Slots:
    """The slots of a section and the numbers of the symbols whose addresses they are filled with."""

    places: Addresses
    symbols: NDArray[np.int64]


def _slots(file: MachFile, table: NlistTable) -> Iterator[_Slots]:
    numbers = file.table("indirect symbols").view(file.order + "u4")
    size = file.pointer_size
    for section in file.sections:
        if section.type in _POINTER_SECTIONS:
            found = numbers[section.first_indirect : section.first_indirect + section.size // size].astype(np.int64)
            places = np.uint64(section.address) + np.arange(len(found), dtype=np.uint64) * np.uint64(size)
            named = (found & (_LOCAL | _ABSOLUTE) == 0) & (found < len(table))
            yield _Slots(places[named], found[named])


def _defined(file: MachFile, table: NlistTable, wanted: set[bytes]) -> dict[bytes, int]:
    """The addresses of those symbols, of the names that are wanted, which the file defines."""
    wanted = wanted.difference(table.names_of(np.flatnonzero(~table.defined & ~table.debugging)))
    if not wanted:
        return {}
    numbers = np.flatnonzero(table.defined & table.external)
    named = zip(table.names_of(numbers), table.values[numbers].tolist(), strict=True)
    found = {name: value for name, value in named if name in wanted}
    return exported_addresses(file, sorted(wanted.difference(found))) | found
