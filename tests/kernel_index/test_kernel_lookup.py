from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from kernel_index.kernel_lookup import Ambiguous, BadAttr, Found, NotFound, find_kernel, value_text
from kernel_index.records import AttrScalar, AttrValue, Constraint
from tests.opselect.sample import DOUBLE, FLOAT, HALF, INT32, kernel


def test_the_kernel_whose_constraint_admits_the_type() -> None:
    floats, ints = kernel("Mul", FLOAT, HALF), kernel("Mul", INT32)
    assert find_kernel([floats, ints], {"T": INT32}) == Found(ints)
    assert find_kernel([floats, ints], {"T": HALF, "other": "x"}) == Found(floats)
    assert find_kernel([floats, ints], {"T": DOUBLE}) == NotFound((floats, ints))
    assert find_kernel([], {}) == NotFound(())


def test_no_constraints_admit_everything() -> None:
    anything = kernel("NoOp")
    assert find_kernel([anything], {}) == Found(anything)


def test_a_constraint_without_values_is_a_defect_of_the_index() -> None:
    damaged = replace(kernel("Mul", FLOAT), constraints=(Constraint("T", ()),))
    outcome = find_kernel([damaged], {"T": FLOAT})
    assert isinstance(outcome, BadAttr)
    assert "has no values" in outcome.problem


def test_every_element_of_a_type_list_must_be_admitted() -> None:
    numbers = kernel("IdentityN", FLOAT, INT32)
    assert find_kernel([numbers], {"T": (FLOAT, INT32, FLOAT)}) == Found(numbers)
    assert find_kernel([numbers], {"T": ()}) == Found(numbers)
    assert find_kernel([numbers], {"T": (FLOAT, DOUBLE)}) == NotFound((numbers,))


def test_cpu_comes_before_default_and_other_devices_never() -> None:
    cpu, default, gpu = (kernel("Id", FLOAT, device=device) for device in ("CPU", "DEFAULT", "GPU"))
    default_any = kernel("Id", DOUBLE, device="DEFAULT")
    everything = [gpu, default, default_any, cpu]
    assert find_kernel(everything, {"T": FLOAT}) == Found(cpu)
    assert find_kernel(everything, {"T": DOUBLE}) == Found(default_any)
    assert find_kernel([gpu], {"T": FLOAT}) == NotFound(())
    assert find_kernel(everything, {"T": FLOAT}, device="GPU") == Found(gpu)


def test_the_label_must_be_equal() -> None:
    plain, special = kernel("Conv2D", FLOAT), kernel("Conv2D", FLOAT, label="eigen_tensor")
    assert find_kernel([plain, special], {"T": FLOAT}) == Found(plain)
    assert find_kernel([plain, special], {"T": FLOAT}, label="eigen_tensor") == Found(special)
    assert find_kernel([plain, special], {"T": FLOAT}, label="custom") == NotFound(())


def test_highest_priority_wins_and_ties_are_refused() -> None:
    low, high, rival = kernel("A", FLOAT), kernel("A", FLOAT, priority=1), kernel("A", FLOAT, priority=1, line=11)
    assert find_kernel([low, high], {"T": FLOAT}) == Found(high)
    assert find_kernel([high, low, rival], {"T": FLOAT}) == Ambiguous((high, rival))


def test_default_kernels_tie_whatever_their_priority() -> None:
    low, high = (kernel("A", FLOAT, device="DEFAULT", priority=priority) for priority in (0, 1))
    assert find_kernel([low, high], {"T": FLOAT}) == Ambiguous((low, high))


def test_a_constraint_on_an_attr_that_the_node_lacks() -> None:
    constrained = kernel("Mul", FLOAT)
    outcome = find_kernel([constrained], {"other": FLOAT})
    assert isinstance(outcome, BadAttr)
    assert (outcome.registration, outcome.attr) == (constrained, "T")


@pytest.mark.parametrize(
    ("allowed", "value", "admitted"),
    [
        ("NHWC", "NHWC", True),
        ("NHWC", "NCHW", False),
        (1, 1, True),
        (1, 2, False),
        (True, True, True),
        (True, False, False),
    ],
)
def test_constraints_on_other_kinds(allowed: AttrScalar, value: AttrValue, admitted: bool) -> None:
    outcome = find_kernel([kernel("A", allowed, attr="x")], {"x": value})
    assert isinstance(outcome, Found if admitted else NotFound)


@pytest.mark.parametrize(
    ("allowed", "value"),
    [
        (FLOAT, 1),
        (FLOAT, True),
        (1, True),
        (True, 1),
        (1, FLOAT),
        ("1", 1),
        (FLOAT, "DT_FLOAT"),
        (FLOAT, (1,)),
        (1, (1,)),
    ],
)
def test_a_value_of_another_kind_is_no_mismatch_but_an_error(allowed: AttrScalar, value: AttrValue) -> None:
    outcome = find_kernel([kernel("A", allowed, attr="x")], {"x": value})
    assert isinstance(outcome, BadAttr)
    assert value_text(value) in outcome.problem


@given(st.lists(st.tuples(st.sampled_from([FLOAT, INT32, HALF]), st.integers(0, 2)), max_size=8), st.integers())
def test_the_order_of_registration_does_not_matter(kernels: list[tuple[DataType, int]], seed: int) -> None:
    registrations = [kernel("A", t, priority=p, line=line) for line, (t, p) in enumerate(kernels, start=1)]
    shuffled = random.Random(seed).sample(registrations, len(registrations))
    for wanted in (FLOAT, INT32, HALF, DOUBLE):
        outcome, again = (find_kernel(rs, {"T": wanted}) for rs in (registrations, shuffled))
        assert type(outcome) is type(again)
        priorities = sorted(p for t, p in kernels if t is wanted)
        if isinstance(outcome, Found):
            assert outcome == again
            assert outcome.registration.priority == priorities[-1]
            assert priorities.count(priorities[-1]) == 1
        else:
            assert isinstance(outcome, NotFound if not priorities else Ambiguous)


def test_values_are_spelled_as_in_messages() -> None:
    assert value_text((FLOAT, INT32)) == "[DT_FLOAT, DT_INT32]"
    assert value_text(True) == "true"
    assert value_text("NHWC") == '"NHWC"'
    assert value_text(3) == "3"
