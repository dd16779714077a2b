"""The budget of a binary, limit by limit: those that are exceeded first, and then those that hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from opselect.audit.audited import Audit
from opselect.report.document import BudgetRow

if TYPE_CHECKING:
    from opselect.audit.budget import Budget, OverBudget

MAX_OF_A_LIMIT = 50
"""So many ops that exceed the same limit have rows of their own; one row has the others."""


def budget_rows(
    budget: Budget, exceeded: Sequence[OverBudget], audit: Audit, old: Audit | None
) -> tuple[BudgetRow, ...]:
    """A row for each op that exceeds a limit, and for each limit that holds, with what comes next to it."""
    limits: dict[str, list[OverBudget]] = {}
    for each in exceeded:
        limits.setdefault(each.limit, []).append(each)
    over = [row for its in limits.values() for row in _exceeded(its)]
    within = [
        BudgetRow(limit, number, most, over=False)
        for limit, number, most in _numbers(budget, audit, old)
        if most is not None and limit not in limits
    ]
    return (*over, *within)


def _exceeded(its: Sequence[OverBudget]) -> Iterator[BudgetRow]:
    largest = sorted(its, key=lambda each: (-each.number, each.subject))
    for each in largest[:MAX_OF_A_LIMIT]:
        of_any = each.subject and not each.limit.startswith("ops.")
        what = f"{each.limit} ({each.subject})" if of_any else each.limit
        finding = each.finding
        yield BudgetRow(what, each.number, each.most, over=True, reason=finding.reason, mend=finding.advice)
    others = largest[MAX_OF_A_LIMIT:]
    if others:
        first = others[0]
        what = f"{first.limit} ({len(others):,} more ops)"
        reason = f"{first.limit}: {len(others):,} more ops exceed it; the table of ops has all"
        yield BudgetRow(what, first.number, first.most, over=True, reason=reason, mend=first.finding.advice)


def _numbers(budget: Budget, audit: Audit, old: Audit | None) -> Iterator[tuple[str, int, int | None]]:
    """Each limit, the largest number that it is about, and what that may be; None where it limits nothing."""
    costs = {row.name: row.retained_bytes or 0 for row in audit.rows("op")}
    yield "total", audit.size, budget.total
    for op, most in budget.ops.items():
        yield f"ops.{op}", costs.get(op, 0), most
    yield "any_op", max((cost for op, cost in costs.items() if op not in budget.ops), default=0), budget.any_op
    if old is not None:
        before = {row.name: row.retained_bytes or 0 for row in old.rows("op")}
        yield "growth", audit.size - old.size, budget.growth
        grown = max((cost - before.get(op, 0) for op, cost in costs.items()), default=0)
        yield "any_op_growth", grown, budget.any_op_growth
