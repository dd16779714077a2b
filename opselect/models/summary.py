"""What a graph is: its inputs, variables, likely outputs, parameters and ops, as far as its own text tells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kernel_index.datatypes import DataType, item_size
from kernel_index.errors import InputError
from opselect.models.formats.tensor_headers import read_header
from opselect.models.graph import Graph, Node, Shape, TensorRef, input_node
from opselect.models.graph.conditionals import one_sided
from opselect.models.graph.op_families import NEVER_FETCHED, REFERENCE_VARIABLES, VARIABLES
from opselect.models.graph.references import control_inputs


@dataclass(frozen=True, slots=True)
class NodeTensor:
    """The tensor of a Placeholder or of a variable. ``shape`` is None where the node has no such attr."""

    name: str
    op: str
    dtype: DataType
    shape: Shape | None


@dataclass(frozen=True, slots=True)
class Output:
    """A node that nothing in the graph consumes."""

    name: str
    op: str


@dataclass(frozen=True, slots=True)
class Parameters:
    """``count`` elements and the ``bytes`` they take in memory; of constant strings, what they take in the file."""

    count: int = 0
    bytes: int = 0

    def __add__(self, other: Parameters) -> Parameters:
        return Parameters(self.count + other.count, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class FunctionSummary:
    """A function of the library: how many arguments, results and nodes it has."""

    name: str
    inputs: int
    outputs: int
    nodes: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What :func:`summarize` finds, nodes in the order of the file.

    ``constants`` are the Const nodes of the graph, ``function_constants`` those of function bodies, ``variables_held``
    what the variables hold whose shape is known. ``variable_values`` counts the elements of ``value`` attrs of
    variables, which no release of TensorFlow writes, but its own tool counts. ``undecodable`` names constants whose
    tensor makes no sense. ``op_counts`` counts the nodes of the graph and of all functions, most frequent first.
    ``invalid_inputs`` are pairs of a node and an input that does not exist.
    """

    nodes: int = 0
    inputs: tuple[NodeTensor, ...] = ()
    variables: tuple[NodeTensor, ...] = ()
    outputs: tuple[Output, ...] = ()
    constants: Parameters = Parameters()
    function_constants: Parameters = Parameters()
    variables_held: Parameters = Parameters()
    variable_values: int = 0
    undecodable: tuple[str, ...] = ()
    control_edges: int = 0
    devices: Mapping[str, int] = field(default_factory=dict, hash=False)
    op_counts: Mapping[str, int] = field(default_factory=dict, hash=False)
    functions: tuple[FunctionSummary, ...] = ()
    invalid_inputs: tuple[tuple[str, str], ...] = ()


def summarize(graph: Graph) -> Summary:
    """What there is to say about a graph without running it; of its tensors only the headers are read.

    Which nodes count as inputs and outputs is what ``tools/graph_transforms/summarize_graph_main.cc`` of TensorFlow
    says: every Placeholder, and every node without consumers that is no Const, Assign, NoOp or Placeholder. A graph
    that makes no sense is summarized like any other.
    """
    names = {node.name for node in graph.nodes}
    consumed = {input_node(reference) for node in graph.nodes for reference in node.inputs}
    constants = _Constants()
    for node in graph.nodes:
        constants.add(node)
    in_functions = _Constants()
    op_counts = Counter(node.op for node in graph.nodes)
    for function in graph.functions:
        op_counts.update(node.op for node in function.nodes)
        for node in function.nodes:
            in_functions.add(node)
    variables = tuple(_node_tensor(node) for node in graph.nodes if node.op in VARIABLES)
    devices = Counter(node.device for node in graph.nodes if node.device)
    return Summary(
        nodes=len(graph.nodes),
        inputs=tuple(_node_tensor(node) for node in graph.nodes if node.op == "Placeholder"),
        variables=variables,
        outputs=tuple(
            Output(node.name, node.op)
            for node in graph.nodes
            if node.name not in consumed and node.op not in NEVER_FETCHED
        ),
        constants=constants.found,
        function_constants=in_functions.found,
        variables_held=sum((_held(variable) for variable in variables), Parameters()),
        variable_values=constants.variable_values,
        undecodable=(*constants.undecodable, *in_functions.undecodable),
        control_edges=sum(len(control_inputs(node)) for node in graph.nodes),
        devices=dict(sorted(devices.items())),
        op_counts=dict(sorted(op_counts.items(), key=lambda entry: (-entry[1], entry[0]))),
        functions=tuple(
            FunctionSummary(function.name, len(function.inputs), len(function.outputs), len(function.nodes))
            for function in sorted(graph.functions, key=lambda function: function.name)
        ),
        invalid_inputs=tuple(
            (node.name, source)
            for node in graph.nodes
            for reference in node.inputs
            if (source := input_node(reference)) not in names
        ),
    )


def with_likely_outputs(summary: Summary, graph: Graph) -> Summary:
    """The same, without outputs that run on one side of a conditional only, where there are others."""
    not_always = one_sided(graph.nodes)
    return replace(
        summary, outputs=tuple(out for out in summary.outputs if out.name not in not_always) or summary.outputs
    )


def parameters_of(dtype: DataType, dims: Sequence[int]) -> Parameters:
    """The elements of a tensor; strings, resources and variants count no bytes."""
    count = math.prod(dims)
    return Parameters(count, count * item_size(dtype))


class _Constants:
    """Counts what ``value`` attrs hold."""

    def __init__(self) -> None:
        self.found = Parameters()
        self.variable_values = 0
        self.undecodable: list[str] = []

    def add(self, node: Node) -> None:
        if node.op != "Const" and node.op not in REFERENCE_VARIABLES:
            return
        value = node.attrs.get("value")
        held = _tensor_parameters(value) if isinstance(value, TensorRef) else None
        if node.op != "Const":
            self.variable_values += held.count if held else 0
        elif held is None:
            self.undecodable.append(node.name)
        else:
            self.found += held


def _tensor_parameters(tensor: TensorRef) -> Parameters | None:
    """None for what ``Tensor::FromProto`` would refuse, as far as the header tells (``framework/tensor.cc``)."""
    try:
        header = read_header(tensor)
    except InputError:
        return None
    held = parameters_of(header.dtype, header.dims)
    if not item_size(header.dtype):
        return Parameters(held.count, tensor.length)
    start, end = header.content
    return None if start < end and end - start != held.bytes else held


def _held(variable: NodeTensor) -> Parameters:
    dims = variable.shape.dims if variable.shape else None
    if dims is None or any(dim < 0 for dim in dims):
        return Parameters()
    return parameters_of(variable.dtype, dims)


def _node_tensor(node: Node) -> NodeTensor:
    dtype = node.attrs.get("dtype")
    shape = node.attrs.get("shape")
    return NodeTensor(
        node.name,
        node.op,
        dtype if isinstance(dtype, DataType) else DataType.DT_INVALID,
        None if shape is None else shape if isinstance(shape, Shape) else Shape(()),
    )
