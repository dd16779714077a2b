"""What does a model hold, and what of it does a mobile build lack by default?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.shown import shown_path
from opselect.findings import Finding
from opselect.lite.runtimes import ModelMinimum, minimum_runtime_of
from opselect.models.choice import Choice, Chosen, choose_meta_graph, entries_of
from opselect.models.formats import Model
from opselect.models.graph import Graph, MetaGraph, check_graph
from opselect.models.graph.order import execution_order
from opselect.models.summarize_graph import structure_lines, summarize_graph_text
from opselect.models.summary import summarize
from opselect.requirements.loading import Verdict, judge
from opselect.requirements.of_many_models import collect_chosen
from opselect.selection.left_out_by_default import findings
from opselect.selection.left_out_by_default.outputs import likely_outputs
from opselect.selection.left_out_by_default.stages import Stages
from opselect.selection.select import select
from opselect.usecases.advice import graph_adviser
from opselect.usecases.kernel_source import DEFAULT_PROFILE, KernelSource
from opselect.usecases.load_model import load_model
from opselect.usecases.model_names import shown_name
from opselect.usecases.open_kernels import newest_release, open_kernels, profile_of
from opselect.usecases.watch import NOBODY, RecordingWatch, Watch
from opselect.verifying.runtime import noted_minimum


@dataclass(frozen=True, slots=True)
class MobileNeeds:
    """What a graph needs that a build lacks: ``findings`` by default, ``missing`` whatever files it compiles.

    An op that is in ``findings`` is not in ``missing``. ``outputs`` are the nodes that a program is likely to
    fetch; empty for a graph with signatures, which say it, and for one that cannot be cut. ``verdict`` tells whether
    the release loads the graph, None where nobody asked about a release.
    """

    tensorflow: str
    profile: str
    findings: tuple[Finding, ...]
    missing: tuple[Finding, ...]
    outputs: tuple[str, ...]
    verdict: Verdict | None = None

    @property
    def without_kernel(self) -> tuple[str, ...]:
        """The ops of what is missing, sorted."""
        return tuple(sorted({finding.op for finding in self.missing}))


@dataclass(frozen=True, slots=True)
class InspectedGraph:
    """A MetaGraph of a model, what a mobile build lacks of it, and why that cannot be known where the graph is broken.

    Of a TensorFlow Lite model without TensorFlow ops in it there are neither needs nor a problem.
    """

    meta_graph: MetaGraph
    needs: MobileNeeds | None = None
    problem: InputError | None = None


@dataclass(frozen=True, slots=True)
class InspectedModel:
    """A model, and each of its graphs held against mobile builds of the TensorFlow of ``source``.

    The path of ``model`` is the one that was given, secrets of a URL masked; ``variables`` is the prefix of its
    checkpoint as a user spells it. Of a TensorFlow Lite model ``minimum`` is the runtime that it needs at least, and
    ``noted`` what is wrong with the one that it notes.
    """

    model: Model
    variables: str
    graphs: tuple[InspectedGraph, ...]
    source: KernelSource
    warnings: tuple[str, ...] = ()
    minimum: ModelMinimum | None = None
    noted: Finding | None = None

    @property
    def refused(self) -> bool:
        """Whether the release that was asked about refuses one of the graphs."""
        verdicts = [each.needs.verdict for each in self.graphs if each.needs is not None]
        return any(verdict is not None and verdict.refused for verdict in verdicts)

    @property
    def problem(self) -> InputError | None:
        """What is wrong with the first graph that is broken, None where all make sense."""
        return next((each.problem for each in self.graphs if each.problem is not None), None)


@contextmanager
def inspect_model(
    path: str,
    source: KernelSource | None = None,
    profile: str = DEFAULT_PROFILE,
    *,
    tags: tuple[str, ...] = (),
    watch: Watch = NOBODY,
) -> Iterator[InspectedModel]:
    """A model and what builds lack of it; its tensors can be read inside the block.

    The builds are those of the TensorFlow of ``source``; without one, of the newest release that is shipped, and
    whether that loads the model is not judged. With ``tags`` only the MetaGraph that has just these is read.

    Raises InputError for a model or sources that cannot be read; a graph in it that is broken is no error.
    """
    recording = RecordingWatch(watch)
    asked = source is not None and bool(source.given)
    source = source or KernelSource()
    if not asked:
        source = replace(source, release=newest_release())
    with load_model(path, tags=tags) as loaded:
        model, place = replace(loaded.model, path=shown_path(path)), loaded.model.path
        index = open_kernels(source, watch=recording)
        build = profile_of(index, profile)
        graphs = tuple(_inspected(each, model, index, build, asked=asked) for each in model.meta_graphs)
        lite = model.tflite
        yield InspectedModel(
            model,
            shown_path(_spelled(model.variables, place, path)),
            graphs,
            source,
            recording.warnings,
            minimum_runtime_of(lite) if lite is not None else None,
            noted_minimum(lite, shown_name(path)) if lite is not None else None,
        )


@dataclass(frozen=True, slots=True)
class SummaryText:
    """The text of TensorFlow's ``summarize_graph``, and what is wrong with the graph where that tool fails."""

    text: str
    problem: InputError | None = None


