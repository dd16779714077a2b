"""The documented way from a training export to what the phone runs, in one go: freeze, strip, fold.

Source of the steps and their order: ``mobile/prepare_models`` of TensorFlow's documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from kernel_index.build_files.mobile_lists import builds_by_default
from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from opselect.models.choice import choose_convertible
from opselect.models.formats import Model, read_model
from opselect.models.formats.graphdef_writer import encode_graph
from opselect.models.graph import (
    Entry,
    Graph,
    MetaGraph,
    Shape,
    TensorInfo,
    check_graph,
    input_node,
)
from opselect.models.graph.op_families import VARIABLES
from opselect.models.summary import summarize
from opselect.requirements.collect import Requirements, collect_requirements
from opselect.requirements.loading import TakenOff, take_off
from opselect.rewriting import Context, Step
from opselect.rewriting.feeds import placeholders, strip_step
from opselect.rewriting.freezing import Options, freeze_model, signature_ends
from opselect.rewriting.transforms import apply_steps
from opselect.selection.left_out_by_default.outputs import likely_outputs_of
from opselect.selection.select import Selection, select

_LIVE = Step("remove_dead_branches")
_CHECKS = Step("remove_checks")
_IF_IT_CAN = Step("remove_checks", {"ignore_errors": ("true",)})
_FOLDING = (
    Step("fold_constants", {"ignore_errors": ("true",)}),
    Step("fold_batch_norms"),
    Step("fold_old_batch_norms"),
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user says about preparing a model; what is left empty is found out.

    ``options`` say what to freeze, outputs included. ``inputs`` are nodes that the program feeds; one that is no
    Placeholder becomes one of ``data_type`` and ``shape``, or of those that the graph tells. ``without_checks`` takes
    out what only looks whether values are as they should be.
    """

    options: Options
    inputs: tuple[str, ...] = ()
    data_type: DataType | None = None
    shape: Shape | None = None
    without_checks: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """What a graph is: its nodes, its different ops, its parameters and the bytes of its file with the weights."""

    nodes: int
    ops: int
    parameters: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """The graph that the phone runs, where to feed and fetch it, and what became of it on the way.

    ``taken_off`` are attrs that the release would have refused.
    """

    graph: Graph
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    before: Measure
    after: Measure
    needed_before: Requirements
    needed_after: Requirements
    taken_off: tuple[TakenOff, ...] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """What a build needs no more, as far as the model is concerned; kernels as op and class, files by path."""

    before: Selection
    after: Selection

    @property
    def kernels(self) -> tuple[tuple[str, str], ...]:
        """Kernels that only the model as it was needs, sorted."""
        return tuple(sorted(_kernels(self.before) - _kernels(self.after)))

    @property
    def files(self) -> tuple[str, ...]:
        """Files that only the model as it was needs, sorted."""
        return tuple(sorted(_files(self.before) - _files(self.after)))


@dataclass(frozen=True, slots=True)
class Made:
    """A graph as the phone runs it, where to feed and fetch it, and the ``whole`` one that it was made of.

    ``weights`` are the bytes of variables that are constants now, ``taken_off`` attrs that the release would refuse
    (:func:`opselect.requirements.loading.take_off`).
    """

    graph: Graph
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    whole: Graph
    weights: int
    taken_off: tuple[TakenOff, ...] = ()

    def needed(self, path: str, index: KernelIndex) -> Requirements:
        """What the graph needs, the path being that of the model."""
        return collect_requirements(self.graph, path, index=index, entries=[Entry(self.inputs, self.outputs)])


def prepare_model(path: str, wishes: Wishes, index: KernelIndex, note: Callable[[str], None]) -> Prepared:
    """The model at a path or URL as :func:`make_graph` makes it, and what that saves; raises what that raises."""
    made = make_graph(path, wishes, index, note)
    return Prepared(
        made.graph,
        made.inputs,
        made.outputs,
        _measure(made.whole, made.weights),
        _measure(made.graph, 0),
        collect_requirements(made.whole, path, index=index).without_inserted(),
        made.needed(path, index).without_inserted(),
        made.taken_off,
    )


