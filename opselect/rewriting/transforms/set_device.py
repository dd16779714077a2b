"""``set_device``: nodes ask for a device. Source: ``tools/graph_transforms/set_device.cc``."""

from __future__ import annotations

from dataclasses import replace

from opselect.models.graph import Graph
from opselect.rewriting import Argument, Context, Transform


def set_device(graph: Graph, context: Context) -> Graph:
    """The graph with every node on a device, or only those that ask for none yet."""
    device = context.text("device", "")
    if_default = context.flag("if_default")
    return replace(
        graph,
        nodes=tuple(node if if_default and node.device else replace(node, device=device) for node in graph.nodes),
    )


TRANSFORM = Transform(
    "set_device",
    "Sets the device that nodes ask for.",
    set_device,
    (
        Argument("device", 'the device, such as "/device:CPU:0"; any by default'),
        Argument("if_default", "true sets it only on nodes that ask for none"),
    ),
)
