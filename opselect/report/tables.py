"""Tables of a page, made of rows and of what their columns are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.records import Constraint
from kernel_index.records_json import allowed_json
from opselect.report.document import Cell, Column, ColumnKind, PageTable

Head = tuple[str, str, ColumnKind]
"""A column: its name, its label and what its cells are."""


def table(key: str, caption: str, heads: Sequence[Head], rows: Iterable[tuple[Cell, ...]]) -> PageTable:
    """A table of all the rows."""
    return PageTable(key, caption, tuple(Column(*head) for head in heads), tuple(rows))


def with_rows(tables: Iterable[PageTable]) -> tuple[PageTable, ...]:
    """The tables that have rows."""
    return tuple(each for each in tables if each.rows)


def constraints_text(constraints: Iterable[Constraint]) -> str:
    """What a kernel is for: ``T=DT_FLOAT|DT_HALF; Tidx=DT_INT32``."""
    return "; ".join(sorted(f"{each.attr}={'|'.join(map(str, allowed_json(each.allowed)))}" for each in constraints))
