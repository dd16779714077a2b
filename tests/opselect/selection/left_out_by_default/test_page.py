"""docs/criteria.md shows the criteria as they are, and how much they explain."""

from __future__ import annotations

import pytest

from tests.opselect.selection.left_out_by_default.criteria_page import PAGE, expected, left_out, tables


def test_tables_are_up_to_date() -> None:
    assert tables(PAGE.read_text()) == expected()


@pytest.mark.parametrize(
    ("release", "explained"), [("1.4", 0.68), ("1.13", 0.77), ("1.15", 0.78), ("2.4", 0.74), ("2.14", 0.83)]
)
def test_most_of_what_is_left_out_has_a_reason(release: str, explained: float) -> None:
    _, counts = left_out(release)
    assert 1 - counts["other"] / counts.total() > explained
