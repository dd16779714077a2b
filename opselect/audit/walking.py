"""Walks over graphs of a million nodes. Edges are columns, no objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Column = TypeVar("Column", bound=np.generic)


def distinct(values: NDArray[Column]) -> NDArray[Column]:
    """The values, each once and sorted. NumPy's own, by hashes, takes ten times as long for a million."""
    ordered = np.sort(values)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


@dataclass(frozen=True, slots=True)
class Edges:
    """The edges of a graph of n nodes: node i leads to ``targets[first[i]:first[i + 1]]``."""

    first: NDArray[np.int64]
    targets: NDArray[np.int32]

    @property
    def node_count(self) -> int:
        return len(self.first) - 1

    @staticmethod
    def of(node_count: int, sources: NDArray[np.int32], targets: NDArray[np.int32]) -> Edges:
        """Edges from two columns; those that are there twice stay."""
        order = np.argsort(sources, kind="stable")
        first = np.zeros(node_count + 1, np.int64)
        np.cumsum(np.bincount(sources, minlength=node_count), out=first[1:])
        return Edges(first, targets[order])

    def of_nodes(self, nodes: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """All edges of some nodes: where each node stands in ``nodes``, and the targets."""
        starts = self.first[nodes]
        counts = self.first[nodes.astype(np.int64) + 1] - starts
        whose = np.repeat(np.arange(len(nodes)), counts)
        behind = np.cumsum(counts) - counts
        return whose, self.targets[np.arange(len(whose)) + (starts - behind)[whose]]


def reached(edges: Edges, begin: NDArray[np.int32], known: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
    """Which nodes are reached from some, these included; ``known`` are nodes where walks need not go on."""
    found = np.zeros(edges.node_count, np.bool_) if known is None else known.copy()
    front = distinct(begin[~found[begin]])
    found[front] = True
    while len(front):
        _, targets = edges.of_nodes(front)
        targets = targets[~found[targets]]
        found[targets] = True
        front = distinct(targets)
    return found
