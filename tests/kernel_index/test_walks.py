"""Walks along edges, compared with networkx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.walks import reached, way_to

NODES = st.integers(0, 9)
EDGES = st.dictionaries(NODES, st.lists(NODES, max_size=4), max_size=10)


def walked(start: Sequence[int], edges: Mapping[int, Sequence[int]]) -> dict[int, int | None]:
    return reached(start, lambda node: edges.get(node, ()))


def test_the_nearest_come_first_each_with_the_one_before_it() -> None:
    edges = {1: [3, 2], 2: [4], 3: [4, 1], 4: [5], 9: [5]}
    assert list(walked([1], edges).items()) == [(1, None), (3, 1), (2, 1), (4, 3), (5, 4)]
    assert list(walked([1, 9], edges).items()) == [(1, None), (9, None), (3, 1), (2, 1), (5, 9), (4, 3)]
    assert walked([], edges) == {}


def test_ways() -> None:
    edges = {1: [3, 2], 2: [4], 3: [4, 1], 4: [5], 9: [5]}
    assert way_to(5, walked([1], edges)) == (1, 3, 4, 5)
    assert way_to(5, walked([1, 9], edges)) == (9, 5)
    assert way_to(1, walked([1], edges)) == (1,)
    assert way_to(9, walked([1], edges)) == ()


def test_a_false_node_is_a_node() -> None:
    assert way_to(2, walked([1], {1: [0], 0: [2]})) == (1, 0, 2)


@given(st.lists(NODES, min_size=1, max_size=3, unique=True), EDGES)
def test_what_is_reached_and_how_far_it_is(start: list[int], edges: dict[int, list[int]]) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from((node, other) for node, others in edges.items() for other in others)
    graph.add_nodes_from(start)
    lengths = nx.multi_source_dijkstra_path_length(graph, set(start))
    found = walked(start, edges)
    assert {node: len(way_to(node, found)) - 1 for node in found} == lengths
    for node in found:
        way = way_to(node, found)
        assert way[0] in start
        assert all(graph.has_edge(*edge) for edge in pairwise(way))
