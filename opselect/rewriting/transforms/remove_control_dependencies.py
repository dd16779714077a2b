"""``remove_control_dependencies``: nodes wait for data only.

Source: ``tools/graph_transforms/remove_control_dependencies.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.references import control_inputs, data_inputs
from opselect.rewriting import Context, Transform
from opselect.rewriting.control_flow import inside_control_flow


def remove_control_dependencies(graph: Graph, context: Context) -> Graph:
    """The graph without control inputs, but for those that put a node into a conditional or a loop.

    A node inside of one is there through its data inputs. One that has none from there, such as a constant, is there
    through its control inputs only and keeps them.
    """
    inside = frozenset() if context.gtt else inside_control_flow(graph.nodes)
    nodes = tuple(
        node if _is_put_inside(node, inside) else replace(node, inputs=data_inputs(node)) for node in graph.nodes
    )
    kept = [node.name for node in nodes if control_inputs(node)]
    if kept:
        context.note(
            f"{len(kept)} nodes keep the control inputs that put them into a conditional or a loop: {kept[0]!r}"
        )
    return replace(graph, nodes=nodes)


def _is_put_inside(node: Node, inside: frozenset[str]) -> bool:
    def any_inside(references: Iterable[str]) -> bool:
        return any(input_node(reference) in inside for reference in references)

    return any_inside(control_inputs(node)) and not any_inside(data_inputs(node))


TRANSFORM = Transform(
    "remove_control_dependencies",
    "Removes control inputs, except where a conditional or a loop is made of them.",
    remove_control_dependencies,
)
