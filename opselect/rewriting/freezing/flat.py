"""Bodies of functions as nodes of a graph, and back: ``node:output:1`` in a function is ``node:3``, say, in a graph.

Source: ``common_runtime/function_def_utils.cc``, ``framework/graph_to_functiondef.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from opselect.models.graph import AttrPlaceholder, FunctionDefinition, Node, input_node
from opselect.models.graph.references import Reference
from opselect.rewriting.freezing.op_table import OpTable, argument_ranges

Ranges: TypeAlias = Mapping[str, tuple[int, int]]
"""The outputs that each named output of an op takes, from the first to behind the last."""


@dataclass(frozen=True, slots=True)
class FlatBody:
    """A function's body: ``arguments`` are referred to like nodes, ``returns`` are the outputs in order."""

    arguments: tuple[str, ...]
    nodes: tuple[Node, ...]
    returns: tuple[str, ...]
    control_returns: tuple[str, ...]


class Outputs:
    """The named outputs of nodes, of functions too."""

    def __init__(self, functions: Mapping[str, FunctionDefinition], table: OpTable) -> None:
        self._functions = functions
        self._table = table

    def ranges(self, node: Node) -> Ranges | None:
        """The outputs of a node; None for one of an op that is not known."""
        function = self._functions.get(node.op)
        if function is not None:
            return {output.name: (number, number + 1) for number, output in enumerate(function.outputs)}
        definition = self._table.definition(node.op)
        if definition is None:
            return None
        return {argument.name: place for argument, place in argument_ranges(definition.outputs, definition, node)}


def flat_body(function: FunctionDefinition, outputs: Outputs) -> FlatBody | None:
    """The body as nodes of a graph; None where an op is not known, callers bind types, or an input is no output."""
    if _is_parametrized(function):
        return None
    ranges = _all_ranges(function.nodes, outputs)
    if ranges is None:
        return None
    names = tuple(argument.name for argument in function.inputs)

    def flat(reference: str) -> str:
        name, index, output, controls = Reference.parse(reference)
        if controls:
            return reference
        if name in names and not output and not index:
            return name
        start, stop = ranges[name][output]
        position = start + index
        if position >= stop:
            raise KeyError(reference)
        return str(Reference(name, position))

    try:
        nodes = tuple(replace(node, inputs=tuple(map(flat, node.inputs))) for node in function.nodes)
        returns = tuple(flat(function.returns[output.name]) for output in function.outputs)
    except KeyError:
        return None
    return FlatBody(names, nodes, returns, tuple(map(input_node, function.control_returns.values())))


def as_function_nodes(
    nodes: Iterable[Node], arguments: Iterable[str], outputs: Outputs
) -> tuple[tuple[Node, ...], Callable[[str], str]]:
    """Nodes of a graph as they are in a function, and what spells a reference as a function does.

    Their ops are known: they come from :func:`flat_body`.
    """
    nodes = tuple(nodes)
    ranges = _all_ranges(nodes, outputs) or {}
    names = frozenset(arguments)

    def spelled(reference: str) -> str:
        name, position, _, controls = Reference.parse(reference)
        if controls or name in names:
            return reference
        for output, (start, stop) in ranges[name].items():
            if start <= position < stop:
                return str(Reference(name, position - start, output))
        raise KeyError(reference)

    return tuple(replace(node, inputs=tuple(map(spelled, node.inputs))) for node in nodes), spelled


def _all_ranges(nodes: Sequence[Node], outputs: Outputs) -> dict[str, Ranges] | None:
    """The outputs of the nodes that others have data of; None where one of them is not known."""
    found: dict[str, Ranges] = {}
    for node in nodes:
        ranges = outputs.ranges(node)
        if ranges is None:
            return None
        found[node.name] = ranges
    return found


def _is_parametrized(function: FunctionDefinition) -> bool:
    arguments = (*function.inputs, *function.outputs)
    if any(argument.type is None or argument.number_attr or argument.type_list_attr for argument in arguments):
        return True
    values = [value for node in function.nodes for value in node.attrs.values()]
    items = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return any(isinstance(item, AttrPlaceholder) for item in items)
