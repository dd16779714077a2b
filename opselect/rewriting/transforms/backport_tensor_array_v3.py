"""``backport_tensor_array_v3``: tensor arrays as they were before.

Source: ``tools/graph_transforms/backports.cc``; of the ops: ``core/ops/data_flow_ops.cc``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.references import canonical, output_index, waits_for
from opselect.rewriting import Context, Transform
from opselect.rewriting.constants import constant_node
from opselect.rewriting.edit import GraphEdit
from opselect.rewriting.names import consumers, rename_inputs

_WITH_FLOW = frozenset({"TensorArrayV3", "TensorArrayGradV3"})
_OTHERS = frozenset(
    f"TensorArray{what}V3" for what in ("Write", "Read", "Gather", "Scatter", "Concat", "Split", "Size", "Close")
)
_CARRIERS = frozenset({"Enter", "Exit", "Identity", "Merge", "NextIteration", "Switch"})
_LAST_PRODUCER = 25
"""The last version of graphs that may hold the ops: they are deprecated from 26 on."""


def backport_tensor_array_v3(graph: Graph, context: Context) -> Graph:
    """The graph with tensor arrays of the second version, whose handles are strings and which give no flow.

    A constant takes the place of the flow that came with an array; it waits for the array, as readers of the flow did.
    """
    arrays = {node.name for node in graph.nodes if node.op in _WITH_FLOW}
    if not arrays and not any(node.op in _OTHERS for node in graph.nodes):
        return graph
    for reference in context.outputs:
        if input_node(reference) in arrays and output_index(reference):
            raise context.error(f"output {reference!r} is fetched and would be gone", node=input_node(reference))
    carriers = set() if context.gtt else _carriers(graph, arrays)
    edit = GraphEdit(graph)
    flows: dict[str, str] = {}
    for node in graph.nodes:
        if node.name in carriers:
            edit.replace(node, replace(node, attrs={**node.attrs, "T": DataType.DT_STRING}))
        elif node.name in arrays:
            flow = _flow(edit.new_name(f"{node.name}/replacement_flow_node"), node, context)
            flows[f"{node.name}:1"] = flow.name
            edit.replace(node, _second_version(node, context), flow)
        elif node.op in _OTHERS:
            edit.replace(node, _second_version(node, context))
    versions = replace(graph.versions, producer=min(graph.versions.producer, _LAST_PRODUCER))
    return replace(graph, nodes=rename_inputs(edit.result().nodes, flows), versions=versions)


def _flow(name: str, array: Node, context: Context) -> Node:
    flow = constant_node(name, np.asarray(1, np.float32), DataType.DT_FLOAT)
    return flow if context.gtt else replace(flow, inputs=(waits_for(array.name),))


def _second_version(node: Node, context: Context) -> Node:
    op = node.op.removesuffix("3") + "2"
    definition = context.ops().op(op)
    if definition is None or context.gtt:
        return replace(node, op=op)
    known = {name: value for name, value in node.attrs.items() if name.startswith("_") or definition.attr(name)}
    return replace(node, op=op, attrs=known)


def _carriers(graph: Graph, arrays: Iterable[str]) -> set[str]:
    """The nodes that hand the handle of an array on, and so hand on a string now."""
    users = consumers(graph.nodes)
    found: set[str] = set()
    waiting = list(arrays)
    while waiting:
        name = waiting.pop()
        for user in users.get(name, ()):
            reads = {canonical(reference) for reference in user.inputs}
            handed_on = f"{name}:0" in reads or (name in found and f"{name}:1" in reads)
            if handed_on and user.op in _CARRIERS and user.name not in found:
                found.add(user.name)
                waiting.append(user.name)
    return found


TRANSFORM = Transform(
    "backport_tensor_array_v3",
    "Puts the second version of tensor arrays in the place of the third, for runtimes that know no other.",
    backport_tensor_array_v3,
)
