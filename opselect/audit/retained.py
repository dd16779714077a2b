"""What would really go if some registrations were not compiled: they, and all that nothing else needs.

Own bytes are those that carry a name of the op: its kernels' classes, whoever else uses them. Retained bytes are what
a build without the op is smaller by: of its own bytes only those that nothing else needs, and besides them what it
alone uses of others.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opselect.audit.dominators import dominating_groups
from opselect.audit.emission import made_unasked
from opselect.audit.pieces import code_sections, linkage_slots
from opselect.audit.references import ReferenceGraph
from opselect.audit.walking import Edges, distinct, reached


class Dropping(enum.Enum):
    """What a build leaves out of what nobody needs.

    SECTIONS: with ``-ffunction-sections``, ``-fdata-sections`` and ``--gc-sections`` the linker takes each function by
    itself. COMPILER: without them every file stays whole that is linked; only what the compiler does not make when
    nobody asks for it is gone, which are instances of templates, inline functions and what is local to a file. That is
    known from symbols alone.
    """

    SECTIONS = "sections"
    COMPILER = "compiler"


_OF_THE_SYSTEM = frozenset(
    {
        "_Unwind_Resume", "__cxa_begin_catch", "__cxa_end_catch", "__cxa_rethrow", "_ZSt9terminatev",
        "__stack_chk_fail", "__gxx_personality_v0", "_ZdlPv", "_ZdlPvm", "__cxa_guard_acquire",
        "__cxa_guard_release", "__cxa_guard_abort", "_ITM_registerTMCloneTable",
    }
)  # fmt: skip
"""What compilers call around the registrations of an initialiser: it does nothing by itself."""


@dataclass(frozen=True, slots=True)
class Retention:
    """A graph with what stays whatever is registered.

    ``edges`` are those of the graph and those by which registrations need what is around them. ``roots`` are the nodes
    that stay in any case, ``kept`` what they lead to, shape (n,). ``dropping`` is what the build leaves out.
    """

    graph: ReferenceGraph
    edges: Edges
    roots: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    dropping: Dropping

    def by_group(self, groups: Sequence[int] | NDArray[np.int32], count: int) -> NDArray[np.int64]:
        """The bytes that would go with each of ``count`` groups alone; shape (count,).

        ``groups`` has the group of each registration of the graph, -1 for those that stay.
        """
        return self._bytes_by_group(self._whose(self.graph.registrations, np.asarray(groups, np.int32)), count)

    def by_file(self, files: NDArray[np.int32], count: int) -> NDArray[np.int64]:
        """The bytes that would go with each source file, were it not compiled, where others can be linked without it.

        ``files`` has the file of each node of the graph, -1 where it is not known. What the file has for others stays
        if they need it.
        """
        own = np.flatnonzero(self.roots & (files >= 0)).astype(np.int32)
        registered = self.graph.registrations
        begin = np.concatenate((own, registered))
        return self._bytes_by_group(self._whose(begin, files[begin]), count)

    def without(self, registrations: Iterable[int]) -> int:
        """The bytes that would go if just these registrations, by number, were not compiled."""
        gone = np.zeros(len(self.graph.registrations), np.int32) - 1
        gone[list(registrations)] = 0
        return int(self.by_group(gone, 1)[0])

    def nodes_without(self, registrations: Iterable[int]) -> NDArray[np.int32]:
        """The nodes that would go if just these registrations were not compiled, sorted."""
        gone = np.zeros(len(self.graph.registrations), np.int32) - 1
        gone[list(registrations)] = 0
        return np.flatnonzero(self._whose(self.graph.registrations, gone) == 0).astype(np.int32)

    def _whose(self, begin: NDArray[np.int32], groups: NDArray[np.int32]) -> NDArray[np.int32]:
        """To each node the group that it would go with."""
        released = begin[groups >= 0]
        stays = self.roots.copy()
        stays[self.graph.registrations] = True
        stays[released] = False
        if self.roots[released].any():
            kept = reached(self.edges, np.flatnonzero(stays).astype(np.int32))
        else:
            kept = reached(self.edges, self.graph.registrations[stays[self.graph.registrations]], self.kept)
        return dominating_groups(self.edges, released, groups[groups >= 0], kept)

    def _bytes_by_group(self, whose: NDArray[np.int32], count: int) -> NDArray[np.int64]:
        found = whose >= 0
        summed = np.bincount(whose[found], self.graph.sizes[found], minlength=count)
        return summed.astype(np.int64)


def retention(
    graph: ReferenceGraph, dropping: Dropping = Dropping.SECTIONS, files: NDArray[np.int32] | None = None
) -> Retention:
    """What stays of an image whatever is registered.

    ``files`` has the source file of each node, -1 where it is not known; without it ``Dropping.COMPILER`` takes
    instances of templates that a file makes for others (``template class X<int>;``) for what they alone need.

    Roots are the entry point, what is exported for whoever wants it, the initialisers that do something besides
    registering, code that is not understood, and what nobody is seen to need though it is there. Exports that every
    object brings along which uses them are no roots: the objects that are not compiled do not bring them.
    Raises ValueError for ``Dropping.COMPILER`` without symbols.
    """
    edges, only_register = _with_surroundings(graph)
    roots = np.zeros(graph.node_count, np.bool_)
    for nodes in _certain_roots(graph, dropping, files):
        roots[nodes[nodes >= 0]] = True
    roots[only_register] = False
    roots[graph.registrations] = False
    begin = np.concatenate((np.flatnonzero(roots).astype(np.int32), graph.registrations))
    found = reached(edges, begin)
    while len(unneeded := _unneeded(edges, ~found)):
        roots[unneeded] = True
        found = reached(edges, unneeded, found)
    kept = reached(edges, np.flatnonzero(roots).astype(np.int32))
    return Retention(graph, edges, roots, kept, dropping)


def _certain_roots(
    graph: ReferenceGraph, dropping: Dropping, files: NDArray[np.int32] | None
) -> list[NDArray[np.int32]]:
    image, pieces = graph.image, graph.pieces
    found = [graph.initialisers, graph.functions, graph.not_understood]
    found.append(pieces.at(image.exports.addresses[~image.exports.weak]))
    if image.entry is not None:
        found.append(pieces.at(np.array([image.entry], np.uint64)))
    if dropping is Dropping.COMPILER:
        found += made_unasked(graph, files)
    return found


def _unneeded(edges: Edges, among: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Of some nodes those that no other of them needs; where each is needed by another, the first of them."""
    nodes = np.flatnonzero(among).astype(np.int32)
    needed = np.zeros(edges.node_count, np.bool_)
    needed[edges.of_nodes(nodes)[1]] = True
    free = nodes[~needed[nodes]]
    return free if len(free) else nodes[:1]


