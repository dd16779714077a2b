"""``remove_attribute``: nodes without an attr. Source: ``tools/graph_transforms/remove_attribute.cc``."""

from __future__ import annotations

from dataclasses import replace

from opselect.models.graph import Graph
from opselect.rewriting import Argument, Context, Pattern, Transform


def remove_attribute(graph: Graph, context: Context) -> Graph:
    """The graph without an attr, on all nodes or those of one op."""
    name = context.text("attribute_name")
    op = Pattern(context.text("op_name", "*"))
    return replace(
        graph,
        nodes=tuple(
            replace(node, attrs={key: value for key, value in node.attrs.items() if key != name})
            if name in node.attrs and op.admits(node.op)
            else node
            for node in graph.nodes
        ),
    )


TRANSFORM = Transform(
    "remove_attribute",
    "Removes an attr from nodes.",
    remove_attribute,
    (
        Argument("attribute_name", "the attr"),
        Argument("op_name", "only on nodes of this op"),
    ),
)
