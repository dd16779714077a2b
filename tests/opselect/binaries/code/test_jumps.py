"""What of a function's code is in a loop, compared with what a library for graphs says, and what can be passed over."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from opselect.binaries.code.jumps import Jumps


@given(st.integers(1, 12), st.data())
def test_code_repeats_that_leads_back_to_itself(count: int, data: st.DataObject) -> None:
    places = st.integers(0, count - 1)
    jumps = sorted(data.draw(st.lists(st.tuples(places, places), max_size=8)))
    ends = data.draw(st.sets(places))
    found = Jumps()
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from((place, place + 1) for place in range(count - 1) if place not in ends)
    graph.add_edges_from(jumps)
    for place, target in jumps:
        found.jump(place, target)
    for place in sorted(ends):
        found.end(place)
    cycles = {node for part in nx.strongly_connected_components(graph) if len(part) > 1 for node in part}
    cycles |= {place for place, target in jumps if place == target}
    assert [place for place in range(count) if found.may_repeat(place)] == sorted(cycles)


def test_what_is_called_in_a_loop_repeats() -> None:
    outer = Jumps()
    outer.jump(20, 10)
    assert Jumps((outer, 15)).may_repeat(100)
    assert not Jumps((outer, 25)).may_repeat(100)


def test_what_a_jump_passes_over() -> None:
    found = Jumps()
    found.jump(10, 20)
    assert [place for place in range(8, 24) if found.may_skip(place, 8, 24)] == list(range(11, 20))
    assert not found.may_skip(15, 12, 24)
    assert not found.may_skip(15, 8, 19)
