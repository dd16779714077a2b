"""``backport_concatv2``: Concat in the place of ConcatV2. Source: ``tools/graph_transforms/backports.cc``."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node
from opselect.models.graph.references import control_inputs, data_inputs
from opselect.rewriting import Context, Transform


def backport_concatv2(graph: Graph, context: Context) -> Graph:
    """The graph without ConcatV2: Concat has the axis as its first input."""
    return replace(
        graph, nodes=tuple(_concat(node, context) if node.op == "ConcatV2" else node for node in graph.nodes)
    )


def _concat(node: Node, context: Context) -> Node:
    if node.attrs.get("Tidx", DataType.DT_INT32) is not DataType.DT_INT32 and not context.gtt:
        raise context.error(
            f"its axis is {node.attrs['Tidx']}, and Concat takes DT_INT32 only", "Export it so.", node=node.name
        )
    *values, axis = node.inputs if context.gtt else data_inputs(node)
    controls = () if context.gtt else control_inputs(node)
    attrs = {key: value for key, value in node.attrs.items() if key != "Tidx"}
    return replace(node, op="Concat", inputs=(axis, *values, *controls), attrs=attrs)


TRANSFORM = Transform(
    "backport_concatv2",
    "Puts Concat in the place of ConcatV2, for runtimes that know no other.",
    backport_concatv2,
)
