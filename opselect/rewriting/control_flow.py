"""Which nodes are inside a conditional or a loop that is made of Switch, Merge, Enter and Exit.

There a node runs only if its inputs arrive, so its control inputs are part of what the graph computes
(``common_runtime/executor.cc``).
"""

from __future__ import annotations

from collections.abc import Iterable

from opselect.models.graph import Node
from opselect.models.graph.op_families import ENTERS, SWITCHES
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
