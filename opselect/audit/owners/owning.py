"""Who owns each byte of a binary: section, source file, function or object, kernel class, op."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint
from opselect.audit.owners.classes import KernelClasses, kernel_classes
from opselect.audit.owners.described import Role, described
from opselect.audit.owners.intervals import NOTHING, Rows, keys_at, rows, split_over
from opselect.audit.owners.items import Extra, ItemKind, Items, in_file, items_of, places_of
from opselect.audit.owners.layout import layout_of
from opselect.audit.owners.members import members_by_name
from opselect.audit.owners.source_files import Ranges, SourceFiles, source_files
from opselect.binaries.image import Image, SectionKind, unmapped
from opselect.binaries.names import readable
from opselect.binaries.records import Registrations

_LONGEST_PADDING = 64
"""Bytes between functions beyond this are no alignment."""
_ROLE_BITS = 3
_ROLES = (1 << _ROLE_BITS) - 1
SHARED = -2
"""The number of an op where several ops have the same class."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Every byte of a file with its owner: rows of shape (n,) that follow one another from 0 to ``size``.

    ``sections`` are numbers of ``section_names``, ``items`` of ``table``, -1 for bytes that no item has, ``roles`` what
    the bytes are for the item (values of :class:`Role`). Columns of items, of shape (len(table),): ``item_files`` in
    ``source``, ``item_classes`` numbers of ``classes``, ``item_kernels`` of ``registrations.kernels`` where one kernel
    alone has the item, ``item_ops`` of ``ops``; -1 each where there is none, :data:`SHARED` for the op of a class that
    several ops have.
    """

    image: Image
    registrations: Registrations
    size: int
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    sections: NDArray[np.int32]
    items: NDArray[np.int32]
    roles: NDArray[np.uint8]
    section_names: tuple[str, ...]
    table: Items
    source: SourceFiles
    classes: KernelClasses
    item_classes: NDArray[np.int32]
    item_kernels: NDArray[np.int32]
    item_ops: NDArray[np.int32]
    ops: tuple[str, ...]

    @property
    def files(self) -> NDArray[np.int32]:
        """The numbers of the source files of the rows."""
        return self.of_rows(self.source.numbers)

    @property
    def kernels(self) -> NDArray[np.int32]:
        """The numbers of the kernels of the rows."""
        return self.of_rows(self.item_kernels)

    def of_rows(self, column: NDArray[np.int32]) -> NDArray[np.int32]:
        """A column of items as one of rows, -1 for bytes that no item has."""
        if not len(column):
            return np.full(len(self.items), NOTHING, np.int32)
        return np.where(self.items >= 0, column[np.maximum(self.items, 0)], np.int32(NOTHING))

    def item_bytes(self, role: Role | None = None) -> NDArray[np.int64]:
        """The bytes of each item, all or those of one role; shape (len(table),)."""
        kept = self.items >= 0 if role is None else (self.items >= 0) & (self.roles == role)
        return _sums(self.items[kept], self.sizes[kept], len(self.table))

    def item_name(self, number: int) -> str:
        """An item as people know it."""
        items = self.table
        registration = int(items.registrations[number])
        if items.kinds[number] == ItemKind.KERNEL:
            return f"registration of {self.registrations.kernels[registration].op}"
        if items.kinds[number] == ItemKind.DEFINITION:
            return f"definition of {self.registrations.definitions[registration - len(self.registrations.kernels)].op}"
        symbol = int(items.symbols[number])
        return readable(self.image.symbols.name(symbol)) if symbol >= 0 else f"0x{int(items.addresses[number]):x}"

    def by_section(self) -> dict[str, int]:
        """The bytes of each section, headers and gaps too: together the size of the file."""
        return _named(self.section_names, _sums(self.sections, self.sizes, len(self.section_names)))

    def unattributed(self) -> dict[str, int]:
        """The bytes that belong to no op, by section: with those of :meth:`by_op` and of what ops share, all bytes."""
        none = self.of_rows(self.item_ops) == NOTHING
        return _named(self.section_names, _sums(self.sections[none], self.sizes[none], len(self.section_names)))

    def unowned(self) -> dict[str, int]:
        """The bytes that belong to no item, by section."""
        none = self.items == NOTHING
        return _named(self.section_names, _sums(self.sections[none], self.sizes[none], len(self.section_names)))

    def by_file(self) -> dict[str, int]:
        """The bytes of each source file, those of one name together; of unknown files under the empty name."""
        return self._by_column(self.source.numbers, self.source.names, "")

    def by_class(self) -> dict[str, int]:
        """The bytes of each kernel class."""
        sums = _sums_of(self.item_classes, self.item_bytes(), len(self.classes))
        return _named(tuple(self.classes.name(number) for number in range(len(self.classes))), sums)

    def by_op(self) -> dict[str, int]:
        """The bytes that belong to each op alone."""
        return _named(self.ops, _sums_of(self.item_ops, self.item_bytes(), len(self.ops)), keep_zero=True)

    def by_symbol(self, most: int = 100) -> list[tuple[str, int]]:
        """The items with most bytes, the largest first."""
        sums = self.item_bytes()
        largest = np.lexsort((self.table.addresses, -sums))[:most]
        return [(self.item_name(number), int(sums[number])) for number in largest.tolist() if sums[number]]

    def shared(self) -> dict[tuple[str, ...], int]:
        """The bytes of classes that several ops have, by those ops."""
        shared = np.where(self.item_ops == SHARED, self.item_classes, NOTHING)
        sums = _sums_of(shared, self.item_bytes(), len(self.classes))
        found: dict[tuple[str, ...], int] = {}
        of_class = _ops_of_classes(self.registrations, self.classes)
        for number in np.flatnonzero(sums).tolist():
            names = tuple(sorted(of_class[number]))
            found[names] = found.get(names, 0) + int(sums[number])
        return found

    def by_dtype(self) -> dict[tuple[DataType, ...], int]:
        """The bytes of kernels by the data types that their constraints allow; () has those without one."""
        column, distinct = self.item_dtypes()
        sums = _sums_of(column, self.item_bytes(), len(distinct))
        return {found: int(size) for found, size in zip(distinct, sums, strict=True) if size}

    def item_dtypes(self) -> tuple[NDArray[np.int32], tuple[tuple[DataType, ...], ...]]:
        """For each item, shape (len(table),), the number of its data types, negative for none; and these types."""
        types = [_dtypes(kernel.constraints) for kernel in self.registrations.kernels]
        distinct = tuple(dict.fromkeys(types))
        number = {found: at for at, found in enumerate(distinct)}
        of_kernel = np.array([number[found] for found in types], np.int32)
        if not len(of_kernel):
            return np.full(len(self.table), NOTHING, np.int32), ()
        of_class = np.full(len(self.classes), NOTHING, np.int32)
        for at, kernel_class in enumerate(self.classes.of_kernel.tolist()):
            if kernel_class >= 0:
                seen = of_class[kernel_class]
                of_class[kernel_class] = of_kernel[at] if seen in {NOTHING, of_kernel[at]} else SHARED
        column = np.where(self.item_kernels >= 0, of_kernel[np.maximum(self.item_kernels, 0)], NOTHING)
        if len(of_class):
            by_class = of_class[np.maximum(self.item_classes, 0)]
            column = np.where((column == NOTHING) & (self.item_classes >= 0) & (by_class >= 0), by_class, column)
        return column.astype(np.int32), distinct

    def _by_column(self, column: NDArray[np.int32], names: tuple[str, ...], nothing: str) -> dict[str, int]:
        found = _named(names, _sums_of(column, self.item_bytes(), len(names)))
        rest = self.size - sum(found.values())
        return found | ({nothing: rest} if rest else {})


def owners(
    image: Image, registrations: Registrations, *, units: Ranges | None = None, linker_map: Ranges | None = None
) -> Owners:
    """Who owns each byte of the file of an image.

    ``units`` are the compilation units of debug information, ``linker_map`` what the linker said it took from where.
    """
    layout = layout_of(image)
    classes = kernel_classes(image, registrations.kernels)
    items = items_of(image, registrations, _tables(image, classes))
    places = places_of(items)
    unmapped(image.content)
    starts, ends, parts, claimed = split_over(layout.rows, _claims(image, places))
    unmapped(image.content)
    item_classes, item_kernels = _classes_of_items(image, registrations, items, classes)
    unmapped(image.content)
    ops, item_ops = _ops_of_items(registrations, items, classes, item_classes)
    return Owners(
        image=image,
        registrations=registrations,
        size=len(image.content),
        offsets=starts,
        sizes=ends - starts,
        sections=parts,
        items=claimed >> _ROLE_BITS,
        roles=np.where(claimed == NOTHING, Role.CONTENT, claimed & _ROLES).astype(np.uint8),
        section_names=layout.names,
        table=items,
        source=source_files(
            image, items, registrations, _files_of_classes(registrations, classes), item_classes, units, linker_map
        ),
        classes=classes,
        item_classes=item_classes,
        item_kernels=item_kernels,
        item_ops=item_ops,
        ops=ops,
    )


def _claims(image: Image, places: Rows) -> Rows:
    """All bytes that items have, by offset in the file; the keys are item and role in one number."""
    content = in_file(image, places)
    found = [(Role.CONTENT, content), (Role.PADDING, _padding(image, content)), *described(image, places)]
    starts = np.concatenate([table.starts for _, table in found])
    ends = np.concatenate([table.ends for _, table in found])
    keys = np.concatenate([(table.keys << _ROLE_BITS) | np.int32(role) for role, table in found])
    del content, found  # they have hundreds of megabytes in all
    return rows(starts, ends, keys)


def _padding(image: Image, content: Rows) -> Rows:
    """The few bytes between functions, which are there to align the next: they go with the one in front."""
    code = [s for s in image.sections if s.kind is SectionKind.CODE and s.size]
    table = rows([s.offset for s in code], [s.offset + s.size for s in code], np.arange(len(code)))
    if not len(content.starts) or not code:
        return rows([], [], [])
    section = keys_at(table, content.starts)
    limits = np.array([s.offset + s.size for s in code], np.int64)[np.maximum(section, 0)]
    gap_ends = np.minimum(np.append(content.starts[1:], np.iinfo(np.int64).max), limits)
    gaps = (section >= 0) & (gap_ends > content.ends) & (gap_ends - content.ends < _LONGEST_PADDING)
    return Rows(content.ends[gaps], gap_ends[gaps], content.keys[gaps])


def _tables(image: Image, classes: KernelClasses) -> Extra:
    """Tables of virtual functions and type information of kernel classes, where no symbol names them."""
    word = image.pointer_size
    spans: set[tuple[int, int]] = set()
    for table in classes.tables:
        if table is None:
            continue
        if not image.symbols.at(table.start):
            spans.add((table.start, table.end - table.start))
        if table.type_info and not image.symbols.at(table.type_info):
            spans.add((table.type_info, 3 * word))
        if table.type_name and not image.symbols.at(table.type_name):
            spans.add((table.type_name, len(table.mangled) + 1))
    column = np.array(sorted(spans), np.int64).reshape(-1, 2)
    return column[:, 0].astype(np.uint64), column[:, 1]


def _classes_of_items(
    image: Image, registrations: Registrations, items: Items, classes: KernelClasses
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The kernel class and the kernel of each item; -1 where there is none, or for kernels more than one."""
    found = np.full(len(items), NOTHING, np.int32)
    if len(classes):
        named = members_by_name(image, classes)
        if len(named):
            found = np.where(items.symbols >= 0, named[np.maximum(items.symbols, 0)], NOTHING).astype(np.int32)
        _take(found, *_by_tables(image, items, classes))
    kernels = np.full(len(items), NOTHING, np.int32)
    made = np.flatnonzero(items.kinds == ItemKind.KERNEL)
    kernels[made] = items.registrations[made]
    if len(registrations.kernels):
        found[made] = classes.of_kernel[items.registrations[made]]
        factories = np.array([kernel.factory or 0 for kernel in registrations.kernels], np.uint64)
        at = _functions_at(image, factories)
        known = np.flatnonzero(at >= 0)
        function, kernel = at[known], known.astype(np.int32)
        _take(found, function, classes.of_kernel[kernel])
        _take(kernels, function, kernel)
        counts = np.bincount(classes.of_kernel[classes.of_kernel >= 0], minlength=len(classes))
        alone = np.full(len(classes) + 1, NOTHING, np.int32)
        having = np.flatnonzero(classes.of_kernel >= 0)
        alone[classes.of_kernel[having]] = having
        alone[:-1][counts != 1] = NOTHING
        kernels = np.where(kernels == NOTHING, alone[found], kernels).astype(np.int32)
    return found, kernels


