"""What to do about what is left out, worked out from the graph and tried on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from opselect.criteria import Action
from opselect.graph import Entry, Graph, input_node, reach
from opselect.kernel_lookup import NotFound
from opselect.missing import explain
from opselect.policy.feeding import Feeding
from opselect.policy.left_out import LeftOut, MobileBuild
from opselect.policy.outputs import likely_outputs
from opselect.policy.stages import PLACEHOLDERS, Stages
from opselect.registration_json import Json
from opselect.requirements import Requirement, collect_requirements

Key = tuple[str, str, str, str]
"""Op, key of the criterion, attr and name of the type, empty without one: what makes two findings the same one."""

_GENERAL: dict[str, tuple[Action, str]] = {
    "result": ("strip", "Strip what only training needs: name what the program fetches with --outputs."),
    "input": ("feed", "Name what the program fetches with --outputs, and feed the node behind it with --inputs."),
}
"""What to do about ops of a stage where the graph is not at hand."""

_MAX_SPELLED = 5
"""So many names are spelled out in a text; ``inputs`` and ``outputs`` have them all."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do, in words and as data.

    ``inputs`` and ``outputs`` are for the commands' options ``--inputs`` and ``--outputs``: with them the op is not
    needed any more. ``files`` are those that the build has to compile.
    """

    action: Action
    text: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """The fields by name."""
        return {
            "action": self.action,
            "text": self.text,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "files": list(self.files),
        }


def key_of(op: str, left_out: LeftOut) -> Key:
    """What makes two findings the same one."""
    return op, left_out.criterion.key, left_out.attr, "" if left_out.dtype is None else left_out.dtype.name


class Adviser:
    """Gives advice about requirements of any models: what can be said without their graphs."""

    def __init__(self, build: MobileBuild) -> None:
        self._build = build

    def advise(self, requirement: Requirement, left_out: LeftOut) -> Advice:
        """What to do about a requirement that is left out."""
        stage = left_out.criterion.stage
        lasting = self._lasting(requirement, left_out)
        if not stage:
            return lasting
        action, text = _GENERAL[stage]
        return Advice(
            action, f"{text} If the model cannot do without: {_uncapitalized(lasting.text)}", files=lasting.files
        )

    def _lasting(self, requirement: Requirement, left_out: LeftOut) -> Advice:
        """What to do if the model cannot do without."""
        criterion = left_out.criterion
        if criterion.action != "extend":
            return Advice(criterion.action, criterion.advice)
        extend = criterion.advice.format(files=", ".join(left_out.files)) if left_out.files else ""
        if left_out.is_registered:
            return Advice("extend", extend, files=left_out.files)
        _, change = explain(requirement, self._build.index, self._build.profile, NotFound(()))
        text = f"{change} Besides, {_uncapitalized(extend)}" if extend else change
        return Advice("change", text, files=left_out.files)


class GraphAdviser(Adviser):
    """Gives advice about the requirements of one graph, and tries it before it is given.

    Something is worth stripping if it is not needed any more with the outputs that a program is likely to fetch, and
    something in front of the model worth feeding if it is not needed with that input: both are tried by collecting
    the requirements anew (:func:`opselect.requirements.collect_requirements`).
    """

    def __init__(self, build: MobileBuild, graph: Graph, model: str, entries: Sequence[Entry]) -> None:
        super().__init__(build)
        self._graph = graph
        self._model = model
        self._needed: dict[Entry, frozenset[Key]] = {}
        stages = Stages(graph)
        self._inputs = tuple(dict.fromkeys(name for entry in entries for name in entry.inputs))
        self._outputs = self._fetched(stages, entries)
        reached = self._reached(self._outputs)
        self._feeding = Feeding(stages, build.index, reached, {input_node(name) for name in self._outputs})

    def advise(self, requirement: Requirement, left_out: LeftOut) -> Advice:
        """What to do about a requirement of the graph that is left out."""
        key = key_of(requirement.op, left_out)
        if self._outputs and key not in self._keys(self._inputs):
            text = f"Strip it: with {_option('outputs', self._outputs)} nothing needs it."
            return Advice("strip", text, self._inputs, self._outputs)
        if left_out.criterion.stage == "input":
            fed = self._feeding.in_place_of(node.name for node in self._graph.nodes if node.op == requirement.op)
            inputs = (*self._inputs, *fed)
            if fed and key not in self._keys(inputs):
                options = [_option("inputs", inputs), *([_option("outputs", self._outputs)] if self._outputs else [])]
                text = f"Feed {_spelled(fed, ' and ')} in its place: with {' '.join(options)} nothing needs it."
                return Advice("feed", text, inputs, self._outputs)
        return self._lasting(requirement, left_out)

    def _keys(self, inputs: tuple[str, ...]) -> frozenset[Key]:
        """The findings that are left with these inputs."""
        entry = Entry(inputs, self._outputs)
        if entry not in self._needed:
            needed = collect_requirements(self._graph, self._model, index=self._build.index, entries=(entry,))
            found = ((item.op, self._build.left_out(item)) for item in needed.items)
            self._needed[entry] = frozenset(key_of(op, left_out) for op, left_out in found if left_out)
        return self._needed[entry]

    def _reached(self, outputs: Sequence[str]) -> frozenset[str]:
        return frozenset(node.name for node in reach(self._graph, self._inputs, outputs, self._model).nodes)

    def _fetched(self, stages: Stages, entries: Sequence[Entry]) -> tuple[str, ...]:
        """The outputs of the entries that are not there for training, the likely ones where an entry names none.

        What fills the tables that they use is fetched before them.
        """
        if not all(entry.outputs for entry in entries):
            outputs = likely_outputs(stages, self._build.index)
            fillers = stages.fillers(self._reached(outputs)) if outputs else ()
            return tuple(dict.fromkeys((*outputs, *fillers)))
        named = tuple(dict.fromkeys(name for entry in entries for name in entry.outputs))
        beside = stages.behind(stages.names("result")) | stages.with_ops(PLACEHOLDERS)
        return tuple(name for name in named if input_node(name) not in beside) or named


def _option(name: str, values: Sequence[str]) -> str:
    return f"--{name} {_spelled(values, ',')}"


def _spelled(names: Sequence[str], separator: str) -> str:
    shown = separator.join(names[:_MAX_SPELLED])
    return shown + (f" (and {len(names) - _MAX_SPELLED:,} more)" if len(names) > _MAX_SPELLED else "")


def _uncapitalized(text: str) -> str:
    return text[:1].lower() + text[1:]
