"""The order in which nodes run, as the Graph Transform Tool lists it.

Source: ``SortByExecutionOrder`` of ``tools/graph_transforms/transform_utils.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence

from opselect.graph import Node, input_node
from opselect.rewriting.names import is_control

_MERGES = frozenset({"Merge", "RefMerge"})


def execution_order(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Each node behind its inputs; of those that are ready the one that became so last comes first.

    A Merge waits for one of its data inputs only, for a loop comes back to it. Nodes whose inputs never come, being in
    a circle or missing, are left out.
    """
    position = {node.name: index for index, node in enumerate(nodes)}
    users: list[list[int]] = [[] for _ in nodes]
    pending = []
    for index, node in enumerate(nodes):
        controls = sum(map(is_control, node.inputs))
        pending.append(controls + 1 if node.op in _MERGES and len(node.inputs) > controls else len(node.inputs))
        for reference in node.inputs:
            source = position.get(input_node(reference))
            if source is not None:
                users[source].append(index)
    ready = [index for index, node in enumerate(nodes) if not node.inputs]
    ordered = []
    while ready:
        index = ready.pop()
        ordered.append(nodes[index])
        for user in users[index]:
            pending[user] -= 1
            if not pending[user]:
                ready.append(user)
    return tuple(ordered)
