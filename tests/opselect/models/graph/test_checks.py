"""What is wrong with a graph, all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.errors import InputError
from opselect.models.formats import read_graph
from opselect.models.graph import check_graph, graph_problems
from tests.opselect.graph_text import function, graph_of, node

MODELS = Path(__file__).parents[4] / "fixtures" / "models"


@pytest.mark.parametrize("model", sorted(MODELS.glob("*.pb")), ids=lambda path: path.name)
def test_graphs_of_tensorflow_have_no_problems(model: Path) -> None:
    assert graph_problems(read_graph(model)) == ()


def test_all_problems_are_collected_in_order() -> None:
    graph = graph_of(
        node("a", "Placeholder")
        + node("b", "Add", "a", "c:1")
        + node("b", "Neg", "^gone")
        + node("x", "Neg", "z")
        + node("y", "Neg", "x:0")
        + node("z", "Neg", "^y")
    )
    assert graph_problems(graph) == (
        "two nodes are named 'b'",
        "node 'b' has an input 'c:1', which does not exist",
        "node 'b' has an input '^gone', which does not exist",
        "nodes form a cycle without NextIteration: 'x' → 'y' → 'z' → 'x'",
    )


def test_a_node_that_feeds_itself_is_a_cycle() -> None:
    assert graph_problems(graph_of(node("a", "Neg", "a"))) == ("nodes form a cycle without NextIteration: 'a' → 'a'",)


def test_nodes_behind_a_cycle_are_not_named() -> None:
    graph = graph_of(node("after", "Neg", "a") + node("a", "Neg", "b") + node("b", "Neg", "a"))
    (problem,) = graph_problems(graph)
    assert "after" not in problem


def loop(back: str) -> str:
    return (
        node("enter", "Enter")
        + node("merge", "Merge", "enter", "next")
        + node("body", "Neg", "merge")
        + node("next", back, "body")
    )


def test_a_while_loop_is_legal() -> None:
    assert graph_problems(graph_of(loop("NextIteration"))) == ()


def test_the_same_loop_without_next_iteration_is_not() -> None:
    (problem,) = graph_problems(graph_of(loop("Identity")))
    assert "'merge' → 'body' → 'next' → 'merge'" in problem


def test_next_iteration_into_anything_but_merge_is_not() -> None:
    text = loop("NextIteration").replace('"Merge"', '"Add"')
    assert len(graph_problems(graph_of(text))) == 1


def test_a_long_cycle_is_shortened() -> None:
    text = "".join(node(f"n{number}", "Neg", f"n{(number + 1) % 50}") for number in range(50))
    (problem,) = graph_problems(graph_of(text))
    assert "(38 more)" in problem


def test_a_chain_of_many_nodes_is_no_problem() -> None:
    text = node("n0", "NoOp") + "".join(node(f"n{number}", "Neg", f"n{number - 1}") for number in range(1, 5000))
    assert graph_problems(graph_of(text)) == ()


def test_function_bodies_are_checked_too() -> None:
    graph = graph_of(
        function(
            "f",
            node("a", "Neg", "x"),
            node("b", "Neg", "a:y:0", "^a", "nothing:y:0"),
            node("x", "Neg"),
            inputs="x",
            returns="r=b:y:0 s=gone:y:0 t=x",
        )
    )
    assert graph_problems(graph) == (
        "function 'f': two nodes are named 'x'",
        "function 'f': node 'b' has an input 'nothing:y:0', which does not exist",
        "function 'f': output 's' is 'gone:y:0', which does not exist",
    )


def test_cycle_in_a_function() -> None:
    graph = graph_of(function("f", node("a", "Neg", "b:y:0"), node("b", "Neg", "a:y:0")))
    assert graph_problems(graph) == ("function 'f': nodes form a cycle without NextIteration: 'a' → 'b' → 'a'",)


def test_function_defined_twice() -> None:
    twice = function("f", node("n", "NoOp")) * 2
    assert graph_problems(graph_of(twice)) == ()
    other = function("f", node("m", "NoOp"))
    assert graph_problems(graph_of(twice + other)) == ("function 'f' is defined twice",)


def test_one_error_lists_the_problems_and_counts_the_rest() -> None:
    graph = graph_of("".join(node(f"n{number:02}", "Neg", "gone") for number in range(14)))
    with pytest.raises(InputError) as caught:
        check_graph(graph, "models/x.pb")
    text = str(caught.value)
    assert text.startswith("models/x.pb: the graph is broken:")
    assert text.count("which does not exist") == 10
    assert "and 4 more" in text
    assert "export it again" in text