def _with_surroundings(graph: ReferenceGraph) -> tuple[Edges, NDArray[np.int32]]:
    """The edges with those from registrations to the functions around them and to the initialisers that call these.

    Second the nodes of functions that do nothing but register: they go with the last of their registrations.
    """
    edges, registrations, functions = graph.edges, graph.registrations, graph.functions
    allowed = np.zeros(graph.node_count, np.bool_)
    allowed[_nodes_of_the_system(graph)] = True
    around = distinct(functions[functions >= 0])
    only = {int(node) for node in around if _only_registers(graph, int(node), allowed)}
    sources, targets = [registrations[functions >= 0]], [functions[functions >= 0]]
    calling = distinct(graph.initialisers[graph.initialisers >= 0])
    for node in calling[~np.isin(calling, around)]:
        called = _leading_to(graph, int(node))
        if len(called) and all(allowed[to] or to in only for to in called.tolist()):
            inner = np.array([to for to in called.tolist() if to in only], np.int32)
            if len(inner):
                only.add(int(node))
                sources.append(inner)
                targets.append(np.full(len(inner), node, np.int32))
    every = np.repeat(np.arange(graph.node_count, dtype=np.int32), np.diff(edges.first))
    joined = Edges.of(graph.node_count, np.concatenate([every, *sources]), np.concatenate([edges.targets, *targets]))
    return joined, np.array(sorted(only), np.int32)


def _leading_to(graph: ReferenceGraph, node: int) -> NDArray[np.int32]:
    return graph.edges.targets[graph.edges.first[node] : graph.edges.first[node + 1]]


def _only_registers(graph: ReferenceGraph, function: int, allowed: NDArray[np.bool_]) -> bool:
    """Whether what is left of a function without its registrations needs nothing that these do not need."""
    left = _leading_to(graph, function)
    left = left[~allowed[left]]
    own = graph.registrations[graph.functions == function]
    return bool(np.isin(left, graph.edges.of_nodes(own)[1]).all())


def _nodes_of_the_system(graph: ReferenceGraph) -> NDArray[np.int32]:
    """The nodes of what compilers call around registrations, with the slots and stubs by which they call it."""
    image, pieces = graph.image, graph.pieces
    imported = np.array([name in _OF_THE_SYSTEM for name in (*graph.imports, "")], np.bool_)[:-1]
    meant = np.flatnonzero(imported).astype(np.int32)
    places = image.pointers.places[np.isin(image.pointers.imports, meant)]
    slots = pieces.at(places)
    starts = [found for section in code_sections(image) if (found := linkage_slots(section, image)) is not None]
    stubs = pieces.at(np.concatenate([np.empty(0, np.uint64), *starts]))
    stubs = stubs[stubs >= 0]
    whose, to = graph.edges.of_nodes(stubs)
    stubs = stubs[whose[np.isin(to, slots)]]
    return np.concatenate((meant + np.int32(graph.first_import), slots[slots >= 0], stubs))
