"""Bodies of functions as nodes of a graph, and back: ``node:output:1`` in a function is ``node:3``, say, in a graph.

Source: ``common_runtime/function_def_utils.cc``, ``framework/graph_to_functiondef.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from opselect.models.graph import AttrPlaceholder, FunctionDefinition, Node, input_node
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.references import Reference


@dataclass(frozen=True, slots=True)
class FlatBody:
    """A function's body: ``arguments`` are referred to like nodes, ``returns`` are the outputs in order."""

    arguments: tuple[str, ...]
    nodes: tuple[Node, ...]
    returns: tuple[str, ...]
    control_returns: tuple[str, ...]


def flat_body(function: FunctionDefinition, ops: OpDefinitions) -> FlatBody | None:
    """The body as nodes of a graph; None where an op is not known, callers bind types, or an input is no output."""
    if _is_parametrized(function):
        return None
    by_name = {node.name: node for node in function.nodes}
    if any(ops.outputs(node) is None for node in function.nodes):
        return None
    names = tuple(argument.name for argument in function.inputs)

    def flat(reference: str) -> str:
        found = Reference.parse(reference)
        if found.is_control:
            return reference
        if found == Reference(found.node) and found.node in names:
            return found.node
        position = ops.position(by_name[found.node], found) if found.output else None
        if position is None:
            raise KeyError(reference)
        return str(Reference(found.node, position))

    try:
        nodes = tuple(replace(node, inputs=tuple(map(flat, node.inputs))) for node in function.nodes)
        returns = tuple(flat(function.returns[output.name]) for output in function.outputs)
    except KeyError:
        return None
    return FlatBody(names, nodes, returns, tuple(map(input_node, function.control_returns.values())))


def as_function_nodes(
    nodes: Iterable[Node], arguments: Iterable[str], ops: OpDefinitions
) -> tuple[tuple[Node, ...], Callable[[str], str]]:
    """Nodes of a graph as they are in a function, and what spells a reference as a function does.

    Their ops are known: they come from :func:`flat_body`.
    """
    nodes = tuple(nodes)
    by_name = {node.name: node for node in nodes}
    names = frozenset(arguments)

    def spelled(reference: str) -> str:
        name, position, _, controls = Reference.parse(reference)
        if controls or name in names:
            return reference
        for output in ops.outputs(by_name[name]) or ():
            if output.start <= position < output.stop:
                return str(Reference(name, position - output.start, output.name))
        raise KeyError(reference)

    return tuple(replace(node, inputs=tuple(map(spelled, node.inputs))) for node in nodes), spelled


def _is_parametrized(function: FunctionDefinition) -> bool:
    arguments = (*function.inputs, *function.outputs)
    if any(argument.type is None or argument.number_attr or argument.type_list_attr for argument in arguments):
        return True
    values = [value for node in function.nodes for value in node.attrs.values()]
    items = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return any(isinstance(item, AttrPlaceholder) for item in items)
