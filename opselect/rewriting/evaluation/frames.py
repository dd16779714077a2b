"""The loops of 1.x: in which order nodes come, and which loops each is in.

Source: ``BuildControlFlowInfo`` of ``graph/control_flow.cc``.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence

from opselect.models.graph import Node, input_node
from opselect.models.graph.op_families import ENTERS, EXITS, MERGES, NEXT_ITERATIONS
from opselect.models.graph.references import is_control
from opselect.rewriting.evaluation.kernel import EvaluationError


class FrameError(EvaluationError):
    """A node enters or leaves a loop as no program can; ``node`` is its name."""

    def __init__(self, node: str, problem: str) -> None:
        super().__init__(problem)
        self.node = node


Frames = tuple[str, ...]
"""The names of loops, the outermost first."""


def import_order(nodes: Sequence[Node]) -> Iterator[Node]:
    """Each node after its inputs, but for what a loop's NextIteration brings back to its Merge; the first one first.

    Nodes that wait for each other, or for what does not exist, are left out. Source: ``GraphConstructor::Convert`` of
    ``graph/graph_constructor.cc``.
    """
    by_name = {node.name: node for node in nodes}
    users: dict[str, list[int]] = {node.name: [] for node in nodes}
    waiting = []
    for number, node in enumerate(nodes):
        sources = [by_name.get(name) for name in map(input_node, node.inputs)]
        # A loop's Merge waits for one of its inputs, whichever comes first.
        loops = node.op in MERGES and any(source is not None and source.op in NEXT_ITERATIONS for source in sources)
        controls = sum(map(is_control, node.inputs))
        waiting.append(controls + 1 if loops else len(sources))
        for source in sources:
            if source is not None:
                users[source.name].append(number)
    ready = [number for number, count in enumerate(waiting) if not count]
    while ready:
        number = heapq.heappop(ready)
        yield nodes[number]
        for user in users[nodes[number].name]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, user)


def frames_of(ordered: Sequence[Node]) -> Mapping[str, Frames]:
    """The loops of every node, nodes given so that each comes after its inputs, back edges aside.

    Raises FrameError for an Enter without a name and an Exit outside of every loop.
    """
    found: dict[str, Frames] = {}
    for node in ordered:
        sources = [found[name] for name in map(input_node, node.inputs) if name in found]
        frames = max(sources, key=len, default=())
        if node.op in ENTERS:
            name = node.attrs.get("frame_name")
            if not isinstance(name, str):
                raise FrameError(node.name, "enters a loop without a name")
            frames = (*frames, name)
        elif node.op in EXITS:
            if not frames:
                raise FrameError(node.name, "leaves a loop that it is not in")
            frames = frames[:-1]
        found[node.name] = frames
    return found
