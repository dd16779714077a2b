"""A document cut so that it fits on a page: names that nobody can read, and rows and nodes that are too many.

What is left out of a table is counted there; nodes that are left out of a tree stand in one node beside their
neighbours, so that all bytes are still there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, NamedTuple, TypeVar

from kernel_index.shown import shortened, visible
from opselect.report.document import BudgetRow, Document, PageTable, Remark, Tree, TypeMatrix
from opselect.report.trees import pruned


class Limits(NamedTuple):
    """How much of a document is kept.

    Characters of a word and of a text, rows of a table, nodes of a tree, models, findings, and parts: figures, limits
    of budgets, trees and tables, so many of each, for pages of many builds have many.
    """

    word: int = 300
    text: int = 3_000
    rows: int = 12_000
    nodes: int = 14_000
    models: int = 500
    findings: int = 300
    parts: int = 2_000


LEVELS = (
    Limits(),
    Limits(160, 1_000, 10_000, 8_000, 300, 200, 1_000),
    Limits(120, 500, 3_000, 3_000, 100, 150, 300),
    Limits(80, 200, 800, 800, 50, 100, 100),
    Limits(60, 120, 200, 200, 20, 50, 40),
    Limits(40, 60, 50, 50, 10, 20, 20),
)
"""From all that one can look through to what fits in any case."""


def fitted(document: Document, limits: Limits) -> Document:
    """The document with names that act on nobody, and not more of it than the limits say."""
    matrix = _fewer_ops(document.matrix, limits.rows) if document.matrix is not None else None
    cut = replace(
        document,
        figures=document.figures[: limits.parts],
        budget=_fewer_limits(document.budget, limits.parts),
        trees=tuple(pruned(each, limits.nodes) for each in document.trees[: limits.parts]),
        tables=tuple(_shorter(each, limits.rows) for each in document.tables[: limits.parts]),
        findings=(*_fewer_findings(document.findings, limits.findings), *_left_out(document, limits.parts)),
        models=document.models[: limits.models],
        models_more=document.models_more + max(len(document.models) - limits.models, 0),
    )
    known: dict[str, str] = {}

    def shown(text: str) -> str:
        found = known.get(text)
        if found is None:
            found = known[text] = shortened(visible(text), limits.word, limits.text)
        return found

    return replace(
        _with_texts(replace(cut, trees=(), tables=(), matrix=None), shown),
        matrix=_shown_matrix(matrix, shown) if matrix is not None else None,
        trees=tuple(_shown_tree(each, shown) for each in cut.trees),
        tables=tuple(_shown_table(each, shown) for each in cut.tables),
    )


def _shown_tree(tree: Tree, shown: Callable[[str], str]) -> Tree:
    return replace(
        tree,
        label=shown(tree.label),
        note=shown(tree.note),
        names=tuple(map(shown, tree.names)),
        details=tuple(map(shown, tree.details)),
        states=tuple(map(shown, tree.states)),
    )


def _shown_table(table: PageTable, shown: Callable[[str], str]) -> PageTable:
    rows = tuple(tuple(shown(cell) if isinstance(cell, str) else cell for cell in row) for row in table.rows)
    columns = tuple(replace(column, label=shown(column.label)) for column in table.columns)
    return replace(table, caption=shown(table.caption), columns=columns, rows=rows)


def _shown_matrix(matrix: TypeMatrix, shown: Callable[[str], str]) -> TypeMatrix:
    """The letters of a row are no word: they stay, however many types there are."""
    rows = tuple((shown(op), letters) for op, letters in matrix.rows)
    return TypeMatrix(tuple(map(shown, matrix.dtypes)), rows, shown(matrix.note))


_Value = TypeVar("_Value")


def _with_texts(value: _Value, change: Callable[[str], str]) -> _Value:
    """The same value with all texts in it changed."""
    made: Any = value
    if isinstance(value, str):
        made = change(value)
    elif isinstance(value, tuple):
        made = tuple(_with_texts(each, change) for each in value)
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(value, **{each.name: _with_texts(getattr(value, each.name), change) for each in fields(value)})
    return made  # type: ignore[no-any-return] # of the type that it was


def _shorter(table: PageTable, most: int) -> PageTable:
    left_out = max(len(table.rows) - most, 0)
    return replace(table, rows=table.rows[:most], more=table.more + left_out) if left_out else table


def _fewer_findings(findings: tuple[Remark, ...], most: int) -> tuple[Remark, ...]:
    """What is missing ends first, for that is a table, too; what nobody could judge stands nowhere else."""
    if len(findings) <= most:
        return findings
    missing = [each for each in findings if each.severity == "missing"]
    others = [each for each in findings if each.severity != "missing"]
    kept = missing[: max(most - len(others), most // 2)]
    kept += others[: most - len(kept)]
    text = f"{len(findings) - len(kept):,} more findings are not shown here; what is missing is a table, too."
    return (*kept, Remark("", "note", text, ""))


def _fewer_limits(budget: tuple[BudgetRow, ...] | None, most: int) -> tuple[BudgetRow, ...] | None:
    """The limits that are exceeded first, where not all fit."""
    if budget is None or len(budget) <= most:
        return budget
    return tuple(sorted(budget, key=lambda row: not row.over))[:most]


def _left_out(document: Document, most: int) -> Iterator[Remark]:
    """What is left out of the parts of which there are many only on pages of many builds."""
    parts = {
        "figures": document.figures,
        "limits of budgets": document.budget or (),
        "trees of bytes": document.trees,
        "tables": document.tables,
    }
    for name, its in parts.items():
        if len(its) > most:
            yield Remark("", "note", f"{len(its) - most:,} more {name} are not shown.", "")


def _fewer_ops(matrix: TypeMatrix, most: int) -> TypeMatrix:
    """The ops with something missing or needed first, where not all fit; sorted by name as before."""
    if len(matrix.rows) <= most:
        return matrix
    rank = {letter: at for at, letter in enumerate("m?nup.")}
    first = sorted(matrix.rows, key=lambda row: (min(rank[letter] for letter in row[1]), row[0]))[:most]
    left_out = f"{len(matrix.rows) - most:,} more ops are not shown."
    return replace(matrix, rows=tuple(sorted(first)), note=f"{matrix.note} {left_out}".strip())
