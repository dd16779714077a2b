"""Lists of required operators in, one list out that has what each needs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.onnxruntime.merging import merged
from opselect.onnxruntime.operators import RequiredOperators, TypeEntry
from tests.opselect.onnxruntime.lists import DOMAINS, NAMES, OPSETS, POSITIONS, TYPES, required_operators

Need = tuple[object, ...]


def needs(required: RequiredOperators) -> set[Need]:
    """Everything that a build must have, one by one: operators of opsets, and types at places of operators."""
    found: set[Need] = set()
    triples = list(product(TYPES, repeat=3))
    for domain, opset, name in product(DOMAINS, OPSETS, NAMES):
        if not required.all_operators and name not in required.operators.get((domain, opset), frozenset()):
            continue
        entry = required.types.get((domain, name))
        found.add((domain, opset, name))
        for position, kind in product(TYPES, POSITIONS):
            place, number = kind
            restricting = {} if entry is None else entry.inputs if place == "inputs" else entry.outputs
            in_entry = number not in restricting or position in restricting[number]
            if in_entry and (required.allowed_types is None or position in required.allowed_types):
                found.add((domain, name, place, number, position))
        for triple in triples:
            in_entry = entry is None or not entry.custom or triple in entry.custom
            if in_entry and (required.allowed_types is None or required.allowed_types.issuperset(triple)):
                found.add((domain, name, triple))
    return found


def needs_of_all(lists: Sequence[RequiredOperators]) -> set[Need]:
    return set().union(*map(needs, lists))


LISTS = st.lists(required_operators(), min_size=1, max_size=4)


@given(LISTS)
def test_together_they_have_what_each_needs(lists: list[RequiredOperators]) -> None:
    assert needs(merged(lists)) >= needs_of_all(lists)


@given(LISTS)
def test_and_no_more_where_that_can_be_said(lists: list[RequiredOperators]) -> None:
    if len({each.allowed_types for each in lists if needs(each)}) < 2:
        assert needs(merged(lists)) == needs_of_all(lists)


@given(LISTS)
def test_types_of_all_operators_are_never_more_than_those_named(lists: list[RequiredOperators]) -> None:
    restricting = [each.allowed_types for each in lists if needs(each)]
    known = [types for types in restricting if types is not None]
    together = merged(lists)
    if known and len(known) == len(restricting):
        assert together.allowed_types == frozenset().union(*known)
    assert not (together.allowed_types is not None and together.types)


@given(required_operators(), required_operators(), required_operators())
def test_order_and_groups_make_no_difference(
    one: RequiredOperators, other: RequiredOperators, third: RequiredOperators
) -> None:
    assert merged([one, other]) == merged([other, one])
    together = merged([one, other, third])
    assert merged([merged([one, other]), third]) == together
    assert merged([one, merged([other, third])]) == together


@given(required_operators())
def test_what_is_there_twice_counts_once(one: RequiredOperators) -> None:
    assert merged([one]) == one
    assert merged([one, one]) == one


@given(required_operators())
def test_a_list_without_operators_changes_nothing(one: RequiredOperators) -> None:
    if one.operators or one.all_operators:
        assert merged([one, RequiredOperators({})]) == one


FLOAT = frozenset({"float"})
ADD = {("ai.onnx", 13): frozenset({"Add"})}
ADD_FLOAT = RequiredOperators(ADD, {("ai.onnx", "Add"): TypeEntry({0: FLOAT})})


def test_positions_that_only_one_restricts_are_not_restricted() -> None:
    both = RequiredOperators(ADD, {("ai.onnx", "Add"): TypeEntry({0: frozenset({"int8_t"}), 1: FLOAT}, {0: FLOAT})})
    assert merged([ADD_FLOAT, both]).types == {("ai.onnx", "Add"): TypeEntry({0: frozenset({"float", "int8_t"})})}


def test_an_entry_of_which_nothing_is_left_is_none() -> None:
    outputs = RequiredOperators(ADD, {("ai.onnx", "Add"): TypeEntry({}, {0: FLOAT})})
    assert merged([ADD_FLOAT, outputs]) == RequiredOperators(ADD)


def test_types_of_an_operator_hold_in_all_opsets() -> None:
    """ONNX Runtime knows no types of one opset: who needs another opset with all types needs them in each."""
    later = RequiredOperators({("ai.onnx", 14): frozenset({"Add"})})
    assert merged([ADD_FLOAT, later]).types == {}


def test_entries_and_types_for_all_operators_cannot_stand_together() -> None:
    everywhere = RequiredOperators({("ai.onnx", 13): frozenset({"Mul"})}, {}, FLOAT)
    together = merged([ADD_FLOAT, everywhere])
    assert together.allowed_types is None
    assert together.types == ADD_FLOAT.types
    assert together.operators == {("ai.onnx", 13): frozenset({"Add", "Mul"})}


def test_all_operators_and_some_are_all() -> None:
    everything = RequiredOperators({}, all_operators=True)
    assert merged([ADD_FLOAT, everything]) == everything
    assert merged([RequiredOperators({}, {}, FLOAT, all_operators=True), everything]) == everything


@pytest.mark.parametrize("lists", [[], [RequiredOperators({})]])
def test_nothing_needs_nothing(lists: list[RequiredOperators]) -> None:
    assert merged(lists) == RequiredOperators({})
