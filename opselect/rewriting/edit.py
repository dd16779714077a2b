"""Putting nodes in the place of others while the rest of a graph stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.references import data_inputs, endpoint
from opselect.rewriting.names import consumers


class GraphEdit:
    """A graph that is being edited: nodes by name, who consumes them, and what takes their place.

    ``needed`` names the nodes that a program fetches or feeds: those are used even if no node consumes them.
    Who consumes a node is as it was before the edits.
    """

    def __init__(self, graph: Graph, needed: Iterable[str] = ()) -> None:
        self._graph = graph
        self._users = consumers(graph.nodes)
        self._needed = {input_node(reference) for reference in needed}
        self._instead: dict[str, Sequence[Node]] = {}
        self._retired: set[str] = set()
        self._names = {node.name for node in graph.nodes}

    def is_needed(self, node: Node) -> bool:
        """Whether a program fetches or feeds the node."""
        return node.name in self._needed

    def users(self, node: Node) -> set[str]:
        """The names of the nodes that consume any output of a node, or wait for it."""
        return {user.name for user in self._users.get(node.name, ())}

    def used_outputs(self, node: Node) -> set[int]:
        """The outputs that other nodes consume, by their numbers."""
        read = (endpoint(reference) for user in self._users.get(node.name, ()) for reference in data_inputs(user))
        return {index for name, index in read if name == node.name}

    def is_private(self, node: Node, *owners: Node) -> bool:
        """Whether nobody but the owners uses a node."""
        return not self.is_needed(node) and self.users(node) <= {owner.name for owner in owners}

    def replace(self, node: Node, *instead: Node) -> None:
        """Puts nodes in the place of one; none at all removes it."""
        self._instead[node.name] = instead

    def retire(self, *nodes: Node) -> None:
        """Removes nodes that nobody uses any more when all edits are made."""
        self._retired.update(node.name for node in nodes if not self.is_needed(node))

    def new_name(self, wanted: str) -> str:
        """A name that no node has: the one that is wanted, or that one with a number after it."""
        name, number = wanted, 0
        while name in self._names:
            number += 1
            name = f"{wanted}_{number}"
        self._names.add(name)
        return name

    def result(self) -> Graph:
        """The graph with the edits made."""
        nodes = [new for node in self._graph.nodes for new in self._instead.get(node.name, (node,))]
        used = consumers(nodes).keys() if self._retired else ()
        return replace(
            self._graph, nodes=tuple(node for node in nodes if node.name not in self._retired or node.name in used)
        )
