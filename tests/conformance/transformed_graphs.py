"""What the Graph Transform Tool leaves to chance in the graphs it writes, taken out before they are compared."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from opselect.models.formats.graphdef_writer import encode_attr
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import Graph, Node, TensorRef
from opselect.models.graph.references import canonical, input_node, of_node
from opselect.models.storage import JoinedBytes
from tests.conformance.graph_comparison import Difference
from tests.opselect.graph_text import graph_from_bytes

_FAR = 100
_FOLDED = re.compile(r"^(.*)/_(\d+)__cf__(\d+)$")


def read_graph_file(path: Path) -> Graph:
    """A binary GraphDef, gzipped if its name says so."""
    data = path.read_bytes()
    return graph_from_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)


def repeated_names(graph: Graph) -> list[str]:
    """Names that several nodes have: TensorFlow refuses to import such a graph."""
    return sorted(name for name, count in Counter(node.name for node in graph.nodes).items() if count > 1)


def with_plain_folds(graph: Graph) -> Graph:
    """The graph with constants of fold_constants, ``<node>/_N__cf__M``, numbered in their order for each such node."""
    folded: dict[str, list[tuple[int, int, str]]] = {}
    for node in graph.nodes:
        match = _FOLDED.match(node.name)
        if match:
            folded.setdefault(match[1], []).append((int(match[2]), int(match[3]), node.name))
    names = {
        name: f"{base}/_cf_{number}"
        for base, group in folded.items()
        for number, (_, _, name) in enumerate(sorted(group))
    }
    return replace(graph, nodes=tuple(_renamed(node, names) for node in graph.nodes))


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    inputs = (of_node(each, names.get(input_node(each), input_node(each))) for each in node.inputs)
    return replace(node, name=names.get(node.name, node.name), inputs=tuple(inputs))


def differences_up_to_survivors(ours: Graph, theirs: Graph, anchors: Sequence[str]) -> list[Difference]:
    """Differences but for which of several equal nodes is there: nodes are told by all that they compute from.

    Only ``anchors``, what is fed and fetched, are told by name; ``_class``, which names other nodes, is not looked at.
    """
    left, right = _marks(ours, anchors), _marks(theirs, anchors)
    surplus = Counter(left.values()) - Counter(right.values())
    missing = Counter(right.values()) - Counter(left.values())
    return [
        *(Difference("node", f"node {name!r} should not be there") for name, mark in left.items() if mark in surplus),
        *(Difference("node", f"node {name!r} is missing") for name, mark in right.items() if mark in missing),
    ]


def _marks(graph: Graph, anchors: Sequence[str]) -> dict[str, bytes]:
    """A mark for each node: of its op, device and attrs, and of those of all nodes that it depends on, so far away."""
    marks = {node.name: _own_mark(node, node.name if node.name in anchors else "") for node in graph.nodes}
    for _ in range(_FAR):
        marks = {node.name: _mark(node, marks) for node in graph.nodes}
    return marks


def _own_mark(node: Node, name: str) -> bytes:
    digest = hashlib.blake2b(f"{name}\0{node.op}\0{node.device}".encode())
    for key in sorted(node.attrs.keys() - {"_class"}):
        value = node.attrs[key]
        digest.update(key.encode())
        if isinstance(value, TensorRef):
            array = read_tensor(value)
            digest.update(f"{array.dtype}{array.shape}".encode())
            digest.update(repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes())
        else:
            message = encode_attr(value)
            digest.update(JoinedBytes(tuple(message.pieces)).read(0, message.size))
    return digest.digest()


def _mark(node: Node, marks: Mapping[str, bytes]) -> bytes:
    digest = hashlib.blake2b(marks[node.name])
    for reference in node.inputs:
        own = of_node(canonical(reference), "")
        digest.update(own.encode() + marks[input_node(reference)])
    return digest.digest()
