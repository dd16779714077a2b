"""A graph in, what of it is for training only out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opselect.criteria import TRAINING
from opselect.requirements.collect import Requirement
from opselect.selection.left_out_by_default.phases import Phases
from opselect.selection.left_out_by_default.stages import Stages
from tests.opselect.graph_text import function, graph_of, node
from tests.opselect.sample import FLOAT, kernel
from tests.opselect.selection.left_out_by_default.lists import advised, found_in, mobile_index, op

FLAG = "dtype: type: DT_BOOL"


def conditional(flag: str, *inside: str) -> str:
    """A conditional of which one side computes ``inside``, each of what is before it, and the other nothing."""
    text = node("x", "Placeholder") + node("sides", "Switch", "x", flag)
    last = "sides:1"
    for number, name in enumerate(inside):
        text += node(f"in{number}", name, last)
        last = f"in{number}"
    return text + node("merge", "Merge", "sides", last) + node("y", "Relu", "merge")


def covered(text: str) -> list[str]:
    """The nodes that are for training only."""
    graph = graph_of(text)
    phases = Phases(Stages(graph))
    return [each.name for each in graph.nodes if phases.covers(Requirement(each.op, nodes=(each.name,)))]


@pytest.mark.parametrize("ops", [("RandomUniform",), ("FusedBatchNorm",), ("Shape", "StatelessRandomUniform", "Mul")])
@pytest.mark.parametrize("flag", ["Placeholder", "PlaceholderWithDefault"])
def test_what_a_conditional_holds_tells_a_phase_whatever_its_name(flag: str, ops: tuple[str, ...]) -> None:
    text = node("default", "Const") + node("p", flag, "default", attrs=FLAG) + conditional("p", *ops)
    assert covered(text) == ["p", "sides", *(f"in{n}" for n in range(len(ops))), "merge"]


@pytest.mark.parametrize(
    "name", ["dropout_1/keras_learning_phase", "is_training", "net/training", "phase_train", "train"]
)
def test_names_tell_a_phase_whatever_the_conditional_holds(name: str) -> None:
    assert "in0" in covered(node(name, "Placeholder", attrs=FLAG) + conditional(name, "Neg"))


@pytest.mark.parametrize("name", ["use_gpu", "flag", "trainstation", "constraint"])
def test_other_flags_are_none(name: str) -> None:
    assert covered(node(name, "Placeholder", attrs=FLAG) + conditional(name, "Neg")) == []


def test_one_conditional_tells_for_all_that_ask_the_same_flag() -> None:
    pivot = node("pivot", "Switch", "p", "p") + node("switch_f", "Identity", "pivot")
    text = node("p", "Placeholder", attrs=FLAG) + pivot + conditional("p", "RandomUniform")
    assert {"pivot", "switch_f"} <= set(covered(text))


def test_a_predicate_may_be_made_of_a_phase() -> None:
    made = node("p", "Placeholder", attrs=FLAG) + node("not", "LogicalNot", "p") + node("same", "Identity", "not")
    assert "in0" in covered(made + conditional("same", "RandomUniform"))
    both = node("q", "Greater", "x", "x") + node("p", "Placeholder", attrs=FLAG) + node("and", "LogicalAnd", "p", "q")
    assert covered(both + conditional("and", "RandomUniform")) == []
    late = node("x", "Placeholder") + made + node("late", "Identity", "same", "^x")
    assert "in0" in covered(late + conditional("late", "RandomUniform").removeprefix(node("x", "Placeholder")))


def test_a_number_that_a_program_feeds_is_no_phase() -> None:
    assert covered(node("train", "Placeholder") + conditional("train", "RandomUniform")) == []


def test_a_functional_conditional() -> None:
    noise = function("noise", node("r", "RandomUniform"))
    text = node("p", "Placeholder", attrs=FLAG) + node("x", "Placeholder")
    text += node("if", "If", "p", "x", attrs="then_branch: func { name: 'noise' }") + node("y", "Relu", "if")
    assert covered(text + noise) == ["p", "if"]


def test_an_op_is_for_training_where_all_that_ask_for_it_are() -> None:
    index = mobile_index(
        [kernel("RandomUniform"), kernel("Neg"), kernel("Placeholder"), kernel("Switch", FLOAT)],
        ["placeholder.cc"],
        definitions=[op("Placeholder")],
    )
    text = node("p", "Placeholder", attrs=FLAG) + conditional("p", "RandomUniform", "Neg")
    found = {each.op: each.kind for each in found_in(graph_of(text), index)}
    assert (found["RandomUniform"], found["Neg"]) == (TRAINING.key, TRAINING.key)
    outside = found_in(graph_of(text + node("z", "Neg", "y")), index)
    assert {each.op: each.kind for each in outside}["Neg"] == "other"
    (advice,) = [advised(each) for each in outside if each.op == "RandomUniform"]
    assert (advice.action, advice.text) == ("change", TRAINING.advice)


def test_of_many_nodes_all_must_be_for_training() -> None:
    """A requirement names few examples; the others may stand outside."""
    text = node("p", "Placeholder", attrs=FLAG) + conditional("p", *["RandomUniform"] * 9)
    inside = tuple(f"in{number}" for number in range(5))
    many = Requirement("RandomUniform", count=9, nodes=inside)
    assert Phases(Stages(graph_of(text))).covers(many)
    assert not Phases(Stages(graph_of(text + node("z", "RandomUniform", "y")))).covers(replace(many, count=10))
