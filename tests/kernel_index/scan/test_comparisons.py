"""Conditions that compare macros with numbers: a text in, what is compared and the values to try out."""

from __future__ import annotations

import pytest

from kernel_index.scan.comparisons import Comparison, comparisons, values_to_try


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("A >= 0x10", ("A", ">=", "0x10")),
        ("A >= 0b1'0", ("A", ">=", "0b1'0")),
        ("5 < A", ("A", ">", "5")),
        ("5 >= A", ("A", "<=", "5")),
        ("defined(A) && (A) == 2L", ("A", "==", "2L")),
    ],
)
def test_the_macro_comes_first(condition: str, expected: tuple[str, str, str]) -> None:
    assert list(comparisons(condition, "A")) == [Comparison(*expected)]


@pytest.mark.parametrize("condition", ["A << 2", "BA > 2", "A > 2 * B", "B > 2", "A.b > 2", "$A > 2", "A$ > 2"])
def test_what_is_no_comparison_of_the_macro_with_a_number(condition: str) -> None:
    assert list(comparisons(condition, "A")) == []


def test_a_value_is_on_one_side() -> None:
    less = Comparison("A", "<", "7")
    assert (less.for_value(6), less.for_value(7)) == ("A < 7", "A >= 7")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("A >= 5", [5, 6, 4, 25, 160]),
        ("A < 5", [4, 5, 6, 25, 160]),
        ("A == 0", [0, 1]),
        ("A * 2 > 3", [2, 3, 1, 4, 6, 9, 8, 16, 12, 24]),
        ("B * 2 > 3", []),
        ("B > 3 && A", []),
        ("defined(A)", []),
    ],
)
def test_values_to_try_are_on_either_side_likely_ones_first(condition: str, expected: list[int]) -> None:
    assert values_to_try("A", [condition]) == expected
