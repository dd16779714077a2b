"""The graph of one signature of a SavedModel of 2.x: the body of its function, arguments as inputs.

Source: ``convert_variables_to_constants_v2`` in ``python/framework/convert_to_constants.py``,
``python/framework/function_def_to_graph.py``, ``python/saved_model/function_deserialization.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from opselect.models.graph import FunctionDefinition, Graph, Node, NodeAttr, Shape, Signature, changed, input_node
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.op_families import PARTITIONED_CALLS
from opselect.models.graph.references import awaited, canonical, data_inputs, output_index
from opselect.rewriting import ops_of
from opselect.rewriting.freezing.flat import flat_body
from opselect.rewriting.freezing.inlinable import called_function
from opselect.rewriting.freezing.inline import Inliner
from opselect.rewriting.freezing.variables import is_variable, variable_of

_LOWERED = frozenset({"If", "StatelessIf", "StatelessWhile", "While"})
_LOWER = "_lower_using_switch_merge"
_SHAPES = "_output_shapes"


@dataclass(frozen=True, slots=True)
class SignatureGraph:
    """A signature as a graph of its own.

    ``inputs`` and ``outputs`` map the arguments and results of the signature to tensors of the graph, ``names`` the
    nodes that stand for what the function has captured to those of the SavedModel's graph.
    """

    graph: Graph
    inputs: Mapping[str, str] = field(hash=False)
    outputs: Mapping[str, str] = field(hash=False)
    names: Mapping[str, str] = field(hash=False)


def signature_graph(
    graph: Graph, signature: Signature, path: str, index: KernelIndex | None = None
) -> SignatureGraph | None:
    """The graph of a signature; None where it is not one call of a function, as it is in files of 2.x.

    Arguments are Placeholders by the names that the function has for them. Captured variables, constants and tables
    stand in for the arguments that they are bound to. Calls of functions are inlined, as far as the op definitions of
    ``index`` tell what is in them (:func:`opselect.rewriting.ops_of`).
    """
    call = _call(graph, signature)
    ops = ops_of(index, graph.functions)
    function = called_function(call, ops.functions) if call is not None else None
    body = flat_body(function, ops) if function is not None else None
    if call is None or function is None or body is None or len(data_inputs(call)) != len(function.inputs):
        return None
    by_name = {node.name: node for node in graph.nodes}
    fed = {input_node(info.name): key for key, info in signature.inputs.items()}
    inputs: dict[str, str] = {}
    names: dict[str, str] = {}
    captured: dict[str, Node] = {}
    for position, reference in enumerate(data_inputs(call)):
        argument, node = function.inputs[position].name, by_name[input_node(reference)]
        if node.name in fed:
            inputs[fed[node.name]] = f"{argument}:0"
        elif node.inputs or output_index(reference) != 0:
            return None
        else:
            names[argument] = node.name
            captured[argument] = _captured(node, argument)
    arguments = [_placeholder(function, position) for position in range(len(function.inputs))]
    places = {key: output_index(info.name) for key, info in signature.outputs.items()}
    if any(place is None or place >= len(body.returns) for place in places.values()):
        return None
    results = {key: canonical(body.returns[place]) for key, place in places.items() if place is not None}
    before = Graph(
        (*arguments, *body.nodes), tuple(map(_as_imported, graph.functions)), graph.gradients, graph.versions
    )
    inliner = Inliner(OpDefinitions(ops.index, before.functions))
    after = inliner.graph(before, [input_node(reference) for reference in results.values()], path)
    nodes = tuple(_node_as_imported(captured.get(node.name, node)) for node in after.nodes)
    return SignatureGraph(replace(after, nodes=nodes), inputs, results, names)


def _call(graph: Graph, signature: Signature) -> Node | None:
    """The one node that has all results of a signature, if it is a call."""
    tensors = [name for info in signature.outputs.values() for name in info.tensors()]
    names = {input_node(name) for name in tensors}
    if len(names) != 1 or any(info.components for info in (*signature.inputs.values(), *signature.outputs.values())):
        return None
    (name,) = names
    return next((node for node in graph.nodes if node.name == name and node.op in PARTITIONED_CALLS), None)


def _placeholder(function: FunctionDefinition, position: int) -> Node:
    argument = function.inputs[position]
    shapes = function.arg_attrs.get(position, {}).get(_SHAPES) or function.attrs.get("_input_shapes", ())
    index = 0 if _SHAPES in function.arg_attrs.get(position, {}) else position
    shape = shapes[index] if isinstance(shapes, tuple) and index < len(shapes) else Shape()
    dtype = argument.type if argument.type is not None else DataType.DT_INVALID
    return Node(argument.name, "Placeholder", attrs={"dtype": dtype, "shape": shape})


def _captured(node: Node, name: str) -> Node:
    """What a function has captured, by the name of its argument; a variable stays the one that it is."""
    attrs: dict[str, NodeAttr] = dict(node.attrs)
    if is_variable(node):
        attrs["shared_name"] = variable_of(node).shared
    return replace(node, name=name, attrs=attrs)


def _as_imported(function: FunctionDefinition) -> FunctionDefinition:
    """The function without what an import leaves out, and without what keeps it from being inlined."""
    nodes = tuple(map(_node_as_imported, function.nodes))
    attrs = {key: value for key, value in function.attrs.items() if key not in ("api_implements", "_input_shapes")}
    return changed(function, nodes=nodes, attrs=attrs)


def _node_as_imported(node: Node) -> Node:
    attrs = {key: value for key, value in node.attrs.items() if key not in (_SHAPES, "_class")}
    if node.op in _LOWERED:
        attrs[_LOWER] = False
    return node if attrs == node.attrs else replace(node, attrs=attrs)


def mark_control_sources(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes with the mark that TensorFlow puts on whatever another node waits for (``python/framework/ops.py``)."""
    waited_for = {name for node in nodes for name in awaited(node)}
    return tuple(
        replace(node, attrs={**node.attrs, "_has_manual_control_dependencies": True})
        if node.name in waited_for
        else node
        for node in nodes
    )
