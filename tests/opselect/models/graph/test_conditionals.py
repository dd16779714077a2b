"""Which nodes run on one side of a conditional only."""

from __future__ import annotations

import pytest

from opselect.models.graph.conditionals import one_sided
from tests.opselect.graph_text import graph_of, node


@pytest.mark.parametrize("ref", ["", "Ref"])
def test_what_comes_out_of_a_switch_and_through_no_merge(ref: str) -> None:
    graph = graph_of(
        node("x", "Placeholder")
        + node("p", "Placeholder")
        + node("s", f"{ref}Switch", "x", "p")
        + node("no", "Identity", "s")
        + node("yes", "Identity", "s:1")
        + node("m", f"{ref}Merge", "no", "yes")
        + node("y", "Neg", "m")
        + node("waits", "Neg", "x", "^no")
    )
    assert one_sided(graph.nodes) == {"s", "no", "yes"}


def test_what_comes_out_of_a_loop_always_comes() -> None:
    graph = graph_of(
        node("x", "Placeholder")
        + node("enter", "Enter", "x")
        + node("m", "Merge", "enter", "next")
        + node("s", "Switch", "m", "m")
        + node("next", "NextIteration", "s:1")
        + node("out", "Exit", "s")
    )
    assert one_sided(graph.nodes) == frozenset()
