"""``merge_duplicate_nodes``: of nodes that compute the same, one.

Source: ``MergeDuplicateNodes`` of ``tools/graph_transforms/quantize_nodes.cc``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from typing import TypeAlias

from opselect.models.formats.graphdef_writer import encode_attr
from opselect.models.graph import Graph, Node, StoredBytes
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.op_families import FED
from opselect.models.graph.order import execution_order
from opselect.models.graph.references import Reference, input_node, of_node
from opselect.rewriting import Context, Transform
from opselect.rewriting.colocation import rename_colocations

_COMPARED_AT_ONCE = 256
"""Bytes; longer content is compared only where all else of two nodes is equal."""
_CHUNK = 1 << 20

_Key: TypeAlias = tuple[object, ...]


def merge_duplicate_nodes(graph: Graph, context: Context) -> Graph:
    """The graph with one node for all that have the same op, inputs, device and attrs, the first one in the file.

    Nodes that are fed or fetched stay, and so does whatever is not known to be the same when it runs twice: stateful
    ops, ops that the TensorFlow does not have (:attr:`Context.index`), calls of functions, and Placeholders.
    """
    ops = context.ops()
    kept = {input_node(reference) for reference in (*context.inputs, *context.outputs)}
    kept |= {node.name for node in graph.nodes if not _is_the_same_twice(node, ops, context)}
    twins = _Twins()
    for node in execution_order(graph):
        twins.add(node, alone=node.name in kept)
    position = {node.name: number for number, node in enumerate(graph.nodes)}
    names: dict[str, str] = {}
    for group in twins.groups():
        survivor = min(group, key=position.__getitem__)
        names.update(dict.fromkeys(set(group) - {survivor}, survivor))
    return replace(graph, nodes=tuple(_renamed(node, names, context) for node in graph.nodes if node.name not in names))


def _is_the_same_twice(node: Node, ops: OpDefinitions, context: Context) -> bool:
    if node.op in FED:
        return context.gtt
    definition = ops.op(node.op)
    return definition is not None and not definition.stateful


class _Twins:
    """Nodes that are equal, found in an order in which each comes after its inputs."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        self._seen: dict[_Key, Node] = {}
        self._exact: dict[_Key, str] = {}

    def add(self, node: Node, *, alone: bool) -> None:
        first = node.name if alone else self._find(node)
        self._first[node.name] = first
        self._members.setdefault(first, []).append(node.name)

    def groups(self) -> Collection[list[str]]:
        """The names of equal nodes, one list for all that are."""
        return self._members.values()

    def _find(self, node: Node) -> str:
        key, long = self._key(node)
        other = self._seen.setdefault(key, node)
        if other is node or not long:
            return other.name
        exact = (key, _digest(self._key(other)[1]))
        self._exact.setdefault(exact, other.name)
        return self._exact.setdefault((key, _digest(long)), node.name)

    def _key(self, node: Node) -> tuple[_Key, list[StoredBytes]]:
        """What equal nodes have in common, and their content that is too long to be part of that."""
        inputs = [Reference.parse(reference) for reference in node.inputs]
        key: list[object] = [node.op, node.device]
        key += [each._replace(node=self._first.get(each.node, each.node)) for each in inputs]
        long: list[StoredBytes] = []
        for name in sorted(node.attrs):
            key.append(name)
            for piece in encode_attr(node.attrs[name]).pieces:
                if isinstance(piece, bytes):
                    key.append(piece)
                elif piece.length <= _COMPARED_AT_ONCE:
                    key.append(piece.read())
                else:
                    key.append(piece.length)
                    long.append(piece)
        return tuple(key), long


def _digest(pieces: list[StoredBytes]) -> bytes:
    digest = hashlib.blake2b()
    for piece in pieces:
        for start in range(0, piece.length, _CHUNK):
            digest.update(piece.source.read(piece.offset + start, min(_CHUNK, piece.length - start)))
    return digest.digest()


def _renamed(node: Node, names: dict[str, str], context: Context) -> Node:
    inputs = (of_node(each, names[name]) if (name := input_node(each)) in names else each for each in node.inputs)
    renamed = replace(node, inputs=tuple(inputs))
    return renamed if context.gtt else rename_colocations(renamed, names)


TRANSFORM = Transform(
    "merge_duplicate_nodes",
    "Keeps one of nodes that compute the same.",
    merge_duplicate_nodes,
)
