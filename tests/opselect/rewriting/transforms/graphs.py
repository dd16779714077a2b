"""Small graphs with real weights, and what nodes of them hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, NodeAttr
from opselect.rewriting import Context
from opselect.rewriting.constants import constant_node, constant_value

FLOAT = DataType.DT_FLOAT


def const(name: str, values: object, data_type: DataType = FLOAT) -> Node:
    """A Const, of floats unless another type is named."""
    numpy_types = {FLOAT: np.float32, DataType.DT_INT32: np.int32, DataType.DT_DOUBLE: np.float64}
    return constant_node(name, np.asarray(values, numpy_types[data_type]), data_type)


def node(name: str, op: str, *inputs: str, **attrs: NodeAttr) -> Node:
    """A node of type float."""
    return Node(name, op, inputs, attrs={"T": FLOAT, **attrs})


def values(graph: Graph, name: str) -> Array:
    """What a Const of the graph holds."""
    (found,) = (each for each in graph.nodes if each.name == name)
    return constant_value(found, Context())


def by_name(graph: Graph) -> dict[str, Node]:
    """The nodes of a graph; no name may occur twice."""
    found = {each.name: each for each in graph.nodes}
    assert len(found) == len(graph.nodes)
    return found


def ops(graph: Graph) -> dict[str, str]:
    """Name → op."""
    return {name: each.op for name, each in by_name(graph).items()}


def graph(*nodes: Node | Sequence[Node]) -> Graph:
    """A graph of nodes and groups of nodes."""
    return Graph(tuple(each for item in nodes for each in ((item,) if isinstance(item, Node) else item)))
