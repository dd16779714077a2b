"""What nodes that are run before freezing assign to variables.

Source: ``python/tools/freeze_graph.py``, which runs ``--initializer_nodes`` after the restore ops.
"""

from __future__ import annotations

from collections.abc import Mapping

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean
from opselect.models.graph import Node, TensorRef, input_node, reach
from opselect.models.graph.op_families import ASSIGNMENTS
from opselect.models.graph.references import data_inputs
from opselect.rewriting.freezing.job import Job
from opselect.rewriting.freezing.variables import Variable, is_variable, variable_of

_KEEP = "Name outputs that do without it, or keep the variable as one: opselect freeze --variable_names_blacklist."
_LEAVE_OUT = (
    "Leave the initializer out, or keep the variable: opselect freeze --variable_names_blacklist. Then run both."
)
_LEAVE_OUT_MAIN_OP = (
    "Leave the main op out with an empty --initializer_nodes=, then the values of the checkpoint count; "
    "or keep the variable as one: opselect freeze --variable_names_blacklist."
)


def assigned_constants(job: Job, wanted: Mapping[str, Variable]) -> dict[str, TensorRef]:
    """The tensor that a job's initializers assign to a variable, by the variable's key, for those of ``wanted``.

    What the loader runs comes first. Raises InputError for an initializer that there is not, and for one that assigns
    what has yet to be computed.
    """
    by_name = {node.name: node for node in job.source.nodes}
    for name in map(input_node, job.initializers):
        if name not in by_name:
            problem = f"has no initializer {name!r}{did_you_mean(name, by_name)}"
            raise InputError(job.path, problem, "Name nodes of the graph, or none.")
    found: dict[str, TensorRef] = {}
    for name in () if job.without_main_op else job.main_op:
        found |= _assigned(job, by_name, name, wanted, by_loader=True)
    for name in job.initializers:
        found |= _assigned(job, by_name, name, wanted, by_loader=False)
    return found


def _assigned(
    job: Job, by_name: Mapping[str, Node], initializer: str, wanted: Mapping[str, Variable], *, by_loader: bool
) -> dict[str, TensorRef]:
    """What one initializer assigns; ``by_loader`` tells whether the model itself asks for it."""
    found = {}
    for node in reach(job.source, (), (initializer,), job.path).nodes:
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
            if by_loader and value.op == "Placeholder":
                problem = (
                    f"its main op {initializer!r}, which every loader runs, sets {variable.name!r} to what the loader "
                    f"feeds to {value.name!r}, such as the path of an asset: there is no constant to freeze"
                )
                raise InputError(job.path, problem, _KEEP)
            problem = f"node {node.name!r}: would set the variable {variable.name!r} to what {value.name!r} computes"
            if by_loader:
                problem = (
                    f"its main op {initializer!r}, which every loader runs, throws away the value that "
                    f"{variable.name!r} has in the checkpoint: {problem.replace(': would', ' would')}"
                )
            raise InputError(job.path, problem, _LEAVE_OUT_MAIN_OP if by_loader else _LEAVE_OUT)
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
