"""``rename_op``: another op in the place of one. Source: ``tools/graph_transforms/rename_op.cc``."""

from __future__ import annotations

from dataclasses import replace

from opselect.models.graph import Graph
from opselect.rewriting import Argument, Context, Transform


def rename_op(graph: Graph, context: Context) -> Graph:
    """The graph with every node of one op being of another."""
    old, new = context.text("old_op_name"), context.text("new_op_name")
    return replace(graph, nodes=tuple(replace(node, op=new) if node.op == old else node for node in graph.nodes))


TRANSFORM = Transform(
    "rename_op",
    "Makes nodes of one op nodes of another.",
    rename_op,
    (Argument("old_op_name", "the op"), Argument("new_op_name", "the op in its place")),
)
