"""What nodes that are run before freezing assign to variables.

Source: ``python/tools/freeze_graph.py``, which runs ``--initializer_nodes`` after the restore ops.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kernel_index.errors import InputError
from kernel_index.near_names import nearest
from opselect.models.graph import Graph, Node, TensorRef, input_node, reach
from opselect.models.graph.op_families import ASSIGNMENTS
from opselect.models.graph.references import data_inputs
from opselect.rewriting.freezing.variables import Variable, is_variable, variable_of


def assigned_constants(
    graph: Graph, initializers: Sequence[str], wanted: Mapping[str, Variable], path: str
) -> dict[str, TensorRef]:
    """The tensor that the initializers assign to a variable, by the variable's key, for the variables of ``wanted``.

    Raises InputError for an initializer that there is not, and for one that assigns what has yet to be computed.
    """
    if not initializers:
        return {}
    by_name = {node.name: node for node in graph.nodes}
    for name in map(input_node, initializers):
        if name not in by_name:
            raise InputError(
                path, f"has no initializer {name!r}{nearest(name, by_name)}", "Name nodes of the graph, or none."
            )
    found = {}
    for node in reach(graph, (), initializers, path).nodes:
        inputs = data_inputs(node)
        target = by_name.get(input_node(inputs[0])) if node.op in ASSIGNMENTS and len(inputs) > 1 else None
        if target is None or not is_variable(target):
            continue
        variable = variable_of(target)
        if variable.key not in wanted:
            continue
        value = _source(by_name, inputs[1])
        tensor = value.attrs.get("value") if value.op == "Const" else None
        if not isinstance(tensor, TensorRef):
            problem = f"node {node.name!r}: would set the variable {variable.name!r} to what {value.name!r} computes"
            advice = "Leave the initializer out, or keep the variable with --variable_names_blacklist and run both."
            raise InputError(path, problem, advice)
        found[variable.key] = tensor
    return found


def _source(by_name: Mapping[str, Node], reference: str) -> Node:
    """The node that a value comes from, back through Identity nodes."""
    node = by_name[input_node(reference)]
    seen = set()
    while node.op == "Identity" and node.inputs and node.name not in seen:
        seen.add(node.name)
        node = by_name[input_node(node.inputs[0])]
    return node
