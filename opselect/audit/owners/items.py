"""What can own bytes: functions, objects that symbols name, and the code of each registration."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opselect.audit.owners.intervals import NOTHING, Rows, rows
from opselect.binaries.image import Addresses, Image, SectionKind, SymbolKind, Symbols
from opselect.binaries.records import Registrations


class ItemKind(enum.IntEnum):
    """What an item is."""

    FUNCTION = 0
    OBJECT = 1
    TABLE = 2
    """A table of virtual functions, type information or its name, found by the pointers to it and not by a symbol."""
    KERNEL = 3
    """The code that registers a kernel."""
    DEFINITION = 4
    """The code that registers an op definition."""


@dataclass(frozen=True, slots=True)
class Items:
    """Columns of shape (n,): the kinds, addresses and sizes of items, the symbol that names each (-1: none), and for
    the code of registrations the number of the kernel, or of the definition behind all kernels (else -1). Functions
    come first, in the image's order.
    """

    kinds: NDArray[np.uint8]
    addresses: Addresses
    sizes: NDArray[np.int64]
    symbols: NDArray[np.int32]
    registrations: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.kinds)


Extra = tuple[NDArray[np.uint64], NDArray[np.int64]]
"""Addresses and sizes of tables that were found without symbols."""


def items_of(image: Image, registrations: Registrations, tables: Extra) -> Items:
    """All that can own bytes in an image."""
    functions, symbols = image.functions, image.symbols
    objects = _objects(image)
    kernels, definitions = registrations.kernels, registrations.definitions
    parts = [
        (ItemKind.FUNCTION, functions.starts, (functions.ends - functions.starts).astype(np.int64)),
        (ItemKind.OBJECT, symbols.addresses[objects], symbols.sizes[objects].astype(np.int64)),
        (ItemKind.TABLE, *tables),
        (ItemKind.KERNEL, *_spans([(kernel.first, kernel.end) for kernel in kernels])),
        (ItemKind.DEFINITION, *_spans([(definition.first, definition.end) for definition in definitions])),
    ]
    counts = [len(part[1]) for part in parts]
    none = [np.full(count, NOTHING, np.int32) for count in counts]
    numbers = [*none[:3], np.arange(counts[3] + counts[4], dtype=np.int32)]
    named = [named_at(symbols, functions.starts), objects.astype(np.int32), *none[2:]]
    return Items(
        kinds=np.repeat(np.array([part[0] for part in parts], np.uint8), counts),
        addresses=np.concatenate([part[1] for part in parts]),
        sizes=np.concatenate([part[2] for part in parts]),
        symbols=np.concatenate(named),
        registrations=np.concatenate(numbers),
    )


def _spans(spans: list[tuple[int, int]]) -> Extra:
    column = np.array(spans, np.uint64).reshape(-1, 2)
    return column[:, 0], (column[:, 1] - column[:, 0]).astype(np.int64)


def _objects(image: Image) -> NDArray[np.intp]:
    """The numbers of the symbols that have bytes and are no function; one of those of the same bytes."""
    symbols = image.symbols
    kept = np.flatnonzero((symbols.kinds != SymbolKind.FUNCTION) & (symbols.sizes > 0))
    starts = symbols.addresses[kept]
    inside = np.searchsorted(image.functions.starts, starts, "right") - 1
    if len(image.functions):
        kept = kept[(inside < 0) | (starts >= image.functions.ends[np.maximum(inside, 0)])]
    if len(kept):
        same = symbols.addresses[kept][1:] == symbols.addresses[kept][:-1]
        kept = kept[np.append(True, ~(same & (symbols.sizes[kept][1:] == symbols.sizes[kept][:-1])))]
    return kept


def named_at(symbols: Symbols, addresses: Addresses) -> NDArray[np.int32]:
    """The numbers of the symbols that begin at addresses, of several the largest; -1 where none does."""
    if not len(symbols):
        return np.full(len(addresses), NOTHING, np.int32)
    number = np.searchsorted(symbols.addresses, addresses, "right") - 1
    found = (number >= 0) & (symbols.addresses[number] == addresses)
    return np.where(found, number, NOTHING).astype(np.int32)


def places_of(items: Items) -> Rows:
    """The items as intervals of addresses: the code of registrations above the function around it."""
    # Addresses of the upper half (kernels of operating systems) are beyond what is audited.
    starts = items.addresses.astype(np.int64)
    return rows(starts, starts + items.sizes, np.arange(len(items), dtype=np.int32))


def in_file(image: Image, places: Rows) -> Rows:
    """Intervals of addresses as intervals of the file; each is cut at the end of its section."""
    parts: list[Rows] = []
    for section in image.sections:
        if not section.loaded or not section.size or section.kind is SectionKind.ZERO:
            continue
        if section.address + section.size >= 1 << 63:
            continue  # no address of a program: the header is damaged
        first = max(int(np.searchsorted(places.ends, section.address, "right")), 0)
        last = int(np.searchsorted(places.starts, section.address + section.size, "left"))
        if last > first:
            shift = section.offset - section.address
            parts.append(
                Rows(
                    np.maximum(places.starts[first:last], section.address) + shift,
                    np.minimum(places.ends[first:last], section.address + section.size) + shift,
                    places.keys[first:last],
                )
            )
    if not parts:
        return rows([], [], [])
    return rows(*(np.concatenate([part[at] for part in parts]) for at in range(3)))
