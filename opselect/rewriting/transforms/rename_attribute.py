"""``rename_attribute``: an attr by another name. Source: ``tools/graph_transforms/rename_attribute.cc``."""

from __future__ import annotations

from dataclasses import replace

from opselect.models.graph import Graph, Node
from opselect.rewriting import Argument, Context, Pattern, Transform


def rename_attribute(graph: Graph, context: Context) -> Graph:
    """The graph with an attr renamed, on all nodes or those of one op."""
    old, new = context.text("old_attribute_name"), context.text("new_attribute_name")
    op = Pattern(context.text("op_name", "*"))
    return replace(
        graph,
        nodes=tuple(
            _renamed(node, old, new, context) if old in node.attrs and op.admits(node.op) else node
            for node in graph.nodes
        ),
    )


def _renamed(node: Node, old: str, new: str, context: Context) -> Node:
    if new in node.attrs and new != old and not context.gtt:
        raise context.error(f"has an attr {new!r} already", "Remove one of the two first.", node=node.name)
    attrs = {key: value for key, value in node.attrs.items() if key != old}
    return replace(node, attrs={new: node.attrs[old], **attrs})


TRANSFORM = Transform(
    "rename_attribute",
    "Gives an attr of nodes another name.",
    rename_attribute,
    (
        Argument("old_attribute_name", "the attr"),
        Argument("new_attribute_name", "its new name"),
        Argument("op_name", "only on nodes of this op"),
    ),
)
