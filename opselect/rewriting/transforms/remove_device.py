"""``remove_device``: no node asks for a device. Source: ``tools/graph_transforms/remove_device.cc``."""

from __future__ import annotations

from dataclasses import replace

from opselect.models.graph import Graph
from opselect.rewriting import Context, Transform


def remove_device(graph: Graph, _: Context) -> Graph:
    """The graph with every node free to run anywhere."""
    return replace(graph, nodes=tuple(replace(node, device="") for node in graph.nodes))


TRANSFORM = Transform("remove_device", "Clears the device that nodes ask for.", remove_device)
