"""What the bytes of one binary are for, by the owners of its bytes and by the references between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from opselect.audit.audited import By, Linked
from opselect.audit.drops import dropping_of
from opselect.audit.owners.intervals import NOTHING
from opselect.audit.owners.owning import Owners
from opselect.audit.references import reference_graph
from opselect.audit.retained import Dropping, Retention, retention
from opselect.binaries.image import unmapped

_SYMBOLS = 1000
"""So many functions and objects are told apart by name, the largest; the others are of no name."""


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
            case "op":
                found = owners.by_op()
            case "dtype":
                found = {}
                for types, count in owners.by_dtype().items():
                    # A kernel with several constraints is for the type of the first.
                    name = types[0].name if types else ""
                    found[name] = found.get(name, 0) + count
            case "file":
                found = {}
                for name, count in owners.by_file().items():
                    path = self._paths.get(name, name)
                    found[path] = found.get(path, 0) + count
            case "kernel":
                known = owners.item_kernels >= 0
                sums = np.bincount(owners.item_kernels[known], owners.item_bytes()[known]).astype(np.int64)
                found = {str(number): int(sums[number]) for number in np.flatnonzero(sums)}
            case "symbol":
                found = {}
                for name, count in owners.by_symbol(_SYMBOLS):
                    found[name] = found.get(name, 0) + count
        found[""] = found.get("", 0) + owners.size - sum(found.values())
        return found

    def unattributed(self) -> Mapping[str, int]:
        """The bytes of each section that are of no op, or of several."""
        owners = self._owners
        of_rows = owners.item_ops[np.maximum(owners.items, 0)] if len(owners.item_ops) else owners.items
        none = (owners.items < 0) | (of_rows < 0)
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
