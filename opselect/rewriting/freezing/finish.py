"""From converted nodes to a graph that can be written: without devices, lost colocations and unused functions.

Source: ``extract_sub_graph`` in ``python/framework/graph_util_impl.py``, which keeps all functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from opselect.models.graph import FunctionDefinition, Graph, Node, changed, without_uncalled_functions
from opselect.rewriting.freezing.job import Job

_COLOCATION = "loc:@"


def finished(job: Job, nodes: Sequence[Node], functions: Iterable[FunctionDefinition]) -> Graph:
    """The graph of these nodes, with the functions that they call and without what names nodes that are gone."""
    names = {node.name for node in nodes}
    result = replace(job.graph, nodes=tuple(_without_lost_colocations(node, names) for node in nodes))
    result = without_uncalled_functions(replace(result, functions=tuple(functions)), job.path)
    if not job.clear_devices:
        return result
    return replace(
        result,
        nodes=tuple(replace(node, device="") if node.device else node for node in result.nodes),
        functions=tuple(map(_without_devices, result.functions)),
    )


def _without_devices(function: FunctionDefinition) -> FunctionDefinition:
    if not any(node.device for node in function.nodes):
        return function
    return changed(function, nodes=tuple(replace(node, device="") for node in function.nodes))


def _without_lost_colocations(node: Node, names: set[str]) -> Node:
    """TensorFlow refuses a graph in which a node is to be colocated with one that there is not."""
    places = node.attrs.get("_class")
    if not isinstance(places, tuple):
        return node
    kept = tuple(
        place
        for place in places
        if not (
            isinstance(place, str) and place.startswith(_COLOCATION) and place.removeprefix(_COLOCATION) not in names
        )
    )
    if kept == places:
        return node
    attrs = {name: value for name, value in node.attrs.items() if name != "_class"}
    return replace(node, attrs={**attrs, "_class": kept} if kept else attrs)
