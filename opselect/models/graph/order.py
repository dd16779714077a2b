"""The order in which a graph's nodes can run."""

from __future__ import annotations

from opselect.models.graph.model import Graph, Node
from opselect.models.graph.op_families import MERGES
from opselect.models.graph.references import input_node, is_control


def execution_order(graph: Graph) -> tuple[Node, ...]:
    """The nodes so that each comes after its inputs, in the order of ``SortByExecutionOrder``.

    A Merge waits for one of its data inputs only, so while loops are no cycles. Nodes on a cycle, and what depends on
    them or on an input that does not exist, are left out (``tools/graph_transforms/transform_utils.cc``).
    """
    nodes = graph.nodes
    position = {node.name: number for number, node in enumerate(nodes)}
    consumers: list[list[int]] = [[] for _ in nodes]
    waiting = []
    for number, node in enumerate(nodes):
        if node.op in MERGES and node.inputs:
            waiting.append(sum(map(is_control, node.inputs)) + 1)
        else:
            waiting.append(len(node.inputs))
        for reference in node.inputs:
            source = position.get(input_node(reference))
            if source is not None:
                consumers[source].append(number)
    ready = [number for number, count in enumerate(waiting) if not count]
    order = []
    while ready:
        number = ready.pop()
        order.append(nodes[number])
        for consumer in consumers[number]:
            waiting[consumer] -= 1
            if not waiting[consumer]:
                ready.append(consumer)
    return tuple(order)