def summary_text(path: str, *, tags: tuple[str, ...] = (), structure: bool = False) -> SummaryText:
    """What TensorFlow's ``summarize_graph`` prints of the model at a path, with ``structure`` its nodes, too.

    Raises InputError for a model that cannot be read, and for one of TensorFlow Lite.
    """
    with load_model(path, tags=tags) as loaded:
        if loaded.model.tflite is not None:
            raise InputError(
                path,
                "is a TensorFlow Lite model, which summarize_graph does not know",
                "Leave out --format, or pass the graph that it was converted from.",
            )
        graph = choose_meta_graph(replace(loaded.model, path=path)).graph
        summary = summarize(graph)
        text = summarize_graph_text(summary, shown_path(path))
        if summary.invalid_inputs:
            return SummaryText(text, _problem_of(graph, path))
        if not structure:
            return SummaryText(text)
        order = execution_order(graph)
        # A cycle is where the tool stops.
        problem = _problem_of(graph, path) if len(order) < len(graph.nodes) else None
        lines = [] if problem is not None else [f"{line}\n" for line in structure_lines(order)]
        return SummaryText("".join([text, *lines]), problem)


def _problem_of(graph: Graph, path: str) -> InputError | None:
    try:
        check_graph(graph, path)
    except InputError as problem:
        return problem
    return None


def _spelled(prefix: str, path: str, given: str) -> str:
    """How a user spells a prefix in or beside ``path``, where the model that was ``given`` is."""
    if prefix.startswith(path):
        return given + prefix[len(path) :]
    above = given[: max(given.rfind("/"), given.rfind("!")) + 1]
    return above + prefix.removeprefix(path[: path.rfind("/") + 1])


def _inspected(meta_graph: MetaGraph, model: Model, index: KernelIndex, profile: str, *, asked: bool) -> InspectedGraph:
    if model.tflite is not None and not meta_graph.graph.nodes:
        return InspectedGraph(meta_graph)
    try:
        return InspectedGraph(meta_graph, _needs(meta_graph, model, index, profile, asked=asked))
    except InputError as problem:
        return InspectedGraph(meta_graph, problem=problem)


def _needs(meta_graph: MetaGraph, model: Model, index: KernelIndex, profile: str, *, asked: bool) -> MobileNeeds:
    """What a MetaGraph of a model needs and the build lacks. Raises InputError for a graph that makes no sense.

    Every signature counts, or the whole graph where there is none. The TensorFlow ops in a TensorFlow Lite model
    are no graph that could be cut, so advice about them is general.
    """
    graph = meta_graph.graph
    entries = entries_of(meta_graph, Choice(), model.path)
    is_whole = model.tflite is None
    # Of the ops in a TensorFlow Lite model, that the delegate runs one by one, no inputs are known.
    needed = collect_chosen(Chosen(graph, entries, is_whole), model.path, index=index)
    adviser = graph_adviser(model.path, Choice(), graph, entries, index, profile) if is_whole else None
    found = findings(needed, index, profile, adviser)
    left_out = {finding.op for finding in found}
    unresolved = select(needed, index, profile, adviser).unresolved
    missing = tuple(finding for finding in unresolved if finding.op not in left_out)
    outputs = likely_outputs(Stages(graph), index) if is_whole and not meta_graph.signatures else ()
    verdict = judge(needed.loads, index) if asked else None
    return MobileNeeds(index.release, profile, found, missing, outputs, verdict)
