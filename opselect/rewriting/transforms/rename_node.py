"""``rename_node``: another name for a node. Source: ``tools/graph_transforms/rename_node.cc``, there from 2.3 on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from kernel_index.near_names import did_you_mean
from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.references import of_node
from opselect.rewriting import Argument, Context, Transform
from opselect.rewriting.colocation import rename_colocations

_VALID = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*", re.ASCII)
"""What a node may be called (``ValidateNodeDef``'s rule in ``framework/node_def_util.cc``)."""


def rename_node(graph: Graph, context: Context) -> Graph:
    """The graph with one node under another name, which its consumers and the nodes on its device use, too.

    It may be fed or fetched: the steps after it go on with the new name. TransformError for a node that there is not
    (with ``gtt`` nothing comes of it), and for a name that is taken or that no node may have.
    """
    old, new = _names(context)
    names = {node.name for node in graph.nodes}
    if new in names:
        raise context.error(f"there is a node {new!r} already, so {old!r} cannot be called that", node=new)
    if old not in names:
        if context.gtt:
            return graph
        raise context.error(f"there is no node {old!r} to rename{did_you_mean(old, names)}")
    if not _VALID.fullmatch(new):
        raise context.error(f"{new!r} is no name that a node may have", "Use letters, digits and ._-/ only.")
    return replace(graph, nodes=tuple(_renamed(node, {old: new}, context) for node in graph.nodes))


def _names(context: Context) -> tuple[str, str]:
    return context.text("old_node_name"), context.text("new_node_name")


def _renamed(node: Node, names: Mapping[str, str], context: Context) -> Node:
    inputs = tuple(of_node(each, names.get(input_node(each), input_node(each))) for each in node.inputs)
    renamed = replace(node, name=names.get(node.name, node.name), inputs=inputs)
    return renamed if context.gtt else rename_colocations(renamed, names)


TRANSFORM = Transform(
    "rename_node",
    "Gives a node another name.",
    rename_node,
    (Argument("old_node_name", "the node"), Argument("new_node_name", "its new name")),
    renames=lambda context: dict([_names(context)]),
)
