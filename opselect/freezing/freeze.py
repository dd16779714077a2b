"""A graph and a checkpoint → a graph that needs no checkpoint: variables are constants, and the rest is gone.

Source: ``python/tools/freeze_graph.py``, ``convert_variables_to_constants`` in ``python/framework/graph_util_impl.py``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kernel_index.errors import InputError
from opselect.formats.checkpoint import Checkpoint
from opselect.formats.tensor_headers import tensor_header
from opselect.freezing.defaults import with_defaults
from opselect.freezing.flow import Value
from opselect.freezing.functions import Converter
from opselect.freezing.initial import assigned_constants
from opselect.freezing.op_table import OpTable
from opselect.freezing.restoring import restored_from
from opselect.freezing.sources import Sources, listed
from opselect.freezing.values import size_of, tensor_of
from opselect.freezing.variables import REF_OPS, Selection, Variable, is_variable, variable_of
from opselect.graph import FunctionDefinition, Graph, Node, TensorRef, changed, expand_functions, input_node, reach

_COLOCATION = "loc:@"
_FILLS_TABLE = ("InitializeTable", "LookupTableImport")
_TABLES = (
    "HashTable",
    "HashTableV2",
    "HashTableOfTensors",
    "HashTableOfTensorsV2",
    "DenseHashTable",
    "DenseHashTableV2",
)
_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_ALL = Selection()


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be frozen.

    ``outputs`` are the nodes or tensors that a program fetches. ``restore_op`` is the node that restores the variables
    by the word of whoever saved the graph. ``initializers`` are nodes that run behind it. ``path`` names the graph in
    messages. ``defaults_of`` is the release whose defaults stand in for attrs that the file leaves out, if it does.

    ``origin`` is the graph with the restore ops where the graph was made from another one; ``names`` are then what
    nodes of variables are called there.
    """

    graph: Graph
    outputs: tuple[str, ...]
    path: str
    selection: Selection = _ALL
    restore_op: str = ""
    initializers: tuple[str, ...] = ()
    clear_devices: bool = True
    defaults_of: str = ""
    origin: Graph | None = None
    names: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def source(self) -> Graph:
        """The graph with the restore ops."""
        return self.graph if self.origin is None else self.origin

    def variable(self, node: Node, function: str) -> Variable:
        """The variable that a node stands for, under the name that it has where it is restored."""
        variable = variable_of(node, function)
        return variable if function else replace(variable, name=self.names.get(variable.name, variable.name))


@dataclass(frozen=True, slots=True)
class Frozen:
    """The frozen graph. ``variables`` names those that are constants in it, ``weight_bytes`` is what these take.

    ``notes`` are what the user should know. ``inputs`` and ``outputs`` map arguments and results of a signature to
    tensors, where the graph is that of one.
    """

    graph: Graph
    variables: tuple[str, ...]
    weight_bytes: int
    notes: tuple[str, ...] = ()
    inputs: Mapping[str, str] = field(default_factory=dict, hash=False)
    outputs: Mapping[str, str] = field(default_factory=dict, hash=False)


def freeze(job: Job, checkpoint: Checkpoint | None) -> Frozen:
    """The part of a graph that its outputs need, with the variables of the selection as constants.

    Nodes keep their names and order; of functions those stay that are called. The tensors of the constants lie in the
    checkpoint until the graph is written. Raises InputError for outputs that do not exist, variables without a value
    that fits them, and nodes that change a variable or do with it what no constant can do.
    """
    kept = reach(job.graph, (), job.outputs, job.path).nodes
    expansion = expand_functions(job.graph, kept, job.path)
    called = frozenset(expansion.functions)
    bodies = [function for function in job.graph.functions if function.name in called]
    inside = [(node, "") for node in kept]
    inside += [(node, function.name) for function in bodies for node in function.nodes]
    variables = [variable for variable in _variables(job, inside) if job.selection.takes(variable.name)]
    tensors = _tensors(job, variables, checkpoint)
    converter = Converter(job.graph.functions, _constants(tensors), OpTable())
    nodes = converter.convert(kept)
    problems = [*_aliases(job, inside, variables), *converter.problems]
    if problems:
        advice = "Name outputs that do not need these nodes, or keep variables with --variable_names_blacklist."
        raise InputError(job.path, listed("cannot be frozen", problems), advice)
    graph = _finished(job, nodes, converter.functions.values())
    weight_bytes = sum(size_of(tensor) for _, tensor in tensors.values())
    return Frozen(graph, tuple(variable.name for variable in variables), weight_bytes, tuple(_notes(job, nodes)))


