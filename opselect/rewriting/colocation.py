"""Nodes that ask to be on the device of another: ``_class: ["loc:@other"]``.

A name there that no node has makes the graph one that TensorFlow refuses to import (``python/framework/importer.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from opselect.models.graph import Graph, Node, NodeAttr, NodeAttrItem

_CLASS = "_class"
_PREFIX = "loc:@"


def rename_colocations(node: Node, renames: Mapping[str, str]) -> Node:
    """The node on the device of the same nodes after these got other names."""
    if _CLASS not in node.attrs:
        return node
    groups = tuple(
        f"{_PREFIX}{renames.get(name, name)}" if (name := _named(item)) is not None else item
        for item in _groups(node.attrs[_CLASS])
    )
    return replace(node, attrs={**node.attrs, _CLASS: groups})


def drop_colocations(graph: Graph, gone: Collection[str]) -> Graph:
    """The graph without what asks to be where nodes were that are no longer there."""
    if not gone:
        return graph
    return replace(graph, nodes=tuple(_without(node, gone) for node in graph.nodes))


def _without(node: Node, gone: Collection[str]) -> Node:
    if _CLASS not in node.attrs:
        return node
    groups = _groups(node.attrs[_CLASS])
    kept = tuple(item for item in groups if _named(item) not in gone)
    if len(kept) == len(groups):
        return node
    attrs = {**node.attrs, _CLASS: kept}
    if not kept:
        del attrs[_CLASS]
    return replace(node, attrs=attrs)


def _groups(value: NodeAttr) -> tuple[NodeAttrItem, ...]:
    return value if isinstance(value, tuple) else (value,)


def _named(item: NodeAttrItem) -> str | None:
    return item.removeprefix(_PREFIX) if isinstance(item, str) and item.startswith(_PREFIX) else None
