"""What an interpreter runs: the nodes of a graph or of a function, and what inputs in it are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from opselect.models.graph import AttrPlaceholder, FunctionDefinition, FunctionRef, Graph, Node, NodeAttr, NodeAttrItem
from opselect.models.graph.references import Reference, endpoint
from opselect.rewriting import ops_of
from opselect.rewriting.evaluation.frames import Frames, frames_of, import_order
from opselect.rewriting.evaluation.kernel import EvaluationError


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

    ops = ops_of(None, functions.values())

    def named(reference: str) -> tuple[str, int]:
        found = Reference.parse(reference)
        if not found.output:
            return found.endpoint
        node = nodes.get(found.node)
        position = None if node is None else ops.position(node, found)
        if position is None:
            raise EvaluationError(f"asks for {reference!r}, which does not exist")
        return found.node, position

    return _body(tuple(nodes.values()), named)


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
