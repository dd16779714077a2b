"""Graphs on our own types: nodes, functions, what is reached, what is wrong."""

from opselect.graph.checks import check_graph, graph_problems
from opselect.graph.functions import Body, Call, CalledNode, Expansion, expand_functions
from opselect.graph.meta_graph import Entry, MetaGraph, Signature, TensorInfo
from opselect.graph.model import FunctionArg, FunctionDefinition, Graph, Node, Versions, changed, input_node
from opselect.graph.reach import FedNode, Reached, check_names, reach, reach_entries
from opselect.graph.tflite import (
    OperatorCount,
    StoredBuffer,
    TfliteModel,
    TfliteOperator,
    TfliteSignature,
    TfliteSubgraph,
    TfliteTensor,
    flex_graph,
)
from opselect.graph.training import in_gradient_scope, training_signs, training_warning
from opselect.graph.values import (
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
    "OperatorCount",
    "Reached",
    "Shape",
    "Signature",
    "StoredBuffer",
    "StoredBytes",
    "TensorInfo",
    "TensorRef",
    "TfliteModel",
    "TfliteOperator",
    "TfliteSignature",
    "TfliteSubgraph",
    "TfliteTensor",
    "Versions",
    "changed",
    "check_graph",
    "check_names",
    "expand_functions",
    "flex_graph",
    "graph_problems",
    "in_gradient_scope",
    "input_node",
    "reach",
    "reach_entries",
    "training_signs",
    "training_warning",
]
