"""Graphs on our own types: nodes, functions, what is reached, what is wrong."""

from opselect.models.graph.checks import BrokenGraphError, check_graph, graph_problems
from opselect.models.graph.functions import (
    Body,
    Call,
    CalledNode,
    Expansion,
    expand_functions,
    without_uncalled_functions,
)
from opselect.models.graph.meta_graph import Entry, MetaGraph, Signature, TensorInfo
from opselect.models.graph.model import FunctionArg, FunctionDefinition, Graph, Node, Versions, changed
from opselect.models.graph.reach import FedNode, Reached, check_names, reach, reach_entries
from opselect.models.graph.references import Endpoint, Reference, control_inputs, data_inputs, input_node, is_control
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
    "BrokenGraphError",
    "ByteSource",
    "BytesRef",
    "Call",
    "CalledNode",
    "Endpoint",
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
    "Reference",
    "Shape",
    "Signature",
    "StoredBytes",
    "TensorInfo",
    "TensorRef",
    "Versions",
    "changed",
    "check_graph",
    "check_names",
    "control_inputs",
    "data_inputs",
    "expand_functions",
    "graph_problems",
    "input_node",
    "is_control",
    "reach",
    "reach_entries",
    "without_uncalled_functions",
]
