"""Budgets of binaries, limit by limit."""

from __future__ import annotations

from pathlib import Path

from opselect.audit.budget import over_budget, read_budget
from opselect.report.budget_rows import MAX_OF_A_LIMIT, budget_rows
from opselect.report.document import BudgetRow
from tests.opselect.audit.made_up import audit, kernel


def rows(tmp_path: Path, text: str, ops: int) -> tuple[BudgetRow, ...]:
    """The rows of a budget of a binary with so many ops, of 100, 101 … bytes, of which twice as much would go."""
    path = tmp_path / "budget.yaml"
    path.write_text(text)
    found = audit(*(kernel(f"Op{number:03}") for number in range(ops)), own=range(100, 100 + ops), size=10**6)
    budget = read_budget(str(path))
    return budget_rows(budget, tuple(over_budget(budget, found)), found, None)


def test_limits_that_hold_say_what_comes_next_to_them(tmp_path: Path) -> None:
    text = "total: 2 MB\nany_op: 1 kB\nops: {Op001: 1 kB, Absent: 1 kB}\n"
    assert rows(tmp_path, text, 3) == (
        BudgetRow("total", 10**6, 2 * 10**6, over=False),
        BudgetRow("ops.Op001", 202, 1000, over=False),
        BudgetRow("ops.Absent", 0, 1000, over=False),
        BudgetRow("any_op", 204, 1000, over=False),
    )


def test_ops_that_exceed_the_same_limit_are_the_largest_first(tmp_path: Path) -> None:
    found = rows(tmp_path, "any_op: 1\nops: {Op001: 1}\n", 3)
    assert [(row.what, row.number, row.over) for row in found] == [
        ("any_op (Op002)", 204, True),
        ("any_op (Op000)", 200, True),
        ("ops.Op001", 202, True),
    ]
    assert all(row.reason and row.mend for row in found)


def test_of_very_many_ops_the_last_row_counts_the_others(tmp_path: Path) -> None:
    found = rows(tmp_path, "any_op: 1\n", MAX_OF_A_LIMIT + 7)
    assert len(found) == MAX_OF_A_LIMIT + 1
    assert found[-1].what == "any_op (7 more ops)"
    assert found[-1].number == 2 * (100 + 6)
