"""What of an inspected model a mobile build lacks by default."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel_index import shipped
from kernel_index.index import KernelIndex
from opselect.cli.shared.options import Source
from opselect.cli.shared.sources import open_source, profile_of
from opselect.findings import Finding
from opselect.models.choice import Choice, entries_of
from opselect.models.formats import Model
from opselect.models.graph import Entry, Graph, MetaGraph, graph_problems
from opselect.requirements.collect import collect_requirements
from opselect.requirements.loading import Verdict, judge
from opselect.selection.left_out_by_default import GraphAdviser, MobileBuild, findings
from opselect.selection.left_out_by_default.outputs import likely_outputs
from opselect.selection.left_out_by_default.stages import Stages
from opselect.selection.select import select
from opselect.usecases.judging import attempt_at


@dataclass(frozen=True, slots=True)
class MobileNeeds:
    """What a graph needs that a build lacks: ``findings`` by default, ``without_kernel`` whatever files it compiles.

    An op that is in ``findings`` is not in ``without_kernel``. ``outputs`` are the nodes that a program is likely to
    fetch; empty for a graph with signatures, which say it, and for one that cannot be cut. ``verdict`` tells whether
    the release loads the graph, None where nobody asked about a release.
    """

    tensorflow: str
    profile: str
    findings: tuple[Finding, ...]
    without_kernel: tuple[str, ...]
    outputs: tuple[str, ...]
    verdict: Verdict | None = None


class MobileBuilds:
    """The build that models are held against: of the TensorFlow that is named, or of the newest shipped release."""

    def __init__(self, source: Source, profile: str, *, quiet: bool) -> None:
        self._asked = bool(source.given)
        if not source.given:
            source = replace(source, release=shipped.releases()[-1])
        self._source = source
        self.quiet = quiet
        self._index: KernelIndex = open_source(source, quiet=quiet)
        self._profile = profile_of(self._index, profile)
        self.refuses = False
        """Whether the release that was asked about refuses a graph that it was held against so far."""

    @property
    def arguments(self) -> str:
        """The options that name the same TensorFlow on another command line."""
        source = self._source
        named = [("--tensorflow", source.release), ("--tree", source.tree), ("--index", source.index_file)]
        named += [("--root", root) for root in source.roots]
        return " ".join(f"{option} {shlex.quote(str(value))}" for option, value in named if value is not None)

    def needs(self, meta_graph: MetaGraph, model: Model) -> MobileNeeds | None:
        """What a MetaGraph of a model needs and the build lacks; None for a graph that makes no sense.

        Every signature counts, or the whole graph where there is none. The TensorFlow ops in a TensorFlow Lite model
        are no graph that could be cut, so advice about them is general.
        """
        graph = meta_graph.graph
        if graph_problems(graph):
            return None
        entries = entries_of(meta_graph, Choice(), model.path)
        needed = collect_requirements(graph, model.path, index=self._index, entries=entries)
        whole = graph if model.tflite is None else None
        found = findings(needed, self._index, self._profile, self._adviser(whole, model.path, entries))
        unresolved = {missing.op for missing in select(needed, self._index, self._profile).unresolved}
        rest = unresolved.difference(finding.op for finding in found)
        outputs = () if whole is None or meta_graph.signatures else likely_outputs(Stages(graph), self._index)
        verdict = judge(needed.loads, self._index) if self._asked else None
        if verdict is not None and verdict.refused:
            self.refuses = True
        return MobileNeeds(self._index.release, self._profile, found, tuple(sorted(rest)), outputs, verdict)

    def _adviser(self, graph: Graph | None, path: str, entries: Sequence[Entry]) -> GraphAdviser | None:
        if graph is None:
            return None
        attempt = attempt_at(path, Choice(), graph, self._index)
        return GraphAdviser(MobileBuild(self._index, self._profile), graph, path, entries, attempt)
