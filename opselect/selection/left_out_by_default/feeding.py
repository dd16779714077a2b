"""Which nodes a program can feed, so that nothing in front of the model has to run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from kernel_index.index import KernelIndex
from opselect.models.graph import input_node
from opselect.selection.left_out_by_default.stages import Stages

_LAYERS = frozenset(
    {
        "BatchMatMul",
        "BatchMatMulV2",
        "BatchMatMulV3",
        "BatchNormWithGlobalNormalization",
        "Conv2D",
        "Conv3D",
        "DepthwiseConv2dNative",
        "FusedBatchNorm",
        "FusedBatchNormV2",
        "FusedBatchNormV3",
        "MatMul",
        "PartitionedCall",
        "QuantizedConv2D",
        "QuantizedMatMul",
        "SparseMatMul",
        "StatefulPartitionedCall",
    }
)
"""Ops that a model begins with when its weights are constants."""

_CONTROL_FLOW = frozenset({"Enter", "Exit", "LoopCond", "Merge", "NextIteration", "Switch", "ControlTrigger", "NoOp"})


_MAX_APART = 50
"""Maximum number of nodes that are looked at one by one where none is downstream of them all."""


class Feeding:
    """Finds what to feed in place of nodes in front of the model; ``reached`` are the nodes that the outputs need.

    The model begins at the first nodes that use a variable or are layers: what is downstream of them is not fed.
    """

    def __init__(self, stages: Stages, index: KernelIndex, reached: Collection[str], outputs: Collection[str]) -> None:
        self._stages = stages
        self._index = index
        self._reached = frozenset(reached)
        self._outputs = frozenset(outputs)
        self._input_stage = stages.names("input")
        self._model = stages.downstream_of(stages.variables() | stages.with_ops(_LAYERS))
        self._in_loops = stages.downstream_of(stages.with_ops(("Enter",))) - stages.downstream_of(
            stages.with_ops(("Exit",))
        )

    def in_place_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """The nodes to feed so that ``names`` need not run; empty where they are no nodes in front of the model.

        That is the first node that everything from them to the outputs passes, and that is downstream of all else that
        provides input (a queue after a reader, say); for several inputs of a model, one for each. Without such a node
        they are fed themselves, or what provides input after them.
        """
        start = self._reached.intersection(names)
        if not start or start & self._model:
            return ()
        one = self._one_for_all(start)
        if one or not 1 < len(start) <= _MAX_APART:
            return one or self._themselves(start)
        each = (self.in_place_of((name,)) for name in self._stages.nodes if name in start)
        return tuple(dict.fromkeys(name for fed in each for name in fed))

    def _one_for_all(self, start: frozenset[str]) -> tuple[str, ...]:
        downstream = self._downstream(start)
        order = list(self._order(start, downstream))
        place = {name: number for number, name in enumerate(order)}
        last_input = max((place[name] for name in self._input_stage.intersection(order)), default=0)
        passed = [name for name in self._passed(start, downstream, order) if self._can_be_fed(name)]
        best = [name for name in passed if place[name] > last_input]
        return tuple((best or passed)[:1])

    def _themselves(self, start: frozenset[str]) -> tuple[str, ...]:
        downstream = self._downstream(start)
        inputs = start | (self._input_stage & downstream - self._model)
        return tuple(
            name
            for name in self._order(start, downstream)
            if name in inputs and self._has_consumer_outside(name, inputs)
        )

    def _downstream(self, start: Iterable[str]) -> frozenset[str]:
        """What the outputs need of what depends on ``start``, by data or control."""
        found = set(start)
        waiting = list(found)
        while waiting:
            for name in self._stages.consumers[waiting.pop()]:
                if name in self._reached and name not in found:
                    found.add(name)
                    waiting.append(name)
        return frozenset(found)

    def _sources(self, name: str, downstream: Collection[str]) -> frozenset[str]:
        """The nodes among ``downstream`` that a node waits for; a loop's edge back is none."""
        sources = frozenset(map(input_node, self._stages.nodes[name].inputs)).intersection(downstream)
        if self._stages.nodes[name].op == "Merge":
            return frozenset(source for source in sources if self._stages.nodes[source].op != "NextIteration")
        return sources

    def _order(self, start: frozenset[str], downstream: frozenset[str]) -> Iterator[str]:
        """The nodes in front of the model among ``downstream``, each after those that it waits for."""
        waiting = {name: len(self._sources(name, downstream)) for name in downstream}
        ready = [name for name in self._stages.nodes if name in start and not waiting[name]]
        for name in ready:
            if name not in self._model:
                yield name
                for consumer in self._stages.consumers[name]:
                    if consumer in downstream and name in self._sources(consumer, downstream):
                        waiting[consumer] -= 1
                        if not waiting[consumer]:
                            ready.append(consumer)

    def _passed(self, start: frozenset[str], downstream: frozenset[str], order: Iterable[str]) -> Iterator[str]:
        """The nodes that every way from ``start`` to an output passes."""
        ahead = set(start)
        seen: set[str] = set()
        for name in order:
            if name in self._outputs:
                return
            if ahead == {name} and name not in start:
                yield name
            ahead.discard(name)
            seen.add(name)
            ahead.update(c for c in self._stages.consumers[name] if c in downstream and c not in seen)

    def _can_be_fed(self, name: str) -> bool:
        node = self._stages.nodes[name]
        if name in self._in_loops or name in self._input_stage or node.op in _CONTROL_FLOW:
            return False
        definition = self._index.op_definition(node.op)
        return definition is None or bool(definition.outputs)

    def _has_consumer_outside(self, name: str, inside: Collection[str]) -> bool:
        return name in self._outputs or any(
            consumer in self._reached and consumer not in inside for consumer in self._stages.consumers[name]
        )
