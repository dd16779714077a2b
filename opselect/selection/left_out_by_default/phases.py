"""Which nodes run only for the sake of a training phase: a flag that dropout and batch norms ask what they shall do."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, input_node
from opselect.models.graph.op_families import FED, MERGES, SWITCHES
from opselect.models.graph.references import data_inputs
from opselect.requirements.collect import MAX_NODES_NAMED, Requirement
from opselect.selection.left_out_by_default.stages import Stages

_PREDICATE = {"Switch": 1, "RefSwitch": 1, "If": 0, "StatelessIf": 0}
"""Ops of conditionals, with the input that they decide by."""

_NAME = re.compile(r"learning_?phase|(^|[/_])(is_?)?(train|training|phase_train|dropout)($|[/_])", re.IGNORECASE)
"""How Keras, TF-Slim and those who write models by hand call such a flag."""

_ASKS = re.compile(
    r"(Stateless)?(Truncated|Parameterized)?Random\w+|Dropout\w*|Multinomial"
    r"|FusedBatchNorm(V\d)?|BatchNormWithGlobalNormalization|Assign(Sub|SubVariableOp|MovingAvg)"
)
"""Ops that do one thing in training and another afterwards: noise, and the averages of batch norms."""


class Phases:
    """The nodes of a graph inside conditionals that a training phase decides, Merges and the flags included.

    The flag is a bool that a program feeds. That it is a training phase shows by what the conditional holds, or by its
    name.
    """

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        flags = (node.name for node in stages.nodes.values() if node.op in FED and _is_bool(node))
        self._flags = frozenset(flags)
        self._nodes = self._governed() if self._flags else frozenset()

    def covers(self, requirement: Requirement) -> bool:
        """Whether everything that asks for a requirement stands there."""
        if not self._nodes:
            return False
        names: Iterable[str] = requirement.nodes
        if requirement.count > MAX_NODES_NAMED:
            names = self._stages.with_ops((requirement.op,))
        return bool(names) and self._nodes.issuperset(names)

    def _governed(self) -> frozenset[str]:
        decided: list[tuple[frozenset[str], frozenset[str]]] = []
        for node in self._stages.nodes.values():
            place = _PREDICATE.get(node.op)
            if place is not None and place < len(node.inputs):
                flags = self._decided_by(input_node(node.inputs[place]))
                if flags:
                    decided.append((flags, self._inside(node.name)))
        # One conditional that tells is enough: a flag means the same wherever it is asked.
        phases = {flag for flag in self._flags if _NAME.search(flag)}
        phases.update(flag for flags, inside in decided if self._holds_training(inside) for flag in flags)
        return frozenset().union(*(flags | inside for flags, inside in decided if flags & phases))

    def _decided_by(self, predicate: str) -> frozenset[str]:
        """The flags that a predicate is made of; none where anything else but constants has a part in it."""
        seen = {predicate}
        waiting = [predicate]
        while waiting:
            node = self._stages.nodes.get(waiting.pop())
            if node is None or node.name in self._flags:
                continue
            sources = set(map(input_node, data_inputs(node)))
            if not sources and node.op != "Const":
                return frozenset()
            waiting += sources - seen
            seen |= sources
        return self._flags & seen

    def _inside(self, conditional: str) -> frozenset[str]:
        """What hangs on a conditional, up to where its sides meet again."""
        found = {conditional}
        waiting = [conditional] if self._stages.nodes[conditional].op in SWITCHES else []
        while waiting:
            for name in self._stages.consumers[waiting.pop()]:
                if name not in found:
                    found.add(name)
                    if self._stages.nodes[name].op not in MERGES:
                        waiting.append(name)
        return frozenset(found)

    def _holds_training(self, names: Collection[str]) -> bool:
        return any(_ASKS.fullmatch(op) for name in names for op in self._stages.ops_of(name))


def _is_bool(node: Node) -> bool:
    return node.attrs.get("dtype") is DataType.DT_BOOL
