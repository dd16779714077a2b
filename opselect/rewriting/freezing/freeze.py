"""A graph and a checkpoint → a graph that needs no checkpoint: variables are constants, and the rest is gone.

Source: ``python/tools/freeze_graph.py``, ``convert_variables_to_constants`` in ``python/framework/graph_util_impl.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from kernel_index.errors import InputError
from opselect.models.formats.checkpoint import Checkpoint
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.graph import Node, TensorRef, expand_functions, reach
from opselect.models.graph.op_families import REFERENCE_VARIABLES
from opselect.rewriting import ops_of
from opselect.rewriting.freezing.defaults import with_defaults
from opselect.rewriting.freezing.finish import finished
from opselect.rewriting.freezing.flow import FrozenValue
from opselect.rewriting.freezing.functions import Converter
from opselect.rewriting.freezing.initial import assigned_constants
from opselect.rewriting.freezing.job import Frozen, Job
from opselect.rewriting.freezing.notes import notes_on
from opselect.rewriting.freezing.restoring import restored_from
from opselect.rewriting.freezing.sources import VariableSources, listed
from opselect.rewriting.freezing.values import size_of, tensor_of
from opselect.rewriting.freezing.variables import Variable, is_variable, variable_of


def freeze(job: Job, checkpoint: Checkpoint | None) -> Frozen:
    """The part of a graph that its outputs need, with the variables of the selection as constants.

    Nodes keep their names and order; of functions those stay that are called. The tensors of the constants lie in the
    checkpoint until the graph is written. Raises InputError for outputs that do not exist, variables without a value
    that fits them, and nodes that change a variable or do with it what no constant can do.
    """
    if job.defaults_of:
        # Before nodes are converted: what a conversion makes has just the attrs that it gives it.
        job = replace(job, graph=with_defaults(job.graph, job.defaults_of))
    kept = reach(job.graph, (), job.outputs, job.path).nodes
    expansion = expand_functions(job.graph, kept, job.path)
    called = frozenset(expansion.functions)
    bodies = [function for function in job.graph.functions if function.name in called]
    inside = [(node, "") for node in kept]
    inside += [(node, function.name) for function in bodies for node in function.nodes]
    variables = [variable for variable in _variables(job, inside) if job.selection.takes(variable.name)]
    tensors = _tensors(job, variables, checkpoint)
    converter = Converter(ops_of(job.index, job.graph.functions), _constants(tensors))
    try:
        nodes = converter.convert(kept)
    except RecursionError:
        raise InputError(
            job.path, "its functions call one another deeper than any model's", "Export it again."
        ) from None
    problems = [*_aliases(job, inside, variables), *converter.problems]
    if problems:
        advice = (
            "Name outputs that do not need these nodes, or keep variables: opselect freeze --variable_names_blacklist."
        )
        raise InputError(job.path, listed("cannot be frozen", problems), advice)
    graph = finished(job, nodes, converter.functions.values())
    weight_bytes = sum(size_of(tensor) for _, tensor in tensors.values())
    return Frozen(graph, tuple(variable.name for variable in variables), weight_bytes, tuple(notes_on(job, nodes)))


def _tensors(
    job: Job, variables: Sequence[Variable], checkpoint: Checkpoint | None
) -> dict[str, tuple[Variable, TensorRef]]:
    """The value of each variable by the variable's key."""
    by_key = {variable.key: variable for variable in variables}
    tensors = assigned_constants(job, by_key)
    missing = [variable for variable in variables if variable.key not in tensors]
    if missing and checkpoint is None:
        some = ", ".join(repr(variable.name) for variable in missing[:3])
        problem = f"has {len(missing):,} variables without values: {some}{', …' if len(missing) > 3 else ''}"
        raise InputError(job.path, problem, "Name the checkpoint that has them.")
    if missing and checkpoint is not None:
        shapes = {node.name: variable_of(node).dims for node in job.source.nodes if is_variable(node)}
        restored = restored_from(job.source, job.restore_op, job.path)
        found = VariableSources(checkpoint, restored, bool(job.restore_op), shapes).find(missing)
        tensors.update({key: tensor_of(checkpoint, source) for key, source in found.items()})
    return {key: (by_key[key], tensor) for key, tensor in tensors.items()}


def _constants(
    tensors: Mapping[str, tuple[Variable, TensorRef]],
) -> Callable[[Node, str], tuple[FrozenValue, TensorRef] | None]:
    values = {}
    for key, (variable, tensor) in tensors.items():
        dtype, shape = tensor_header(tensor)
        values[key] = FrozenValue(variable.name, dtype, shape.dims), tensor

    def constant(node: Node, function: str) -> tuple[FrozenValue, TensorRef] | None:
        found = values.get(variable_of(node, function).key) if is_variable(node) else None
        return None if found is None else (replace(found[0], is_ref=node.op in REFERENCE_VARIABLES), found[1])

    return constant


def _variables(job: Job, inside: Iterable[tuple[Node, str]]) -> tuple[Variable, ...]:
    """The variables that nodes stand for, each with the function that it is in, in order and each once."""
    found: dict[str, Variable] = {}
    for node, function in inside:
        if is_variable(node):
            variable = job.variable(node, function)
            found.setdefault(variable.key, variable)
    return tuple(found.values())


def _aliases(job: Job, inside: Iterable[tuple[Node, str]], variables: Iterable[Variable]) -> list[str]:
    """Nodes of variables that stay and share their name with one that becomes a constant."""
    frozen = {variable.key: variable.name for variable in variables}
    problems = []
    for node, function in inside:
        if is_variable(node):
            variable = job.variable(node, function)
            if variable.key in frozen and not job.selection.takes(variable.name):
                problems.append(f"node {node.name!r} is to stay, but is the same variable as {frozen[variable.key]!r}")
    return problems