def _functions_at(image: Image, addresses: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The numbers of the functions that begin at addresses; -1 where none does."""
    starts = image.functions.starts
    if not len(starts):
        return np.full(len(addresses), NOTHING, np.intp)
    number = np.minimum(np.searchsorted(starts, addresses), len(starts) - 1)
    return np.where(starts[number] == addresses, number, NOTHING)


def _take(column: NDArray[np.int32], places: NDArray[np.intp], values: NDArray[np.int32]) -> None:
    """Sets values at places where nothing stands yet and only one value is for the place."""
    if not len(places):
        return
    pairs = np.unique(np.stack([places.astype(np.int64), values.astype(np.int64)], axis=1), axis=0)
    alone = np.append(True, pairs[1:, 0] != pairs[:-1, 0]) & np.append(pairs[1:, 0] != pairs[:-1, 0], True)
    at, value = pairs[alone, 0], pairs[alone, 1].astype(np.int32)
    free = column[at] == NOTHING
    column[at[free]] = value[free]


def _by_tables(image: Image, items: Items, classes: KernelClasses) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Items and classes: functions that tables of virtual functions name, the tables, and their type information."""
    functions: list[int] = []
    of_function: list[int] = []
    addresses: list[int] = []
    of_address: list[int] = []
    for number, table in enumerate(classes.tables):
        if table is not None:
            functions += table.slots
            of_function += [number] * len(table.slots)
            own = [place for place in (table.start, table.type_info, table.type_name) if place]
            addresses += own
            of_address += [number] * len(own)
    at = _functions_at(image, np.array(functions, np.uint64))
    first = len(image.functions)
    others = np.argsort(items.addresses[first:], kind="stable") + first
    place = np.array(addresses, np.uint64)
    found = np.minimum(np.searchsorted(items.addresses[others], place), max(len(others) - 1, 0))
    same = items.addresses[others[found]] == place if len(others) else np.zeros(len(place), bool)
    return (
        np.concatenate([at[at >= 0], others[found[same]] if len(others) else np.empty(0, np.intp)]),
        np.concatenate([np.array(of_function, np.int32)[at >= 0], np.array(of_address, np.int32)[same]]),
    )


def _ops_of_classes(registrations: Registrations, classes: KernelClasses) -> list[set[str]]:
    found: list[set[str]] = [set() for _ in range(len(classes))]
    for kernel, number in zip(registrations.kernels, classes.of_kernel.tolist(), strict=True):
        if number >= 0:
            found[number].add(kernel.op)
    return found


def _files_of_classes(registrations: Registrations, classes: KernelClasses) -> list[str]:
    """The file that has all registrations of a class; empty where they are in several."""
    found: list[set[str]] = [set() for _ in range(len(classes))]
    for kernel, number in zip(registrations.kernels, classes.of_kernel.tolist(), strict=True):
        if number >= 0:
            found[number].add(kernel.file)
    return [min(files) if len(files) == 1 else "" for files in found]


def _ops_of_items(
    registrations: Registrations, items: Items, classes: KernelClasses, item_classes: NDArray[np.int32]
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The op of each item: of the registration that it is, else of its class if that is of one op."""
    named = [record.op for record in registrations.kernels] + [record.op for record in registrations.definitions]
    ops = tuple(sorted(set(named)))
    number = {op: at for at, op in enumerate(ops)}
    of_class = np.array(
        [number[min(found)] if len(found) == 1 else SHARED for found in _ops_of_classes(registrations, classes)]
        + [NOTHING],
        np.int32,
    )
    column = of_class[item_classes]
    made = np.flatnonzero(items.registrations != NOTHING)
    column[made] = np.array([number[op] for op in named], np.int32)[items.registrations[made]]
    return ops, column


def _dtypes(constraints: tuple[Constraint, ...]) -> tuple[DataType, ...]:
    allowed = [value for constraint in constraints for value in constraint.allowed]
    return tuple(dict.fromkeys(value for value in allowed if isinstance(value, DataType)))


def _sums(keys: NDArray[np.int32], sizes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """The sizes of each key, exact: they are below 2**53, where doubles have every integer."""
    return np.bincount(keys, weights=sizes, minlength=count).astype(np.int64)


def _sums_of(column: NDArray[np.int32], sizes: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    known = column >= 0
    return _sums(column[known], sizes[known], count)


def _named(names: tuple[str, ...], sums: NDArray[np.int64], *, keep_zero: bool = False) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, size in zip(names, sums.tolist(), strict=True):
        if size or keep_zero:
            found[name] = found.get(name, 0) + size
    return found
