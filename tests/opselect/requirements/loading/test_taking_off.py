"""Attrs that a release refuses and does not need are taken off; the result is what the release takes."""

from __future__ import annotations

from opselect.models.graph import expand_functions
from opselect.requirements.loading import collect_loads, judge, take_off
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.requirements.loading.op_specs import op, release

X = node("x", "Placeholder", attrs="dtype: type: DT_FLOAT")
CONV = op("Conv2D(input: T, filter: T) -> output: T | T: type")
DEFAULT = "dilations: list { i: [1, 1, 1, 1] }"


def taken(text: str, version: str = "1.4.1", *, left: int = 0) -> list[str]:
    """What is taken off; ``left`` is how many refusals remain."""
    index = release(CONV, op("StatelessIf() -> y: int32"), version=version)
    graph, gone = take_off(graph_of(text), index)
    loads = collect_loads(graph, expand_functions(graph, graph.nodes, "m"), index, "m")
    assert len(judge(loads, index).refused) == left
    assert take_off(graph, index) == (graph, ())
    return [str(each) for each in gone]


def test_defaults_of_later_releases_go_from_functions_too() -> None:
    attrs = f"T: type: DT_FLOAT; _mine: i: 1; {DEFAULT}"
    body = function("f", node("c", "Conv2D", "a", "a", attrs=attrs), inputs="a", returns="r=c:output:0")
    text = X + node("c", "Conv2D", "x", "x", attrs=attrs) + node("call", "f", "x") + body
    assert taken(text) == ["dilations of Conv2D (2 nodes)"]
    assert taken(text, "2.5.3") == []


def test_other_values_stay() -> None:
    other = "T: type: DT_FLOAT; dilations: list { i: [1, 2, 2, 1] }"
    assert taken(X + node("c", "Conv2D", "x", "x", attrs=other), left=1) == []
    assert taken(X + node("c", "Conv2D", "x", "x", attrs="T: type: DT_FLOAT; colour: i: 1"), left=1) == []


def test_a_function_with_the_name_of_an_op_is_none() -> None:
    body = function("Conv2D", node("r", "Relu", "a"), inputs="a", returns="r=r:y:0")
    graph = graph_of(X + node("c", "Conv2D", "x", attrs=DEFAULT) + body)
    assert take_off(graph, release(CONV)) == (graph, ())


def test_floats_are_compared_as_files_store_them() -> None:
    text = X + node("l", "LeakyRelu", "x", attrs="alpha: f: 0.2; T: type: DT_FLOAT")
    index = release(op("LeakyRelu(x: T) -> y: T | T: type"))
    assert [str(each) for each in take_off(graph_of(text), index)[1]] == ["alpha of LeakyRelu (1 node)"]


def test_the_wish_to_be_lowered_goes_where_it_ends_the_session() -> None:
    text = node("s", "StatelessIf", attrs="_lower_using_switch_merge: b: true")
    assert taken(text, "1.12.3") == []
    assert taken(text, "1.13.2") == ["_lower_using_switch_merge of StatelessIf (1 node)"]
    assert taken(text, "1.15.5") == []
