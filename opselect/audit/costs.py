"""What the bytes of one binary are for, by the owners of its bytes and by the references between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from opselect.audit.audited import By, Linked
from opselect.audit.drops import dropping_of
from opselect.audit.owners.intervals import NOTHING
from opselect.audit.owners.owning import Owners
from opselect.audit.references import reference_graph
from opselect.audit.retained import Dropping, Retention, retention
from opselect.binaries.image import unmapped

_SYMBOLS = 1000
"""So many functions and objects are told apart by name, the largest; the others are of no name."""


_DENSE = 2**20
"""Up to so many combinations of names a sum is kept for each, which is quicker than sorting them; it takes 8 MB."""


class BinaryCosts:
    """The :class:`opselect.audit.audited.Costs` of a binary; ``paths`` are source files by the names that it has.

    What would go is known only when somebody asks: the graph of all references takes longer than all the rest.
    """

    def __init__(self, owners: Owners, paths: Mapping[str, str]) -> None:
        self._owners = owners
        self._paths = paths

    @cached_property
    def _retention(self) -> Retention:
        found = self._owners.registrations
        graph = reference_graph(self._owners.image, (*found.kernels, *found.definitions))
        unmapped(self._owners.image.content)
        # Which file an instance of a template was made for, addresses do not say: the linker keeps one of several.
        return retention(graph, dropping_of(graph))

    @cached_property
    def _item_bytes(self) -> NDArray[np.int64]:
        return self._owners.item_bytes()

    @property
    def linked(self) -> Linked:
        """As :meth:`opselect.audit.audited.Costs.linked`; only symbols tell it."""
        if not self._owners.image.sections:
            return "not told"
        if self._owners.image.strong is None:
            return "unknown"
        return "by file" if self._retention.dropping is Dropping.COMPILER else "by function"

    def owned(self, by: By) -> Mapping[str, int]:
        """Name to bytes, those of no name under the empty one."""
        owners = self._owners
        match by:
            case "section":
                return owners.by_section()
            case "symbol":
                found: dict[str, int] = {}
                for name, count in owners.by_symbol(_SYMBOLS):
                    found[name] = found.get(name, 0) + count
                return found | {"": owners.size - sum(found.values())}
            case _:
                return {"": 0} | {name: count for (name,), count in self.owned_together((by,)).items()}

    def owned_together(self, bys: Sequence[By]) -> Mapping[tuple[str, ...], int]:
        """The names of each kind to the bytes that have all of them."""
        owners = self._owners
        by_row = "section" in bys
        sizes = owners.sizes if by_row else self._item_bytes
        keys = np.zeros(len(sizes), np.int64)
        names: list[Sequence[str]] = []
        for by in bys:
            column, texts = (owners.sections, owners.section_names) if by == "section" else self._names(by)
            names.append(texts)
            if by_row and by != "section":
                column = owners.of_rows(column)
            keys = keys * (len(texts) + 1) + np.maximum(column, NOTHING) + 1
        distinct, sums = _summed(keys, sizes, [len(texts) + 1 for texts in names])
        found: dict[tuple[str, ...], int] = {}
        for key, count in zip(distinct.tolist(), sums.tolist(), strict=True):
            parts = []
            for texts in reversed(names):
                key, number = divmod(key, len(texts) + 1)
                parts.append(texts[number - 1] if number else "")
            name = tuple(reversed(parts))
            found[name] = found.get(name, 0) + count
        nothing = ("",) * len(bys)
        found[nothing] = found.get(nothing, 0) + owners.size - sum(found.values())
        return {name: count for name, count in found.items() if count}

    def _names(self, by: By) -> tuple[NDArray[np.int32], Sequence[str]]:
        """For each item, shape (items,), the number of its name, negative for none; and the names."""
        owners = self._owners
        match by:
            case "op":
                return owners.item_ops, owners.ops
            case "dtype":
                # A kernel with several constraints is for the type of the first.
                column, types = owners.item_dtypes()
                return column, [each[0].name if each else "" for each in types]
            case "file":
                return owners.source.numbers, [self._paths.get(name, name) for name in owners.source.names]
            case "kernel":
                return owners.item_kernels, [str(number) for number in range(len(owners.registrations.kernels))]
            case _:
                raise ValueError(f"{by}: of no item by number")

    def unattributed(self) -> Mapping[str, int]:
        """The bytes of each section that are of no op, or of several."""
        owners = self._owners
        none = owners.of_rows(owners.item_ops) < 0
        sums = np.bincount(owners.sections[none], owners.sizes[none], minlength=len(owners.section_names))
        found: dict[str, int] = {}
        for name, count in zip(owners.section_names, sums.astype(np.int64).tolist(), strict=True):
            if count:
                found[name] = found.get(name, 0) + count
        return found

    def shared(self) -> Mapping[tuple[str, ...], int]:
        """Ops to the bytes that they have together, which are unattributed."""
        return self._owners.shared()

    def retained(self, groups: Sequence[Sequence[int]]) -> Sequence[int]:
        """For each group the bytes that would go without all of it; groups that have nothing in common in one walk."""
        found = [0] * len(groups)
        left = list(range(len(groups)))
        while left:
            column = np.full(len(self._retention.graph.registrations), NOTHING, np.int32)
            chosen: list[int] = []
            later: list[int] = []
            for number in left:
                places = np.asarray(groups[number], np.intp)
                if (column[places] == NOTHING).all():
                    column[places] = len(chosen)
                    chosen.append(number)
                else:
                    later.append(number)
            for number, count in zip(chosen, self._retention.by_group(column, len(chosen)).tolist(), strict=True):
                found[number] = count
            left = later
        return found


def _summed(
    keys: NDArray[np.int64], sizes: NDArray[np.int64], counts: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The keys that have bytes, and how many. A key is made of a number below each of ``counts``, 0 for no name."""
    if math.prod(counts) <= _DENSE:
        sums = np.bincount(keys, sizes, minlength=math.prod(counts))
        distinct = np.flatnonzero(sums).astype(np.int64)
        return distinct, sums[distinct].astype(np.int64)
    named = keys % counts[-1] > 0  # few items have a name of every kind
    distinct, places = np.unique(keys[named], return_inverse=True)
    sums = np.bincount(places.ravel(), sizes[named], minlength=len(distinct)).astype(np.int64)
    if len(counts) == 1:
        return distinct, sums
    others, rest = _summed(keys[~named] // counts[-1], sizes[~named], counts[:-1])
    return np.concatenate([distinct, others * counts[-1]]), np.concatenate([sums, rest])
