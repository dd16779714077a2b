"""Which nodes are inside a conditional or a loop that is made of Switch, Merge, Enter and Exit.

There a node runs only if its inputs arrive, so its control inputs are part of what the graph computes
(``common_runtime/executor.cc``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from opselect.models.graph import Node, input_node
from opselect.models.graph.op_families import ENTERS, MERGES, NEXT_ITERATIONS, SWITCHES
from opselect.models.graph.references import canonical, endpoint, is_control
from opselect.rewriting.evaluation.frames import import_order
from opselect.rewriting.names import consumers

_ENTRIES = SWITCHES | ENTERS


def inside_control_flow(nodes: Iterable[Node]) -> frozenset[str]:
    """The nodes that may not run, or run once an iteration: all that depends on a Switch or an Enter in any way."""
    nodes = tuple(nodes)
    users = consumers(nodes)
    inside = {node.name for node in nodes if node.op in _ENTRIES}
    waiting = list(inside)
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user.name not in inside:
                inside.add(user.name)
                waiting.append(user.name)
    return frozenset(inside)


Condition: TypeAlias = tuple[str, int]
"""What must hold for a node to run: a tensor and the output of Switches by it, or a loop by name (and -1)."""


def conditions_of(nodes: Sequence[Node]) -> dict[str, frozenset[Condition]]:
    """What must hold for each node to run, by its name; nothing for one that always runs.

    Of the inputs of a Merge one has to arrive, of any other node all. What is inside of a loop counts also for what
    comes out of it. Nodes that :func:`import_order` leaves out are left out.
    """
    by_name = {node.name: node for node in nodes}
    found: dict[str, frozenset[Condition]] = {}
    for node in import_order(nodes):
        found[node.name] = conditions_on(node, node.inputs, by_name, found)
    return found


def conditions_on(
    node: Node,
    inputs: Iterable[str],
    by_name: Mapping[str, Node],
    found: Mapping[str, frozenset[Condition]],
) -> frozenset[Condition]:
    """What must hold for a node to run if these were its inputs, ``found`` being what must hold for those."""

    def arrives(reference: str) -> frozenset[Condition]:
        name, output = endpoint(reference)
        source = by_name[name]
        side = {(canonical(source.inputs[1]), output)} if source.op in SWITCHES and len(source.inputs) > 1 else set()
        return found[name] | side

    data = [each for each in inputs if not is_control(each) and input_node(each) in found]
    waits = [found[name] for each in inputs if is_control(each) and (name := input_node(each)) in found]
    if node.op in MERGES:
        entering = [arrives(each) for each in data if by_name[input_node(each)].op not in NEXT_ITERATIONS]
        common = frozenset[Condition]().union(*entering).intersection(*entering)
        return common.union(*waits)
    loop = {(str(node.attrs.get("frame_name")), -1)} if node.op in ENTERS else set()
    return frozenset(loop).union(*map(arrives, data), *waits)
