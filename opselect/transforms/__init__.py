"""The transforms of ``opselect transform``, a file each, under the names that the Graph Transform Tool has for them."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable, Sequence
from dataclasses import replace

from kernel_index.errors import InputError
from opselect.graph import Graph, graph_problems
from opselect.rewriting import Context, Step, Transform, TransformError

NAMES: tuple[str, ...] = ("fold_batch_norms", "fold_old_batch_norms", "remove_device", "sort_by_execution_order")
"""Every transform, sorted; the module of that name holds it as ``TRANSFORM``."""

IGNORE_ERRORS = "ignore_errors"
"""The argument that every transform takes: true leaves the graph as it was where the transform fails."""


def find_transform(name: str) -> Transform:
    """The transform of that name; InputError with the names nearest to it."""
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, 3)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise InputError("--transforms", f"there is no transform {name!r}{meant}", f"There are {', '.join(NAMES)}.")
    found: Transform = importlib.import_module(f"opselect.transforms.{name}").TRANSFORM
    return found


def apply_steps(
    graph: Graph, steps: Sequence[Step], context: Context, progress: Callable[[int, int], None] | None = None
) -> Graph:
    """The graph after all steps, in their order; ``context.arguments`` are those of the step.

    All names and arguments are checked before the first step runs, and after each the graph is valid: names occur
    once, inputs exist, there is no cycle. Raises InputError for a step that there is not, and TransformError for one
    that fails without ``ignore_errors=true``.
    """
    transforms = [find_transform(step.name) for step in steps]
    for step, transform in zip(steps, transforms, strict=True):
        _check_arguments(step, transform)
    for number, (step, transform) in enumerate(zip(steps, transforms, strict=True)):
        inside = replace(context, arguments=step.arguments)
        ignored = inside.flag(IGNORE_ERRORS)
        try:
            changed = transform.apply(graph, inside)
        except TransformError as error:
            if not ignored:
                raise
            context.note(f"{step.name} failed and was left out: {error.problem}")
        else:
            _check_result(changed, step, context)
            graph = changed
        if progress is not None:
            progress(number + 1, len(steps))
    return graph


def _check_arguments(step: Step, transform: Transform) -> None:
    known = [*(argument.name for argument in transform.arguments), IGNORE_ERRORS]
    for name in step.arguments:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            meant = f"; did you mean {near[0]}?" if near else ""
            raise InputError(
                "--transforms", f"{step.name} has no argument {name!r}{meant}", f"It has {', '.join(known)}."
            )


def _check_result(graph: Graph, step: Step, context: Context) -> None:
    problems = graph_problems(graph)
    if problems:
        raise context.error(f"after {step.name} {problems[0]}", "Nothing was written.")
