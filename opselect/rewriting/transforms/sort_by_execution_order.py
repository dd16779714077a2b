"""``sort_by_execution_order``: every node after its inputs. Source: ``SortByExecutionOrder`` of
``tools/graph_transforms/transform_utils.cc``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from opselect.models.graph import Graph
from opselect.models.graph.order import execution_order
from opselect.rewriting import Context, Transform


def sort_by_execution_order(graph: Graph, context: Context) -> Graph:
    """The graph in an order in which it could run."""
    ordered = execution_order(graph)
    if len(ordered) < len(graph.nodes):
        # Two nodes of one name are counted as two.
        left = Counter(node.name for node in graph.nodes) - Counter(node.name for node in ordered)
        raise context.error(f"{left.total()} nodes wait for each other", node=min(left))
    return replace(graph, nodes=ordered)


TRANSFORM = Transform(
    "sort_by_execution_order",
    "Lists every node after its inputs, so that a reader needs no look ahead.",
    sort_by_execution_order,
)
