"""Intervals as sorted columns: cut where they overlap, laid over one another, filled up to cover everything."""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Offsets = NDArray[np.int64]
Keys = NDArray[np.int32]

NOTHING = -1
"""The key of bytes that no interval has."""


class Rows(NamedTuple):
    """Intervals that do not overlap, sorted, none empty: columns of shape (n,). Ends are behind the last byte."""

    starts: Offsets
    ends: Offsets
    keys: Keys


def rows(starts: ArrayLike, ends: ArrayLike, keys: ArrayLike) -> Rows:
    """Intervals from columns in any order; where some overlap, the one that begins last has the bytes, and of those
    that begin together the shortest. What is around it has the rest.
    """
    first, last = np.asarray(starts, np.int64), np.asarray(ends, np.int64)
    key = np.asarray(keys, np.int32)
    kept = last > first
    if not kept.all():
        first, last, key = first[kept], last[kept], key[kept]
    del kept
    if np.any(first[1:] < first[:-1]):
        order = np.argsort(first, kind="stable")
        first, last, key = first[order], last[order], key[order]
    if np.any((first[1:] == first[:-1]) & (last[1:] > last[:-1])):
        order = np.lexsort((-last, first))
        first, last, key = first[order], last[order], key[order]
    if not len(first) or np.all(first[1:] >= last[:-1]):
        return Rows(first, last, key)
    reached = np.maximum.accumulate(last)
    begins = np.append(True, first[1:] >= reached[:-1])
    groups = np.flatnonzero(begins)
    sizes = np.diff(np.append(groups, len(first)))
    alone = np.repeat(sizes == 1, sizes)
    swept = [
        _sweep(first[g : g + n], last[g : g + n], key[g : g + n]) for g, n in zip(groups, sizes, strict=True) if n > 1
    ]
    first = np.concatenate([first[alone], *(group.starts for group in swept)])
    last = np.concatenate([last[alone], *(group.ends for group in swept)])
    key = np.concatenate([key[alone], *(group.keys for group in swept)])
    order = np.argsort(first, kind="stable")
    return Rows(first[order], last[order], key[order])


def _sweep(starts: Offsets, ends: Offsets, keys: Keys) -> Rows:
    """Intervals that overlap, sorted by start and falling end."""
    first, last = starts.tolist(), ends.tolist()
    found: list[tuple[int, int, int]] = []
    heap: list[int] = []
    at = first[0]

    def advance(to: int) -> None:
        nonlocal at
        while heap and at < to:
            number = -heap[0]
            if last[number] <= at:
                heapq.heappop(heap)
                continue
            stop = min(last[number], to)
            found.append((at, stop, number))
            at = stop
        at = to

    for number, start in enumerate(first):
        advance(start)
        heapq.heappush(heap, -number)
    advance(max(last))
    column = np.array(found, np.int64).reshape(-1, 3)
    return Rows(column[:, 0], column[:, 1], keys[column[:, 2]])


def keys_at(table: Rows, places: NDArray[np.int64]) -> Keys:
    """The keys of the intervals around places; NOTHING where there is none."""
    if not len(table.starts):
        return np.full(len(places), NOTHING, np.int32)
    number = np.searchsorted(table.starts, places, "right") - 1
    inside = (number >= 0) & (places < table.ends[number])
    return np.where(inside, table.keys[number], np.int32(NOTHING))


def split_over(whole: Rows, claims: Rows) -> tuple[Offsets, Offsets, Keys, Keys]:
    """A table that covers everything, split where claims begin and end: starts, ends, keys of whole, keys of claims."""
    size = int(whole.ends[-1]) if len(whole.ends) else 0
    inside = (claims.starts < size) & (claims.ends > 0)
    starts, ends = np.maximum(claims.starts[inside], 0), np.minimum(claims.ends[inside], size)
    # Claims do not overlap, so their starts and ends in turn are sorted; an end that is the next start is dropped.
    open_ends = np.append(starts[1:] != ends[:-1], True) if len(starts) else np.empty(0, bool)
    edges = np.stack([starts, ends], axis=1).ravel()
    keys = np.stack([claims.keys[inside], np.full(len(starts), NOTHING, np.int32)], axis=1).ravel()
    kept = np.stack([np.ones(len(starts), bool), open_ends], axis=1).ravel()
    edges, keys = edges[kept], keys[kept]
    at = np.searchsorted(edges, whole.starts)
    missing = at == len(edges)
    missing[~missing] = edges[at[~missing]] != whole.starts[~missing]
    new, at = whole.starts[missing], at[missing]
    keys = np.insert(keys, at, keys_at(claims, new))
    edges = np.insert(edges, at, new)
    if len(edges) and edges[-1] == size:
        edges, keys = edges[:-1], keys[:-1]
    return edges, np.append(edges[1:], size), keys_at(whole, edges), keys
