"""Sets of attr values that kernels admit, joined into as few as describe them exactly."""

from __future__ import annotations

from collections.abc import Collection

from kernel_index.records import AttrScalar

Admitted = tuple[tuple[str, frozenset[AttrScalar]], ...]
"""Attr → values, sorted by attr: every combination of them is admitted."""


def united(parts: Collection[Admitted]) -> set[Admitted]:
    """The same combinations in fewer parts: those that differ in the values of one attr become one.

    Parts that name different attrs stay apart.
    """
    joined = set(parts)
    for position in range(max(map(len, joined), default=0)):
        short = {part for part in joined if len(part) <= position}
        union: dict[tuple[Admitted, str, Admitted], set[AttrScalar]] = {}
        for part in joined - short:
            attr, values = part[position]
            union.setdefault((part[:position], attr, part[position + 1 :]), set()).update(values)
        joined = short | {
            (*before, (attr, frozenset(values)), *after) for (before, attr, after), values in union.items()
        }
    return joined