def _tensors(
    job: Job, variables: Sequence[Variable], checkpoint: Checkpoint | None
) -> dict[str, tuple[Variable, TensorRef]]:
    """The value of each variable by the variable's key."""
    by_key = {variable.key: variable for variable in variables}
    tensors = assigned_constants(job.source, job.initializers, by_key, job.path)
    missing = [variable for variable in variables if variable.key not in tensors]
    if missing and checkpoint is None:
        some = ", ".join(repr(variable.name) for variable in missing[:3])
        problem = f"has {len(missing):,} variables without values: {some}{', …' if len(missing) > 3 else ''}"
        raise InputError(job.path, problem, "Name the checkpoint that has them.")
    if missing and checkpoint is not None:
        shapes = {node.name: variable_of(node).dims for node in job.source.nodes if is_variable(node)}
        restored = restored_from(job.source, job.restore_op, job.path)
        found = Sources(checkpoint, restored, bool(job.restore_op), shapes).find(missing)
        tensors.update({key: tensor_of(checkpoint, source) for key, source in found.items()})
    return {key: (by_key[key], tensor) for key, tensor in tensors.items()}


def _constants(
    tensors: Mapping[str, tuple[Variable, TensorRef]],
) -> Callable[[Node, str], tuple[Value, TensorRef] | None]:
    def constant(node: Node, function: str) -> tuple[Value, TensorRef] | None:
        found = tensors.get(variable_of(node, function).key) if is_variable(node) else None
        if found is None:
            return None
        variable, tensor = found
        dtype, shape = tensor_header(tensor)
        return Value(variable.name, dtype, shape.dims, is_ref=node.op in REF_OPS), tensor

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


def _finished(job: Job, nodes: Sequence[Node], functions: Iterable[FunctionDefinition]) -> Graph:
    """The graph of these nodes, with the functions that they call and without what names nodes that are gone."""
    names = {node.name for node in nodes}
    result = replace(job.graph, nodes=tuple(_without_lost_colocations(node, names) for node in nodes))
    result = replace(result, functions=tuple(functions))
    called = frozenset(expand_functions(result, result.nodes, job.path).functions)
    result = replace(
        result,
        functions=tuple(function for function in result.functions if function.name in called),
        gradients={key: value for key, value in result.gradients.items() if key in called and value in called},
    )
    if job.defaults_of:
        result = with_defaults(result, job.defaults_of)
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


def _notes(job: Job, kept: Sequence[Node]) -> Iterable[str]:
    names = [node.name for node in job.source.nodes if is_variable(node)]
    if not names and not any(is_variable(node) for function in job.source.functions for node in function.nodes):
        yield "the graph has no variables; perhaps it was frozen before"
    for name in sorted(job.selection.names - set(names)):
        near = difflib.get_close_matches(name, names, 3)
        yield f"no variable is named {name!r}" + (f"; nearest: {', '.join(map(repr, near))}" if near else "")
    yield from _unfilled_tables(job, kept)


def _unfilled_tables(job: Job, kept: Sequence[Node]) -> Iterable[str]:
    """Tables that stay while the node that fills them, or that a loader runs for them, goes."""
    tables = {job.names.get(node.name, node.name) for node in kept if node.op.endswith(_TABLES)}
    if not tables:
        return
    there = {node.name for node in kept} if job.origin is None else frozenset()
    names = {node.name for node in job.source.nodes}
    run = reach(job.source, (), [name for name in job.initializers if name in names], job.path).nodes
    for node in (*job.source.nodes, *run) if not job.initializers else run:
        filled = tables.intersection(map(input_node, node.inputs))
        fills = node.op.startswith(_FILLS_TABLE) or (job.initializers and node.op in _CALLS)
        if filled and fills and node.name not in there:
            yield (
                f"the table {min(filled)!r} stays, but no output needs {node.name!r}, which fills it: "
                "name that node among the outputs and run it once"
            )
