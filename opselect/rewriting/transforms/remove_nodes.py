"""``remove_nodes``: what reads a node of some op reads its input.

Source: ``tools/graph_transforms/remove_nodes.cc``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.op_families import SWITCHES
from opselect.models.graph.references import control_inputs, data_inputs, output_index, waits_for
from opselect.rewriting import Argument, Context, Pattern, Transform
from opselect.rewriting.names import unused_nodes

_EXAMPLE = "Name at least one: remove_nodes(op=Identity, op=CheckNumerics)."


def remove_nodes(graph: Graph, context: Context) -> Graph:
    """The graph without the nodes of some ops that have one to ``max_inputs`` data inputs; fed and fetched ones stay.

    The first input takes the node's place; the others go with it where nobody else needs them, and so does what only
    they need. What a removed node
    waited for, its consumers wait for. A node stays where others wait for one output of a Switch through it: a control
    input cannot say which.
    """
    ops = context.all("op")
    if not ops:
        raise context.error("remove_nodes needs to know which ops", _EXAMPLE)
    most = context.whole("max_inputs", 1)
    required = {input_node(reference) for reference in (*context.inputs, *context.outputs)}
    patterns = tuple(map(Pattern, ops))
    removed = {
        node.name: node
        for node in graph.nodes
        if node.name not in required
        and any(pattern.admits(node.op) for pattern in patterns)
        and 1 <= len(data_inputs(node)) <= most
    }
    if not context.gtt:
        for name in _pivots(graph, removed):
            del removed[name]
    _check_outputs(graph, removed, context)
    _report(removed, context)
    nodes = [_rewired(node, removed, context) for node in graph.nodes if node.name not in removed]
    others = {input_node(reference) for node in removed.values() for reference in data_inputs(node)[1:]}
    unused = unused_nodes(nodes, others - required, required, deep=not context.gtt)
    return replace(graph, nodes=tuple(node for node in nodes if node.name not in unused))


def _pivots(graph: Graph, removed: Mapping[str, Node]) -> set[str]:
    """Nodes to be removed that others wait for, and that stand for one output of a Switch."""
    switches = {node.name for node in graph.nodes if node.op in SWITCHES}
    awaited = {input_node(reference) for node in graph.nodes for reference in control_inputs(node)}
    return {name for name in removed if name in awaited and input_node(_source(name, removed)) in switches}


def _source(reference: str, removed: Mapping[str, Node]) -> str:
    """What stands in the place of a reference once the nodes are removed."""
    seen = set()
    while (name := input_node(reference)) in removed and name not in seen:
        seen.add(name)
        (reference, *_) = data_inputs(removed[name])
    return reference


def _check_outputs(graph: Graph, removed: Mapping[str, Node], context: Context) -> None:
    """A removed node has one output that matters: the first one, which becomes its input."""
    for node in graph.nodes:
        for reference in data_inputs(node):
            name = input_node(reference)
            if name in removed and output_index(reference) != 0:
                raise context.error(f"cannot be removed: {node.name!r} reads its output {reference!r}", node=name)


def _rewired(node: Node, removed: Mapping[str, Node], context: Context) -> Node:
    if not any(input_node(reference) in removed for reference in node.inputs):
        return node
    data = [_source(reference, removed) for reference in data_inputs(node)]
    waits = [waits_for(input_node(_source(reference, removed))) for reference in control_inputs(node)]
    if not context.gtt:
        waits += [control for reference in node.inputs for control in _awaited(reference, removed)]
        waits = list(dict.fromkeys(waits))
    return replace(node, inputs=(*data, *waits))


def _awaited(reference: str, removed: Mapping[str, Node]) -> list[str]:
    """The control inputs of the removed nodes that a reference leads to."""
    found = []
    waiting = [input_node(reference)]
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in removed and name not in seen:
            seen.add(name)
            waiting.append(input_node(data_inputs(removed[name])[0]))
            for control in control_inputs(removed[name]):
                found.append(waits_for(input_node(_source(control, removed))))
                waiting.append(input_node(control))
    return found


def _report(removed: Mapping[str, Node], context: Context) -> None:
    several = sorted(name for name, node in removed.items() if len(data_inputs(node)) > 1)
    if several:
        context.note(
            f"of {len(several)} removed nodes with several inputs only the first is kept, as of {several[0]!r}"
        )


TRANSFORM = Transform(
    "remove_nodes",
    "Removes nodes of some ops; what read their output reads their input.",
    remove_nodes,
    (
        Argument("op", "the op of nodes to remove", repeated=True),
        Argument(
            "max_inputs", "data inputs that such a node has at most, only the first of them is kept; 1 by default"
        ),
    ),
)
