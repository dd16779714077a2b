"""References to tensors: text in, what it names out, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.models.graph import Node
from opselect.models.graph.references import (
    BEYOND_OUTPUTS,
    Reference,
    awaited,
    canonical,
    control_inputs,
    data_inputs,
    endpoint,
    input_node,
    is_control,
    is_tensor_name,
    of_node,
    output_index,
    waits_for,
)

WORDS = st.text("abz_/.-09", max_size=6)
OUTPUTS = st.text("abz_", min_size=1, max_size=4)
REFERENCES = st.builds(Reference, WORDS, st.integers(0, BEYOND_OUTPUTS), st.just("") | OUTPUTS, st.booleans())
TEXTS = st.text("^:na01", max_size=8)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("n", Reference("n")),
        ("n:0", Reference("n")),
        ("n:12", Reference("n", 12)),
        ("^n", Reference("n", is_control=True)),
        ("scope/n:out:1", Reference("scope/n", 1, "out")),
        ("n:out", Reference("n", 0, "out")),
        ("n:", Reference("n")),
        ("n:1234567890123", Reference("n", BEYOND_OUTPUTS)),
        ("n:-1", Reference("n", 0, "-1")),
        ("n:²", Reference("n", 0, "²")),
    ],
)
def test_what_a_text_names(text: str, reference: Reference) -> None:
    assert Reference.parse(text) == reference


@given(REFERENCES)
def test_a_reference_is_read_from_what_it_prints(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference


@given(TEXTS)
def test_any_text_is_printed_as_what_it_was_read_as(text: str) -> None:
    assert Reference.parse(str(Reference.parse(text))) == Reference.parse(text)


@given(TEXTS)
def test_the_short_questions_agree_with_the_whole_answer(text: str) -> None:
    reference = Reference.parse(text)
    assert (input_node(text), is_control(text)) == (reference.node, reference.is_control)
    assert endpoint(text) == reference.endpoint == (reference.node, reference.position)
    assert Reference.parse(canonical(text)) == reference


@given(TEXTS, st.text("mz/", max_size=4))
def test_another_node_takes_the_place_of_one(text: str, node: str) -> None:
    moved = of_node(text, node)
    assert Reference.parse(moved) == Reference.parse(text)._replace(node=node)
    assert of_node(moved, input_node(text)) == text


@given(WORDS)
def test_what_waits_for_a_node(name: str) -> None:
    assert Reference.parse(waits_for(name)) == Reference(name, is_control=True)


def test_spellings_of_one_tensor() -> None:
    assert [canonical(text) for text in ("n", "n:0", "n:1", "^n")] == ["n:0", "n:0", "n:1", "^n"]
    assert [str(Reference.parse(text)) for text in ("n:0", "n:1", "^n", "n:o:0")] == ["n", "n:1", "^n", "n:o:0"]


def test_names_of_tensors_in_graphs() -> None:
    texts = ("n", "n:0", "n:3", "n:123456789", "n:1234567890", "n:out", "n:out:0", "n:", "^n")
    assert [is_tensor_name(text) for text in texts] == [True, True, True, True, False, False, False, False, True]
    assert [output_index(text) for text in texts] == [0, 0, 3, 123456789, None, None, None, 0, None]


def test_inputs_by_what_they_carry() -> None:
    node = Node("n", "Add", ("a", "b:1", "^c", "^d"))
    assert data_inputs(node) == ("a", "b:1")
    assert control_inputs(node) == ("^c", "^d")
    assert awaited(node) == ("c", "d")
