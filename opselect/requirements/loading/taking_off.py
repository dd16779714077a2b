"""Attrs that an earlier release refuses, taken off where it does without them what a later one does with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from kernel_index.index import KernelIndex
from kernel_index.profiles import release_number
from opselect.models.graph import Graph, Node, NodeAttr, changed
from opselect.requirements.loading.releases import is_default_elsewhere
from opselect.requirements.loading.rules import IGNORES_UNKNOWN_ATTRS, refuses_to_lower
from opselect.requirements.runtime import LOWERING_ATTR


@dataclass(frozen=True, slots=True)
class TakenOff:
    """An attr that is gone from ``count`` nodes of an op, functions included."""

    op: str
    attr: str
    count: int

    def __str__(self) -> str:
        return f"{self.attr} of {self.op} ({self.count} node{'' if self.count == 1 else 's'})"


def take_off(graph: Graph, index: KernelIndex) -> tuple[Graph, tuple[TakenOff, ...]]:
    """The graph without attrs that the release of ``index`` refuses and does not need, and which these were.

    Those are attrs that its op does not have yet, with the default of the release that brought them in: what the op
    does without them. And the wish to be lowered, of ops that the release runs by a kernel only.
    """
    worker = _TakingOff(index, frozenset(function.name for function in graph.functions))
    functions = []
    for function in graph.functions:
        nodes = tuple(map(worker.node, function.nodes))
        functions.append(changed(function, nodes=nodes) if nodes != function.nodes else function)
    graph = replace(graph, nodes=tuple(map(worker.node, graph.nodes)), functions=tuple(functions))
    found = tuple(TakenOff(op, attr, count) for (op, attr), count in sorted(worker.found.items()))
    return graph, found


class _TakingOff:
    def __init__(self, index: KernelIndex, functions: frozenset[str]) -> None:
        self._index = index
        self._functions = functions
        self._release = release_number(index.release)
        self._known: dict[str, frozenset[str] | None] = {}
        self.found: Counter[tuple[str, str]] = Counter()

    def node(self, node: Node) -> Node:
        gone = set(self._gone(node))
        if not gone:
            return node
        self.found.update((node.op, name) for name in gone)
        return replace(node, attrs={name: value for name, value in node.attrs.items() if name not in gone})

    def _gone(self, node: Node) -> Iterator[str]:
        attrs: Mapping[str, NodeAttr] = node.attrs
        if attrs.get(LOWERING_ATTR) is True and refuses_to_lower(node.op, self._release):
            yield LOWERING_ATTR
        if self._release >= IGNORES_UNKNOWN_ATTRS:
            return
        known = self._attrs(node.op)
        if known is None:
            return
        for name, value in attrs.items():
            unknown = not name.startswith("_") and name not in known
            if unknown and is_default_elsewhere(node.op, name, value, self._index.release):
                yield name

    def _attrs(self, op: str) -> frozenset[str] | None:
        if op not in self._known:
            definition = None if op in self._functions else self._index.op_definition(op)
            self._known[op] = None if definition is None else frozenset(attr.name for attr in definition.attrs)
        return self._known[op]
