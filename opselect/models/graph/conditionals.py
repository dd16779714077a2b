"""Which nodes run on one side of a conditional only."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kernel_index.walks import reached
from opselect.models.graph.model import Node
from opselect.models.graph.op_families import MERGES, SWITCHES
from opselect.models.graph.references import data_inputs, input_node


def one_sided(nodes: Iterable[Node]) -> frozenset[str]:
    """The nodes that are computed from a Switch and from no Merge: they run, or they do not, as the predicate is.

    What comes out of a loop counts as two-sided, for every loop begins with a Merge.
    """
    nodes = tuple(nodes)
    consumers: dict[str, list[str]] = {node.name: [] for node in nodes}
    for node in nodes:
        for reference in data_inputs(node):
            consumers.setdefault(input_node(reference), []).append(node.name)

    def downstream_of(ops: Collection[str]) -> set[str]:
        return set(reached((node.name for node in nodes if node.op in ops), consumers.__getitem__))

    return frozenset(downstream_of(SWITCHES) - downstream_of(MERGES))
