"""What an interpreter runs: the nodes of a graph or of a function, and what inputs in it are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from opselect.models.graph import AttrPlaceholder, FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, NodeAttrItem
from opselect.models.graph.references import Reference, endpoint
from opselect.rewriting.evaluation.frames import Frames, frames_of, import_order
from opselect.rewriting.evaluation.kernel import EvaluationError
from opselect.rewriting.signatures import first_output


@dataclass(frozen=True)
class Body:
    """``tensor`` gives the node and the output that an input names; ``conditions`` the LoopCond of each loop."""

    nodes: Mapping[str, Node]
    tensor: Callable[[str], tuple[str, int]]
    frames: Mapping[str, Frames]
    conditions: Mapping[Frames, str]


def graph_body(graph: Graph) -> Body:
    """The nodes of a graph itself."""
    return _body(graph.nodes, endpoint)


def function_body(
    function: FunctionDefinition, bound: Mapping[str, NodeAttr], functions: Mapping[str, FunctionDefinition]
) -> Body:
    """The body of a function whose attrs the caller binds; in it outputs go by the names of op definitions."""
    nodes = {node.name: replace(node, attrs=_bound(node.attrs, bound)) for node in function.nodes}

    def named(reference: str) -> tuple[str, int]:
        name, index, output, _ = Reference.parse(reference)
        if not output:
            return name, index
        node = nodes.get(name)
        first = None if node is None else _first_output(node, output, functions)
        if first is None:
            raise EvaluationError(f"asks for {reference!r}, which does not exist")
        return name, first + index

    return _body(tuple(nodes.values()), named)


def _first_output(node: Node, argument: str, functions: Mapping[str, FunctionDefinition]) -> int | None:
    called = functions.get(node.op)
    if called is None:
        return first_output(node, argument)
    names = [output.name for output in called.outputs]
    return names.index(argument) if argument in names else None


def _body(nodes: Sequence[Node], named: Callable[[str], tuple[str, int]]) -> Body:
    ordered = tuple(import_order(nodes))
    frames = frames_of(ordered)
    conditions = {frames[node.name]: node.name for node in ordered if node.op == "LoopCond"}
    return Body({node.name: node for node in nodes}, named, frames, conditions)


def _bound(attrs: Mapping[str, NodeAttr], bound: Mapping[str, NodeAttr]) -> Mapping[str, NodeAttr]:
    return {name: _bound_value(value, bound) for name, value in attrs.items()}


def _bound_value(value: NodeAttr, bound: Mapping[str, NodeAttr]) -> NodeAttr:
    if isinstance(value, tuple):
        items: list[NodeAttrItem] = []
        for item in value:
            made = _bound_value(item, bound)
            items += made if isinstance(made, tuple) else [made]
        return tuple(items)
    if isinstance(value, AttrPlaceholder):
        if value.name not in bound:
            raise EvaluationError(f"has an attr ${value.name} that nobody binds")
        return bound[value.name]
    if isinstance(value, FunctionRef):
        return FunctionRef(value.name, _bound(value.attrs, bound))
    return value