def make_graph(path: str, wishes: Wishes, index: KernelIndex, note: Callable[[str], None]) -> Made:
    """The model at a path or URL, frozen where it has variables, cut to its outputs, and folded.

    Outputs that nobody names are those of its signature, else the likely ones; inputs those of the signature, else the
    Placeholders that the outputs need. ``note`` is called with what a user should know. Raises InputError for a model
    that cannot be read or frozen, and TransformError for a step that would change what it computes.
    """
    model = read_model(path, frozenset(wishes.options.tags) or None)
    meta_graph = choose_convertible(model)
    whole = meta_graph.graph
    check_graph(whole, path)
    inputs, outputs = _ends(model, meta_graph, wishes, index, note)
    graph, weights = whole, 0
    signed = not wishes.options.outputs and _has_signatures(meta_graph)
    if signed or any(node.op in VARIABLES for node in whole.nodes):
        # A signature that is frozen by its key becomes a graph of its own, with its functions inlined.
        options = replace(wishes.options, index=index)
        frozen = freeze_model(path, options if signed else replace(options, outputs=outputs))
        graph, weights = frozen.graph, frozen.weight_bytes
        for text in frozen.notes:
            note(text)
        if frozen.outputs:
            outputs = tuple(frozen.outputs.values())
            if not wishes.inputs:
                inputs = {name: TensorInfo(name) for name in frozen.inputs.values()}
    elif wishes.options.checkpoint:
        note("the graph has no variables, so the checkpoint is not read")
    inputs = inputs or placeholders(graph, outputs, path, note)
    context = Context(path, tuple(inputs), outputs, index=index, note=note)
    strip = strip_step(graph, inputs, wishes.data_type, wishes.shape, path, index)
    graph = apply_steps(graph, [strip, _LIVE, *((_CHECKS,) if wishes.without_checks else ()), *_FOLDING], context)
    if not wishes.without_checks:
        _offer_without_checks(graph, context)
    _check_left(graph, context)
    graph, taken_off = take_off(graph, index)
    if taken_off:
        note(f"taken off, for TensorFlow {index.release} refuses them: {', '.join(map(str, taken_off))}")
    return Made(graph, tuple(inputs), outputs, whole, weights, taken_off)


def saved(prepared: Prepared, index: KernelIndex, profile: str) -> Saved:
    """What a build of ``profile`` needs for the model before and after; InputError for a profile that there is not."""
    builds = builds_by_default(index.build_lists, profile)
    return Saved(
        select(prepared.needed_before, index, profile, judged=builds),
        select(prepared.needed_after, index, profile, judged=builds),
    )


def _ends(
    model: Model, meta_graph: MetaGraph, wishes: Wishes, index: KernelIndex, note: Callable[[str], None]
) -> tuple[dict[str, TensorInfo], tuple[str, ...]]:
    """The inputs with what is known of them, and the outputs; no inputs where only the graph tells."""
    inputs = {name: TensorInfo(name) for name in wishes.inputs}
    options = wishes.options
    if options.outputs:
        return inputs, options.outputs
    if _has_signatures(meta_graph):
        fed, outputs = signature_ends(meta_graph, options.signatures, options.all_signatures, model.path)
        return inputs or {info.name: info for info in fed if info.name}, outputs
    outputs = likely_outputs_of(meta_graph.graph, index)
    if not outputs:
        raise InputError(model.path, "nothing in it looks like a result", "Name what the program fetches: --outputs.")
    note(f"outputs: {', '.join(outputs)} (what looks like a result; --outputs names others)")
    return inputs, outputs


def _has_signatures(meta_graph: MetaGraph) -> bool:
    return any(signature.gives_tensors for signature in meta_graph.signatures.values())


def _check_left(graph: Graph, context: Context) -> None:
    """InputError where there is nothing to run; a note on what has to be fed, too."""
    if all(node.op in ("Const", "Placeholder") for node in graph.nodes):
        raise InputError(
            context.path,
            f"nothing is left of it between {', '.join(context.inputs) or 'no input'} and {', '.join(context.outputs)}",
            "Name outputs that are computed from the inputs: --outputs.",
        )
    fed = set(map(input_node, context.inputs))
    others = [node.name for node in graph.nodes if node.op == "Placeholder" and node.name not in fed]
    if others:
        context.note(f"the outputs need {', '.join(others)}, too: feed them, or name inputs downstream of them")


def _offer_without_checks(graph: Graph, context: Context) -> None:
    """A note on what only checks, of a graph that is made."""
    quiet = replace(context, note=lambda _: None)
    left = {node.name for node in apply_steps(graph, [_IF_IT_CAN], quiet).nodes}
    checks = [node for node in graph.nodes if node.name not in left]
    if checks:
        ops = ", ".join(sorted({node.op for node in checks} - {"Const", "Identity"}))
        context.note(f"{len(checks)} nodes only check values ({ops}): --remove-checks takes them out")


def _measure(graph: Graph, weights: int) -> Measure:
    summary = summarize(graph)
    held = summary.constants + summary.function_constants + summary.variables_held
    return Measure(
        sum(summary.op_counts.values()), len(summary.op_counts), held.count, encode_graph(graph).size + weights
    )


def _kernels(selection: Selection) -> set[tuple[str, str]]:
    return {(kernel.registration.op, kernel.registration.kernel_class) for kernel in selection.kernels}


def _files(selection: Selection) -> set[str]:
    return {file.path for file in selection.files}
