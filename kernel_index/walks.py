"""Walks along edges: what some nodes lead to, nearest first, and the shortest way there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def reached(start: Iterable[Node], following: Callable[[Node], Iterable[Node]]) -> dict[Node, Node | None]:
    """The nodes that some nodes lead to, nearest first, each with the one before it on a shortest way.

    The nodes to start with are among them, with None. Of several shortest ways the first counts, in the order of the
    start and of what ``following`` gives.
    """
    before: dict[Node, Node | None] = dict.fromkeys(start)
    todo = list(before)
    for node in todo:  # which grows meanwhile
        for other in following(node):
            if other not in before:
                before[other] = node
                todo.append(other)
    return before


def way_to(node: Node, before: Mapping[Node, Node | None]) -> tuple[Node, ...]:
    """The way to a node from one of those that :func:`reached` started with, both included; empty where none leads."""
    way: list[Node] = []
    at: Node | None = node if node in before else None
    while at is not None:
        way.append(at)
        at = before[at]
    return tuple(reversed(way))
