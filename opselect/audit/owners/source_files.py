"""From which source file an item is, and how that is known.

The rules, the surest first:

- ``member``: in an archive or an object, the object that has it.
- ``map``: the linker's map names the object it took it from.
- ``dwarf``: the debug information names the unit.
- ``symbol``: its name is a local symbol, which stands in the block of its source file.
- ``registration``: the code registers something, and the reader of registrations knows the file.
- ``class``: it belongs to a kernel class all of whose registrations are in one file. Templates in headers may be
  compiled in others.
- ``run``: linkers keep what they take from one object together, so that what stands between two local symbols of one
  file is from that file. A function that many files have counts for the one the linker took it from. The rule is used
  for a section only if the local symbols there stand together by file. With a file of symbol orders or link-time
  optimisation they do not; where identical code is folded, one file stands for all that had it.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from opselect.audit.owners.intervals import NOTHING, keys_at, rows
from opselect.audit.owners.items import Items
from opselect.binaries.image import Addresses, Image, Symbols
from opselect.binaries.records import Registrations

_MOST_TORN = 0.1
_MOST_BACK = 0.05
_LAST = (1 << 63) - 1
"""The last address of programs; damaged headers name others."""


class KnownBy(enum.IntEnum):
    """How the source file of an item is known."""

    NOTHING = 0
    CLASS = 1
    RUN = 2
    REGISTRATION = 3
    SYMBOL = 4
    DWARF = 5
    MAP = 6
    MEMBER = 7


class Ranges(Protocol):
    """Intervals of addresses that do not overlap, with a number of ``names`` for each: units of debug information."""

    @property
    def starts(self) -> Addresses: ...
    @property
    def ends(self) -> Addresses: ...
    @property
    def units(self) -> NDArray[np.int32]: ...
    @property
    def names(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class SourceFiles:
    """For each item a number of ``names``, -1 for none, and by which rule; columns of shape (n,).

    Source files of the same name are told apart where the binary does. ``scattered`` are the sections whose local
    symbols do not stand file by file, so that the rule ``run`` says nothing there.
    """

    numbers: NDArray[np.int32]
    known_by: NDArray[np.uint8]
    names: tuple[str, ...]
    scattered: tuple[str, ...]


class _Column:
    def __init__(self, count: int) -> None:
        self.numbers = np.full(count, NOTHING, np.int32)
        self.known_by = np.zeros(count, np.uint8)
        self.names: list[str] = []

    def add_names(self, names: tuple[str, ...]) -> int:
        first = len(self.names)
        self.names += names
        return first

    def numbers_of(self, names: Sequence[str]) -> NDArray[np.int32]:
        """Adds names and gives their numbers, -1 for empty ones."""
        distinct = tuple(dict.fromkeys(name for name in names if name))
        number = {name: at for at, name in enumerate(distinct, self.add_names(distinct))}
        return np.array([number.get(name, NOTHING) for name in names], np.int32)

    def take(self, numbers: NDArray[np.int32], rule: KnownBy) -> None:
        """Sets what a rule knows, over what less sure rules said."""
        known = numbers != NOTHING
        self.numbers[known] = numbers[known]
        self.known_by[known] = rule


def source_files(
    image: Image,
    items: Items,
    registrations: Registrations,
    of_class: Sequence[str],
    item_classes: NDArray[np.int32],
    units: Ranges | None,
    linker_map: Ranges | None,
) -> SourceFiles:
    """The source file of each item, by the surest rule that knows it.

    ``of_class`` are the files of the kernel classes, empty where registrations of a class are in several.
    """
    column = _Column(len(items))
    symbols = image.symbols
    column.add_names(symbols.file_names)
    starts = items.addresses.astype(np.int64)
    column.take(column.numbers_of([*of_class, ""])[item_classes], KnownBy.CLASS)
    scattered = _by_runs(image, items, column)
    column.take(_by_registration(registrations, items, column), KnownBy.REGISTRATION)
    if len(symbols):
        by_symbol = np.where(items.symbols >= 0, _files_of(symbols)[np.maximum(items.symbols, 0)], NOTHING)
        column.take(by_symbol.astype(np.int32), KnownBy.SYMBOL)
    for ranges, rule in ((units, KnownBy.DWARF), (linker_map, KnownBy.MAP)):
        if ranges is not None:
            first = column.add_names(ranges.names)
            table = rows(ranges.starts.astype(np.int64), ranges.ends.astype(np.int64), ranges.units)
            found = keys_at(table, starts)
            column.take(np.where(found == NOTHING, NOTHING, found + first).astype(np.int32), rule)
    if image.members:
        _by_member(image, items, column)
    return SourceFiles(column.numbers, column.known_by, tuple(column.names), scattered)


def _by_member(image: Image, items: Items, column: _Column) -> None:
    first = column.add_names(image.members)
    loaded = [section for section in image.sections if section.loaded and section.memory_size]
    table = rows(
        [min(section.address, _LAST) for section in loaded],
        [min(section.address + section.memory_size, _LAST) for section in loaded],
        [section.member + first for section in loaded],
    )
    column.take(keys_at(table, items.addresses.astype(np.int64)), KnownBy.MEMBER)


def _by_registration(registrations: Registrations, items: Items, column: _Column) -> NDArray[np.int32]:
    """The code of a registration is from the file that the reader of registrations says."""
    found = np.full(len(items), NOTHING, np.int32)
    made = np.flatnonzero(items.registrations != NOTHING)
    # Kernels come first, then definitions, as in the items.
    names = [record.file for record in registrations.kernels] + [record.file for record in registrations.definitions]
    found[made] = column.numbers_of(names)[items.registrations[made]]
    return found


def _by_runs(image: Image, items: Items, column: _Column) -> tuple[str, ...]:
    """Sets the files of the items between two local symbols of one file; the sections where that says nothing."""
    symbols = image.symbols
    every = _files_of(symbols)
    anchors = np.flatnonzero((every >= 0) & (symbols.sizes > 0))
    addresses, files = symbols.addresses[anchors], every[anchors]
    scattered = []
    starts = items.addresses
    order = np.argsort(starts, kind="stable")
    ordered = starts[order]
    found = np.full(len(items), NOTHING, np.int32)
    for section in image.sections:
        if not section.loaded or not section.memory_size:
            continue
        end = min(section.address + section.memory_size, (1 << 64) - 1)
        first, last = np.searchsorted(addresses, np.array([section.address, end], np.uint64))
        of_section = files[first:last]
        if last - first < 2:
            continue
        if not _together(of_section):
            scattered.append(section.name)
            continue
        low, high = np.searchsorted(ordered, np.array([section.address, end], np.uint64))
        inside = order[low:high]
        found[inside] = _between(addresses[first:last], of_section, ordered[low:high])
    column.take(found, KnownBy.RUN)
    return tuple(scattered)


def _files_of(symbols: Symbols) -> NDArray[np.int32]:
    """The file of each symbol; -1 in the block without name that linkers make of hidden symbols of all files."""
    named = np.array([bool(name) for name in symbols.file_names] + [False])
    return np.where(named[symbols.files], symbols.files, NOTHING).astype(np.int32)


def _together(files: NDArray[np.int32]) -> bool:
    """Whether the linker kept what it took from a file together, by the files of local symbols in order of address.

    It did if the files follow in the order of the symbol table, but for few; or if few neighbours of one file are torn
    apart. Some are, since linkers put the rarely used functions of all files first.
    """
    steps = np.diff(files)
    changes, back = np.count_nonzero(steps), np.count_nonzero(steps < 0)
    distinct = len(np.unique(files))
    in_order = back <= max(1, changes * _MOST_BACK)
    return bool(in_order or changes + 1 - distinct <= (len(files) - distinct) * _MOST_TORN)


def _between(anchors: Addresses, files: NDArray[np.int32], places: Addresses) -> NDArray[np.int32]:
    """The file of the anchors in front of and behind each place if it is one file."""
    following = np.searchsorted(anchors, places, "right")
    before, behind = files[np.maximum(following - 1, 0)], files[np.minimum(following, len(files) - 1)]
    same = (before == behind) & (following > 0) & (following < len(files))
    return np.where(same, before, NOTHING).astype(np.int32)
