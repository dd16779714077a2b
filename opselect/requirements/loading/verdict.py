"""Would a release load these graphs? What it refuses, what it passes over, and what cannot be judged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kernel_index import shipped
from kernel_index.index import KernelIndex
from kernel_index.profiles import release_number
from kernel_index.records_json import Json
from opselect.findings import Finding, refusal_code
from opselect.findings.as_json import refusal_json
from opselect.requirements.loading.mend import mend_graph, mend_use
from opselect.requirements.loading.releases import is_default_elsewhere
from opselect.requirements.loading.rules import (
    IGNORES_UNKNOWN_ATTRS,
    Problem,
    lowering,
    problems,
    unknown_attrs,
    values_not_kept,
)
from opselect.requirements.loading.uses import MAX_MODELS_NAMED, MAX_NODES_NAMED, GraphUse, Loads, Use, first_names


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one release, sorted.

    The ``reason`` of what is ``refused`` has the words of TensorFlow's own message. ``ignored`` is what it passes over
    with a line in the log although it changes results: attrs that the op does not have and whose value is not their
    default. ``unjudged`` says, a sentence each, what could not be judged.
    """

    refused: tuple[Finding, ...] = ()
    ignored: tuple[Finding, ...] = ()
    unjudged: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """``{"refused": […], "ignored": […], "unjudged": [sentences]}``."""
        return {
            "refused": [refusal_json(each) for each in self.refused],
            "ignored": [refusal_json(each) for each in self.ignored],
            "unjudged": list(self.unjudged),
        }


def judge(loads: Loads, index: KernelIndex) -> Verdict:
    """What the release of the index says to the graphs when a session takes them in, or at the latest runs them."""
    judgement = _Judgement(index)
    for graph in loads.graphs:
        judgement.judge_graph(graph)
    for use in loads.uses:
        judgement.judge_use(use)
    return judgement.verdict(loads)


@dataclass(slots=True)
class _Judgement:
    _index: KernelIndex
    _problems: dict[tuple[str, str, str, str], list[Use]] = field(default_factory=dict)
    _refused: list[Finding] = field(default_factory=list)
    _undefined: set[str] = field(default_factory=set)
    _not_kept: set[str] = field(default_factory=set)

    @property
    def _release(self) -> tuple[int, int]:
        return release_number(self._index.release)

    def judge_graph(self, graph: GraphUse) -> None:
        """``CheckVersions`` of ``framework/versions.cc``."""
        known = self._index.graph_versions
        if known is None:
            return
        if graph.producer < known.min_producer:
            reason = f"GraphDef producer version {graph.producer} below min producer {known.min_producer}"
        elif graph.min_consumer > known.current:
            reason = f"GraphDef min consumer version {graph.min_consumer} above current version {known.current}"
        elif known.current in graph.bad_consumers:
            reason = f"GraphDef disallows consumer version {known.current}"
        else:
            return
        mends = mend_graph(graph, self._index.release)
        self._refused.append(Finding(refusal_code("versions"), reason, models=graph.models, mends=mends))

    def judge_use(self, use: Use) -> None:
        definition = self._index.op_definition(use.op)
        found: Iterable[Problem]
        if use.refused:
            self._problems.setdefault(("bad_node", use.op, "", use.refused), []).append(use)
        if use.is_call:
            found = [*unknown_attrs(use, None), *lowering(use, self._release)]
            if use.misfit:
                found.append(Problem("inputs", use.misfit))
        elif definition is not None:
            found = problems(use, definition, self._release)
            self._not_kept.update(f"{name} of {use.op}" for name in values_not_kept(use, definition))
        elif shipped.releases_with(use.op) and not self._index.registrations(use.op):
            found = [Problem("unknown_op", f"Op type not registered '{use.op}'")]
        else:
            self._undefined.add(use.op)
            return
        for problem in found:
            self._problems.setdefault((problem.kind, use.op, problem.attr, problem.reason), []).append(use)

    def verdict(self, loads: Loads) -> Verdict:
        refused, ignored = self._refused, []
        for (kind, op, attr, reason), uses in self._problems.items():
            refusal = _refusal(Problem(kind, reason, attr), op, uses, self._index)
            if kind != "unknown_attr" or self._release < IGNORES_UNKNOWN_ATTRS:
                refused.append(refusal)
            elif not all(has_default(use, attr, self._index.release) for use in uses):
                ignored.append(refusal)
        return Verdict(_sorted(refused), _sorted(ignored), tuple(self._unjudged(loads)))

    def _unjudged(self, loads: Loads) -> Iterable[str]:
        release = self._index.release
        if self._undefined:
            ops = ", ".join(sorted(self._undefined))
            yield f"TensorFlow {release} has no definition of {ops}: whether the nodes fit a custom op is not judged."
        if self._not_kept:
            attrs = ", ".join(sorted(self._not_kept))
            yield f"Whether TensorFlow {release} admits the values of {attrs} is not judged: they were not collected."
        if self._index.graph_versions is None and (loads.uses or loads.graphs):
            yield (
                f"Which versions of graphs TensorFlow {release} takes, and which ops are deprecated there, is not "
                "known (an index of before that was read, or a tree that does not say TF_GRAPH_DEF_VERSION)."
            )
        if loads.unknown:
            yield (
                f"{', '.join(loads.unknown)}: what a release checks when it loads a graph was not collected, so "
                f"whether TensorFlow {release} loads the models is not judged."
            )


def has_default(use: Use, attr: str, release: str) -> bool:
    """Whether a use has the value that the attr, unknown to ``release``, has by default where it is known."""
    value = next((each.value for each in use.attrs if each.name == attr), None)
    return is_default_elsewhere(use.op, attr, value, release)


def _refusal(problem: Problem, op: str, uses: list[Use], index: KernelIndex) -> Finding:
    models = first_names((model for use in uses for model in use.models), MAX_MODELS_NAMED)
    # Where uses name all of their nodes, so does what is said of them.
    most = max(MAX_NODES_NAMED, *(len(use.nodes) for use in uses))
    every = all(has_default(use, problem.attr, index.release) for use in uses) if problem.attr else False
    return Finding(
        refusal_code(problem.kind),
        problem.reason,
        op=op,
        attr=problem.attr,
        count=sum(use.count for use in uses),
        nodes=first_names((node for use in uses for node in use.nodes), most),
        models=models,
        mends=mend_use(problem, uses, index, models, has_default=every),
    )


def _sorted(refusals: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(refusals, key=lambda each: (each.code, each.op, each.attr, each.reason)))
