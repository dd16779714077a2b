"""The transforms of ``opselect transform``, a file each.

They have the names that the Graph Transform Tool has for them; ``remove_dead_branches`` is opselect's own.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kernel_index.errors import InputError
from kernel_index.near_names import near_names
from opselect.models.graph import Graph, Versions, check_names
from opselect.rewriting import Context, Step, Transform, TransformError
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
    "merge_duplicate_nodes",
    "obfuscate_names",
    "quantize_weights",
    "remove_attribute",
    "remove_control_dependencies",
    "remove_dead_branches",
    "remove_device",
    "remove_nodes",
    "rename_attribute",
    "rename_op",
    "round_weights",
    "set_device",
    "sort_by_execution_order",
    "strip_unused_nodes",
)
"""Every transform, sorted; the module of that name holds it as ``TRANSFORM``."""

_WRONG_KERNEL = "TensorFlow's kernels of the fused ops are right for the first image of a batch only"

ABSENT: Mapping[str, str] = {
    "freeze_requantization_ranges": "it is for graphs that quantize_nodes has made",
    "fuse_pad_and_conv": _WRONG_KERNEL,
    "fuse_resize_and_conv": _WRONG_KERNEL,
    "fuse_resize_pad_and_conv": _WRONG_KERNEL,
    "insert_logging": "it is for debugging a graph, not for preparing one",
    "quantize_nodes": "it changes what a model computes; TensorFlow Lite's converter is the way to eight-bit models",
    "sparsify_gather": "it needs the model's checkpoint, and an initialiser that every program must run",
}
"""Transforms that the Graph Transform Tool has and opselect has not, and why."""

IGNORE_ERRORS = "ignore_errors"
"""The argument that every transform takes: true leaves the graph as it was where the transform fails."""


def find_transform(name: str) -> Transform:
    """The transform of that name; InputError with the names nearest to it, or with the reason why it is not there."""
    if name in ABSENT:
        raise InputError("--transforms", f"opselect has no {name}: {ABSENT[name]}", f"There are {', '.join(NAMES)}.")
    if name not in NAMES:
        near = near_names(name, NAMES)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise InputError("--transforms", f"there is no transform {name!r}{meant}", f"There are {', '.join(NAMES)}.")
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
    transforms = [find_transform(step.name) for step in steps]
    for step, transform in zip(steps, transforms, strict=True):
        _check_arguments(step, transform)
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
            guard.check(step.name, graph, changed)
            graph = changed
        if progress is not None:
            progress(number + 1, len(steps))
    return graph


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
            near = near_names(name, known, at_most=1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise InputError(
                "--transforms", f"{step.name} has no argument {name!r}{meant}", f"It has {', '.join(known)}."
            )
