"""Trees of bytes: grown branch by branch, and laid out as the columns that a page reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from opselect.report.document import Tree

MAX_DEPTH = 16
"""So many folders are told apart; what is deeper stands in one name."""


@dataclass(slots=True)
class Branch:
    """A node that grows: its own bytes, without those of its branches, and what is told of it."""

    name: str
    own: int = 0
    retained: int | None = None
    kernels: int | None = None
    detail: str = ""
    state: str = ""
    branches: dict[str, Branch] = field(default_factory=dict)

    def at(self, name: str) -> Branch:
        """The branch of this name, a new one where there is none."""
        found = self.branches.get(name)
        if found is None:
            found = self.branches[name] = Branch(name)
        return found

    def at_path(self, names: Iterable[str]) -> Branch:
        """The branch that a path leads to."""
        found = self
        for name in names:
            found = found.at(name)
        return found

    def has_rest(self, name: str) -> None:
        """Makes the own bytes of a node with branches a branch of this name, so that they are seen among the others."""
        if self.own and self.branches:
            self.at(f"[{name}]").own += self.own
            self.own = 0


def folders_of(path: str) -> tuple[str, ...]:
    """The folders of a path and its name, at most :data:`MAX_DEPTH`; a leading slash stays with what follows."""
    first, slash, rest = path.partition("/")
    if not slash:
        return (path,)
    parts = rest.split("/", MAX_DEPTH - 2)
    return (f"/{parts[0]}", *parts[1:]) if not first else (first, *parts)


def joined_folders(root: Branch) -> None:
    """Joins each folder that holds nothing but one folder with that one: ``a``, ``b`` becomes ``a/b``."""
    waiting = [root]
    while waiting:
        branch = waiting.pop()
        joined: dict[str, Branch] = {}
        for child in branch.branches.values():
            while _is_folder(child) and len(child.branches) == 1:
                (only,) = child.branches.values()
                if not _is_folder(only):
                    break
                only.name = f"{child.name}/{only.name}"
                child = only
            joined[child.name] = child
        branch.branches = joined
        waiting += joined.values()


def _is_folder(branch: Branch) -> bool:
    told = branch.kernels is not None or branch.retained is not None
    return bool(branch.branches) and not (branch.own or branch.state or told)


def tree(key: str, label: str, note: str, root: Branch) -> Tree:
    """The columns of a tree, every node before its branches, these by their bytes and then by name.

    A node for which no number of kernels was told has that of its branches, where it is told of all of them.
    """
    order = [root]
    for branch in order:
        order += branch.branches.values()
    totals: dict[int, int] = {}
    for branch in reversed(order):
        totals[id(branch)] = branch.own
        if branch.branches:
            totals[id(branch)] += sum(totals[id(each)] for each in branch.branches.values())
            if branch.kernels is None:
                branch.kernels = _together(each.kernels for each in branch.branches.values())
    nodes: list[Branch] = []
    parents: list[int] = []
    waiting = [(root, -1)]
    while waiting:
        branch, parent = waiting.pop()
        here = len(nodes)
        nodes.append(branch)
        parents.append(parent)
        if branch.branches:
            below = sorted(branch.branches.values(), key=lambda each: (-totals[id(each)], each.name))
            waiting += [(each, here) for each in reversed(below)]
    return Tree(
        id=key,
        label=label,
        note=note,
        names=tuple(each.name for each in nodes),
        parents=tuple(parents),
        own=tuple(each.own for each in nodes),
        retained=tuple(each.retained for each in nodes),
        kernels=tuple(each.kernels for each in nodes),
        details=tuple(each.detail for each in nodes),
        states=tuple(each.state for each in nodes),
    )


def _together(numbers: Iterable[int | None]) -> int | None:
    """The sum; None where one of them is not told."""
    found = 0
    for number in numbers:
        if number is None:
            return None
        found += number
    return found


_Value = TypeVar("_Value")


def pruned(tree: Tree, most: int) -> Tree:
    """The tree with its largest nodes; the others of each parent are one node that says how many they are."""
    count = len(tree.names)
    if count <= most:
        return tree
    totals, depths = list(tree.own), [0] * count
    for node in range(count - 1, 0, -1):
        totals[tree.parents[node]] += totals[node]
    for node in range(1, count):
        depths[node] = depths[tree.parents[node]] + 1
    # A parent has no fewer bytes than its children and stands before them, so it is kept where one of them is.
    kept = set(sorted(range(count), key=lambda node: (-totals[node], depths[node], node))[:most])
    lost: dict[int, list[int]] = {}
    for node in range(1, count):
        parent = tree.parents[node]
        if node not in kept and parent in kept:
            lost.setdefault(parent, []).append(node)
    order = sorted(kept)
    numbers = {node: at for at, node in enumerate(order)}
    rests = sorted(lost.items())
    parents = [*(numbers.get(tree.parents[node], -1) for node in order), *(numbers[parent] for parent, _ in rests)]

    def column(values: tuple[_Value, ...], of_rests: list[_Value]) -> tuple[_Value, ...]:
        return (*(values[node] for node in order), *of_rests)

    return replace(
        tree,
        names=column(tree.names, [f"[{len(nodes):,} more]" for _, nodes in rests]),
        parents=tuple(parents),
        own=column(tree.own, [sum(totals[node] for node in nodes) for _, nodes in rests]),
        retained=column(tree.retained, [None for _ in rests]),
        kernels=column(tree.kernels, [_together(tree.kernels[node] for node in nodes) for _, nodes in rests]),
        details=column(tree.details, ["" for _ in rests]),
        states=column(tree.states, ["" for _ in rests]),
    )
