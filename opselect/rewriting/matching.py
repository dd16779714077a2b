"""Finding the places of a graph that a transform is about, and putting something else there.

Source: ``GraphMatcher`` and ``ReplaceMatchingOpTypes`` of ``tools/graph_transforms/transform_utils.cc``. A node is in
one match at most; control inputs do not matter to a pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.order import execution_order
from opselect.models.graph.references import data_inputs
from opselect.rewriting.names import consumers

ANY_OP = "*"


@dataclass(frozen=True, slots=True)
class Pattern:
    """``op``, several between ``|``, or ``*`` for any. Without ``inputs`` whatever feeds the node is not looked at."""

    op: str
    inputs: tuple[Pattern, ...] = ()

    def admits(self, op: str) -> bool:
        """Whether a node of that op fits, its inputs aside."""
        return self.op == ANY_OP or op in self.op.split("|")


@dataclass(frozen=True, slots=True)
class Match:
    """A node that fits a pattern, and what fits the pattern's inputs."""

    node: Node
    inputs: tuple[Match, ...] = ()

    def nodes(self) -> Iterator[Node]:
        """Every node of the match, the head first; one that is reached twice comes once."""
        seen: set[str] = set()
        stack = [self]
        while stack:
            match = stack.pop()
            if match.node.name not in seen:
                seen.add(match.node.name)
                yield match.node
            stack.extend(reversed(match.inputs))


def find_matches(graph: Graph, pattern: Pattern, skipped: Collection[str] = ()) -> tuple[Match, ...]:
    """The matches in order of execution; no two share a node, and none has its head in ``skipped``."""
    by_name = {node.name: node for node in graph.nodes}
    taken: set[str] = set()
    found = []
    for node in execution_order(graph):
        match = None if node.name in skipped else _match(node, pattern, by_name, taken)
        if match is not None:
            taken.update(member.name for member in match.nodes())
            found.append(match)
    return tuple(found)


def _match(node: Node, pattern: Pattern, by_name: dict[str, Node], taken: set[str]) -> Match | None:
    if node.name in taken or not pattern.admits(node.op):
        return None
    if not pattern.inputs:
        return Match(node)
    references = data_inputs(node)
    if len(references) != len(pattern.inputs):
        return None
    inputs = []
    for reference, inner in zip(references, pattern.inputs, strict=True):
        source = by_name.get(input_node(reference))
        found = None if source is None else _match(source, inner, by_name, taken)
        if found is None:
            return None
        inputs.append(found)
    return Match(node, tuple(inputs))


Replacement = Callable[[Match], Sequence[Node] | None]
"""The nodes that take the place of a match; None leaves it as it is."""


def replace_matches(graph: Graph, pattern: Pattern, replacement: Replacement, *, keep_needed: bool = True) -> Graph:
    """The graph with every match replaced, the new nodes in the place of the match's head.

    With ``keep_needed`` a match stays where its replacement would lose a node that others outside of it need.
    """
    matches = find_matches(graph, pattern)
    if not matches:
        return graph
    by_head = {match.node.name: match for match in matches}
    members = {node.name for match in matches for node in match.nodes()}
    users = consumers(graph.nodes)
    nodes: list[Node] = []
    for node in graph.nodes:
        match = by_head.get(node.name)
        if match is None:
            if node.name not in members:
                nodes.append(node)
            continue
        old = tuple(match.nodes())
        new = replacement(match)
        if new is None or (keep_needed and _loses_one(old, new, users)):
            new = old
        nodes.extend(new)
    return replace(graph, nodes=tuple(nodes))


def _loses_one(old: Sequence[Node], new: Sequence[Node], users: dict[str, list[Node]]) -> bool:
    inside = {node.name for node in old}
    kept = {node.name for node in new}
    return any(name not in kept and any(user.name not in inside for user in users.get(name, ())) for name in inside)
