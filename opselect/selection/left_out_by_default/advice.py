"""What to do about what is left out, worked out from the graph and tried on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Literal

from kernel_index.kernel_lookup import NotFound
from opselect.criteria import OTHER, TRAINING, criterion, criterion_of_op
from opselect.findings.mends import (
    BESIDES,
    IF_NOT,
    OTHERWISE,
    Command,
    GraphCut,
    Mend,
    ModelChange,
    extend_build,
    led,
    run,
)
from opselect.models.graph import Entry, Graph, input_node, reach
from opselect.models.graph.op_families import FED
from opselect.requirements.collect import Requirement, collect_requirements
from opselect.selection.left_out_by_default.attempt import Attempt, TryPreparing
from opselect.selection.left_out_by_default.feeding import Feeding
from opselect.selection.left_out_by_default.left_out import LeftOut, MobileBuild
from opselect.selection.left_out_by_default.outputs import likely_outputs
from opselect.selection.left_out_by_default.phases import Phases
from opselect.selection.left_out_by_default.stages import Stages
from opselect.selection.why_missing import explain

Key = tuple[str, str, str, str]
"""Op, key of the criterion, attr and name of the type, empty without one: what makes two findings the same one."""

Same = Callable[[Requirement], bool]
"""Whether another requirement is about the same thing."""

_VARIABLES = frozenset({"variables", "variable-reads", "variable-changes"})
_FREEZE = ModelChange(text=criterion("variables").advice, action="freeze")

_GENERAL: dict[str, Mend] = {
    "result": GraphCut(
        text="Strip what only training needs: name what the program fetches with --outputs.", action="strip"
    ),
    "input": GraphCut(
        text="Name what the program fetches with --outputs, and feed the node that follows it with --inputs.",
        action="feed",
    ),
}
"""What to do about ops of a stage where the graph is not at hand."""

_MAX_SPELLED = 5
"""Maximum number of names that are spelled out in a text; ``inputs`` and ``outputs`` have them all."""

Mends = tuple[Mend, ...]


def key_of(op: str, left_out: LeftOut) -> Key:
    """What makes two findings the same one."""
    return op, left_out.criterion.key, left_out.attr, "" if left_out.dtype is None else left_out.dtype.name


class Adviser:
    """Gives advice about requirements of any models: what can be said without their graphs."""

    def __init__(self, build: MobileBuild) -> None:
        self._build = build

    def seen(self, requirement: Requirement, left_out: LeftOut) -> LeftOut:
        """Why a requirement is left out, as far as its place in the graph tells more than its op."""
        del requirement
        return left_out

    def advise(self, requirement: Requirement, left_out: LeftOut) -> Mends:
        """What to do about a requirement that is left out, the best first."""
        lasting = self._lasting(requirement, left_out)
        first = _general(requirement.op)
        if first is None or lasting[0].action == "freeze":
            return lasting
        return _otherwise(first, lasting)

    def advise_missing(self, requirement: Requirement, mends: Mends) -> Mends:
        """What to do about a requirement that no kernel meets, where ``mends`` are what a build or a model can do."""
        first = _general(requirement.op)
        return mends if first is None else _otherwise(first, mends)

    def _lasting(self, requirement: Requirement, left_out: LeftOut) -> Mends:
        """What to do if the model cannot do without."""
        why = left_out.criterion
        if why.action != "extend":
            return (ModelChange(text=why.advice, action=why.action),)
        extend = why.advice.format(files=", ".join(left_out.files)) if left_out.files else ""
        if left_out.is_registered:
            return (extend_build(extend, left_out.files),)
        change = explain(requirement, self._build.index, self._build.profile, NotFound(())).mends
        return (*change, *(led(BESIDES, (extend_build(extend, left_out.files),)) if extend else ()))


class GraphAdviser(Adviser):
    """Gives advice about the requirements of one graph, and tries it before it is given.

    In this order: to prepare a graph that has variables or asks for its training phase, to strip what the outputs that
    a program is likely to fetch do not need, to feed a node downstream of the input pipeline, to prepare any
    other graph; what the build can do comes last. Each is tried by collecting the requirements anew
    (:func:`collect_requirements`), preparing by ``try_preparing``, which is called at most once
    and only where there is something to advise.
    """

    def __init__(
        self,
        build: MobileBuild,
        graph: Graph,
        model: str,
        entries: Sequence[Entry],
        try_preparing: TryPreparing | None = None,
    ) -> None:
        super().__init__(build)
        self._graph = graph
        self._model = model
        self._entries = entries
        self._try_preparing = try_preparing
        self._needed: dict[Entry, tuple[Requirement, ...]] = {}
        self._inputs = tuple(dict.fromkeys(name for entry in entries for name in entry.inputs))

    def seen(self, requirement: Requirement, left_out: LeftOut) -> LeftOut:
        """The same, but for what stands in a conditional that a training phase decides."""
        return replace(left_out, criterion=TRAINING) if self._phases.covers(requirement) else left_out

    def advise(self, requirement: Requirement, left_out: LeftOut) -> Mends:
        """What to do about a requirement of the graph that is left out."""
        key = key_of(requirement.op, left_out)

        def same(other: Requirement) -> bool:
            if other.op != requirement.op:
                return False
            found = self._build.left_out(other)
            return found is not None and key_of(other.op, self.seen(other, found)) == key

        remedy = self._remedy(requirement, same)
        if remedy is not None:
            return (remedy,)
        lasting = self._lasting(requirement, left_out)
        if lasting[0].action == "freeze":
            return self._after_freezing(left_out) or lasting
        return self._without_remedy(requirement, lasting)

    def advise_missing(self, requirement: Requirement, mends: Mends) -> Mends:
        """What to do about a requirement of the graph that no kernel meets."""

        def same(other: Requirement) -> bool:
            return (other.op, other.attrs, other.label) == (requirement.op, requirement.attrs, requirement.label)

        remedy = self._remedy(requirement, same)
        return self._without_remedy(requirement, mends) if remedy is None else (remedy,)

    def _remedy(self, requirement: Requirement, same: Same) -> Mend | None:
        """What makes a graph do without a requirement; None where nothing that was tried does."""
        known = criterion_of_op(requirement.op)
        stage = "" if known is None else known.stage
        prepare_first = self._is_unfrozen or self._phases.covers(requirement)
        return (
            (self._preparing(requirement, same) if prepare_first else None)
            or self._stripping(same)
            or (self._feeding(requirement, same) if stage == "input" else None)
            or (None if prepare_first else self._preparing(requirement, same))
        )

    def _preparing(self, requirement: Requirement, same: Same) -> Command | None:
        attempt = self._attempt
        if attempt is None or attempt.leaves(same):
            return None
        done = "after `{command}` nothing needs it"
        if self._phases.covers(requirement):
            export = "Or export the model with the training phase false (K.set_learning_phase(0) of Keras)."
            text = f"It is for training only: {done}. {export}"
            return run(text, attempt.command, applicability="certain", action="prepare")
        if self._is_unfrozen:
            return run(f"Freeze the model first: {done}.", attempt.command, applicability="certain", action="freeze")
        return run(f"Prepare the model: {done}.", attempt.command, applicability="certain", action="prepare")

    def _stripping(self, same: Same) -> GraphCut | None:
        if not self._outputs or self._is_needed(self._inputs, same):
            return None
        text = f"Strip it: with {_option('outputs', self._outputs)} nothing needs it."
        return _cut(text, "strip", self._inputs, self._outputs)

    def _feeding(self, requirement: Requirement, same: Same) -> GraphCut | None:
        fed = self._places.in_place_of(node.name for node in self._graph.nodes if node.op == requirement.op)
        inputs = (*self._inputs, *fed)
        if not fed or self._is_needed(inputs, same):
            return None
        options = [_option("inputs", inputs), *([_option("outputs", self._outputs)] if self._outputs else [])]
        text = f"Feed {_spelled(fed, ' and ')} in its place: with {' '.join(options)} nothing needs it."
        return _cut(text, "feed", inputs, self._outputs)

    def _without_remedy(self, requirement: Requirement, mends: Mends) -> Mends:
        """Freezing and the training phase come before what the build can do, and what was not tried is said."""
        if self._phases.covers(requirement):
            export = ModelChange(text=TRAINING.advice)
            # What falls under the criterion has its advice already.
            return mends if mends[0] == export else _otherwise(export, mends)
        known = criterion_of_op(requirement.op)
        attempt = self._attempt
        if known is not None and known.key in _VARIABLES:
            return _otherwise(_FREEZE, mends)
        if attempt is None or attempt.needed is not None:
            return mends
        why_not = attempt.too_large or attempt.problem
        if self._is_unfrozen:
            text = f"Freeze the model first: `{{command}}` may take it out ({why_not})."
            first = run(text, attempt.command, applicability="guess", action=mends[0].action)
            return (first, *led(IF_NOT, mends))
        if not attempt.too_large:
            return mends
        text = f"`{{command}}` may take it out ({why_not})."
        return (*mends, run(text, attempt.command, applicability="guess"))

    def _after_freezing(self, left_out: LeftOut) -> Mends:
        """What to do where freezing was tried and leaves an op in; empty where it was not, or nothing can be added."""
        attempt = self._attempt
        if attempt is None or attempt.needed is None or not left_out.files:
            return ()
        extend = OTHER.advice.format(files=", ".join(left_out.files))
        return (extend_build(f"`{attempt.command}` was tried and leaves it in. {extend}", left_out.files),)

    @cached_property
    def _attempt(self) -> Attempt | None:
        return None if self._try_preparing is None else self._try_preparing()

    @cached_property
    def _is_unfrozen(self) -> bool:
        return bool(self._stages.variables())

    @cached_property
    def _stages(self) -> Stages:
        return Stages(self._graph)

    @cached_property
    def _phases(self) -> Phases:
        return Phases(self._stages)

    @cached_property
    def _places(self) -> Feeding:
        reached = self._reached(self._outputs)
        return Feeding(self._stages, self._build.index, reached, {input_node(name) for name in self._outputs})

    @cached_property
    def _outputs(self) -> tuple[str, ...]:
        """The outputs of the entries that are not there for training, the likely ones where an entry names none.

        What fills the tables that they use is fetched before them.
        """
        stages = self._stages
        if not all(entry.outputs for entry in self._entries):
            outputs = likely_outputs(stages, self._build.index)
            fillers = stages.fillers(self._reached(outputs)) if outputs else ()
            return tuple(dict.fromkeys((*outputs, *fillers)))
        named = tuple(dict.fromkeys(name for entry in self._entries for name in entry.outputs))
        beside = stages.downstream_of(stages.names("result")) | stages.with_ops(FED)
        return tuple(name for name in named if input_node(name) not in beside) or named

    def _is_needed(self, inputs: tuple[str, ...], same: Same) -> bool:
        """Whether something is needed with these inputs."""
        entry = Entry(inputs, self._outputs)
        if entry not in self._needed:
            needed = collect_requirements(self._graph, self._model, index=self._build.index, entries=(entry,))
            self._needed[entry] = needed.items
        return any(map(same, self._needed[entry]))

    def _reached(self, outputs: Sequence[str]) -> frozenset[str]:
        return frozenset(node.name for node in reach(self._graph, self._inputs, outputs, self._model).nodes)


def _general(op: str) -> Mend | None:
    """What to do first about an op, whatever graph it is in."""
    known = criterion_of_op(op)
    if known is None:
        return None
    return _FREEZE if known.key in _VARIABLES else _GENERAL.get(known.stage)


def _otherwise(first: Mend, mends: Mends) -> Mends:
    return (first, *led(OTHERWISE, mends))


def _cut(text: str, action: Literal["strip", "feed"], inputs: tuple[str, ...], outputs: tuple[str, ...]) -> GraphCut:
    """A cut that was tried: it takes the op out, but which nodes a program feeds and fetches is a person's to say."""
    return GraphCut(text=text, action=action, inputs=inputs, outputs=outputs, applicability="likely")


def _option(name: str, values: Sequence[str]) -> str:
    return f"--{name} {_spelled(values, ',')}"


def _spelled(names: Sequence[str], separator: str) -> str:
    shown = separator.join(names[:_MAX_SPELLED])
    return shown + (f" (and {len(names) - _MAX_SPELLED:,} more)" if len(names) > _MAX_SPELLED else "")
