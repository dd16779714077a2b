"""The transforms of ``opselect transform``, a file each.

They have the names that the Graph Transform Tool has for them; ``remove_checks`` and ``remove_dead_branches`` are
opselect's own.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kernel_index.errors import InputError
from kernel_index.near_names import did_you_mean, listed
from opselect.models.graph import Graph, Versions, check_names, input_node
from opselect.models.graph.references import of_node
from opselect.rewriting import Context, Step, Transform, TransformError
from opselect.rewriting.absent import ABSENT
from opselect.rewriting.colocation import drop_colocations
from opselect.rewriting.validity import Guard

NAMES: tuple[str, ...] = (
    "add_default_attributes",
    "backport_concatv2",
    "backport_tensor_array_v3",
    "flatten_atrous_conv",
    "fold_batch_norms",
    "fold_constants",
    "fold_old_batch_norms",
    "inline_partitionedcall",
    "merge_duplicate_nodes",
    "obfuscate_names",
    "quantize_weights",
    "remove_attribute",
    "remove_checks",
    "remove_control_dependencies",
    "remove_dead_branches",
    "remove_device",
    "remove_nodes",
    "rename_attribute",
    "rename_node",
    "rename_op",
    "round_weights",
    "set_device",
    "sort_by_execution_order",
    "strip_unused_nodes",
)
"""Every transform, sorted; the module of that name holds it as ``TRANSFORM``."""

IGNORE_ERRORS = "ignore_errors"
"""The argument that every transform takes: true leaves the graph as it was where the transform fails."""


def find_transform(name: str) -> Transform:
    """The transform of that name; InputError with the names nearest to it, or with the reason why it is not there."""
    if name in ABSENT:
        raise InputError("--transforms", f"opselect has no {name}: {ABSENT[name]}")
    if name not in NAMES:
        meant = did_you_mean(name, NAMES)
        raise InputError("--transforms", f"there is no transform {name!r}{meant}", "All: opselect transform --list.")
    found: Transform = importlib.import_module(f"opselect.rewriting.transforms.{name}").TRANSFORM
    return found


def apply_steps(
    graph: Graph, steps: Sequence[Step], context: Context, progress: Callable[[int, int], None] | None = None
) -> Graph:
    """The graph after all steps, in their order; ``context.arguments`` are those of the step.

    All names and arguments are checked before the first step runs, and after each the graph is valid
    (:class:`opselect.rewriting.validity.Guard`). Raises InputError for a step that there is not and for inputs and
    outputs that the graph has not, and TransformError for a step that fails without ``ignore_errors=true``.
    """
    _check_absent(graph, steps, context)
    transforms = [find_transform(step.name) for step in steps]
    for step, transform in zip(steps, transforms, strict=True):
        _check_arguments(step, transform)
    renames = [_renames(step, transform, context) for step, transform in zip(steps, transforms, strict=True)]
    context = _as_before(context, renames, graph)
    check_names(context.inputs, context.outputs, {node.name for node in graph.nodes}, context.path)
    guard = Guard(context)
    for number, (step, transform) in enumerate(zip(steps, transforms, strict=True)):
        inside = replace(context, arguments=step.arguments)
        ignored = inside.flag(IGNORE_ERRORS)
        try:
            changed = _finished(transform, graph, transform.apply(graph, inside), gtt=context.gtt)
        except TransformError as error:
            if not ignored:
                raise
            context.note(f"{step.name} failed and was left out: {error.problem}")
        else:
            if renames[number]:
                context = _renamed(context, renames[number])
                guard = Guard(context)
            guard.check(step.name, graph, changed)
            graph = changed
        if progress is not None:
            progress(number + 1, len(steps))
    return graph


def _check_absent(graph: Graph, steps: Sequence[Step], context: Context) -> None:
    """InputError for steps that opselect has not, which tells whether the others run without them."""
    absent = list(dict.fromkeys(step.name for step in steps if step.name in ABSENT))
    if not absent:
        return
    problem = "; ".join(f"opselect has no {name}: {ABSENT[name]}" for name in absent)
    rest = [step for step in steps if step.name not in ABSENT]
    them = "it" if len(absent) == 1 else "them"
    try:
        apply_steps(graph, rest, replace(context, note=lambda _: None))
    except InputError as error:
        advice = f"Without {them} the other steps do not run either: {error.problem}"
    else:
        advice = f"Take {them} out: the script runs without {them}." if rest else "No other step is left."
    raise InputError("--transforms", problem, advice)


def _renames(step: Step, transform: Transform, context: Context) -> Mapping[str, str]:
    """Which nodes a step gives other names; none where its arguments make no sense, which the step itself says."""
    try:
        return transform.renames(replace(context, arguments=step.arguments)) if transform.renames is not None else {}
    except TransformError:
        return {}


def _as_before(context: Context, renames: Sequence[Mapping[str, str]], graph: Graph) -> Context:
    """What the program feeds and fetches by the names of the graph, also where it says what they become."""
    there = {node.name for node in graph.nodes}
    for names in reversed(renames):
        context = _renamed(context, {new: old for old, new in names.items() if new not in there})
    return context


def _renamed(context: Context, names: Mapping[str, str]) -> Context:
    def now(references: Sequence[str]) -> tuple[str, ...]:
        return tuple(of_node(each, names.get(input_node(each), input_node(each))) for each in references)

    return replace(context, inputs=now(context.inputs), outputs=now(context.outputs))


def _finished(transform: Transform, before: Graph, after: Graph, *, gtt: bool) -> Graph:
    """What a transform made, with what holds for all of them; ``gtt`` leaves what the Graph Transform Tool leaves."""
    if gtt:
        return after if transform.gtt_keeps_versions else replace(after, versions=Versions())
    if after is before:
        return after
    return drop_colocations(after, {node.name for node in before.nodes} - {node.name for node in after.nodes})


def _check_arguments(step: Step, transform: Transform) -> None:
    known = [*(argument.name for argument in transform.arguments), IGNORE_ERRORS]
    for name in step.arguments:
        if name not in known:
            meant = did_you_mean(name, known, at_most=1)
            raise InputError("--transforms", f"{step.name} has no argument {name!r}{meant}", f"It has {listed(known)}.")
