"""Who dominates a node, against the dominator tree that networkx makes."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opselect.audit.dominators import NOBODY, SEVERAL, dominating_groups
from opselect.audit.walking import Edges, reached

_NODES = 14


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[int, int]], dict[int, int], list[int]]:
    """Edges, the groups of some nodes, and nodes that stay whatever goes."""
    node = st.integers(0, _NODES - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=40))
    groups = draw(st.dictionaries(node, st.integers(0, 3), max_size=6))
    roots = draw(st.lists(node, max_size=2))
    return edges, groups, [root for root in roots if root not in groups]


def edges_of(pairs: list[tuple[int, int]]) -> Edges:
    sources, targets = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    return Edges.of(_NODES, sources, targets)


@given(graphs())
def test_a_group_has_the_nodes_below_it_in_the_dominator_tree(
    graph: tuple[list[tuple[int, int]], dict[int, int], list[int]],
) -> None:
    pairs, groups, roots = graph
    tree: nx.DiGraph[object] = nx.DiGraph()
    tree.add_node("root")
    tree.add_edges_from(pairs)
    tree.add_edges_from(("root", root) for root in roots)
    tree.add_edges_from(("root", f"group {group}") for group in groups.values())
    tree.add_edges_from((f"group {group}", node) for node, group in groups.items())
    above = nx.immediate_dominators(tree, "root")

    edges = edges_of(pairs)
    kept = reached(edges, np.array(roots, np.int32))
    begin = np.array(sorted(groups), np.int32)
    found = dominating_groups(edges, begin, np.array([groups[node] for node in sorted(groups)], np.int32), kept)

    for node in range(_NODES):
        step: object = node
        while step in above and above[step] not in {"root", None}:
            step = above[step]
        expected = int(str(step).removeprefix("group ")) if str(step).startswith("group ") else None
        assert (int(found[node]) if found[node] >= 0 else None) == expected
        if node not in above:
            assert found[node] == NOBODY
        elif expected is None and not kept[node]:
            assert found[node] == SEVERAL


@given(st.lists(st.tuples(st.integers(0, _NODES - 1), st.integers(0, _NODES - 1)), max_size=40))
def test_reached_is_what_networkx_reaches(pairs: list[tuple[int, int]]) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph(pairs)
    graph.add_node(0)
    found = reached(edges_of(pairs), np.array([0], np.int32))
    assert set(np.flatnonzero(found).tolist()) == {0, *nx.descendants(graph, 0)}


def test_a_walk_does_not_go_on_from_what_is_known() -> None:
    known = np.zeros(_NODES, np.bool_)
    known[1] = True
    found = reached(edges_of([(0, 1), (1, 2), (0, 3)]), np.array([0], np.int32), known)
    assert np.flatnonzero(found).tolist() == [0, 1, 3]
