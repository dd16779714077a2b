"""Graphs on our own types: nodes, functions, what is reached, what is wrong."""

from opselect.models.graph.checks import check_graph, graph_problems
from opselect.models.graph.functions import Body, Call, CalledNode, Expansion, expand_functions
from opselect.models.graph.meta_graph import Entry, MetaGraph, Signature, TensorInfo
from opselect.models.graph.model import FunctionArg, FunctionDefinition, Graph, Node, Versions, changed, input_node
from opselect.models.graph.reach import FedNode, Reached, check_names, reach, reach_entries
from opselect.models.graph.values import (
    AttrPlaceholder,
    ByteSource,
    BytesRef,
    FunctionRef,
    NodeAttr,
    NodeAttrItem,
    Shape,
    StoredBytes,
    TensorRef,
)

__all__ = [
    "AttrPlaceholder",
    "Body",
    "ByteSource",
    "BytesRef",
    "Call",
    "CalledNode",
    "Entry",
    "Expansion",
    "FedNode",
    "FunctionArg",
    "FunctionDefinition",
    "FunctionRef",
    "Graph",
    "MetaGraph",
    "Node",
    "NodeAttr",
    "NodeAttrItem",
    "Reached",
    "Shape",
    "Signature",
    "StoredBytes",
    "TensorInfo",
    "TensorRef",
    "Versions",
    "changed",
    "check_graph",
    "check_names",
    "expand_functions",
    "graph_problems",
    "input_node",
    "reach",
    "reach_entries",
]
