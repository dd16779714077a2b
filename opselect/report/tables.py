"""Tables of a page, made of rows and of what their columns are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from kernel_index.records import Constraint
from kernel_index.records_json import Json, allowed_json, attrs_json
from opselect.findings import Finding
from opselect.report.document import Cell, Column, ColumnKind, PageTable
from opselect.report.shared import some

Head = tuple[str, str, ColumnKind]
"""A column: its name, its label and what its cells are."""


def table(key: str, caption: str, heads: Sequence[Head], rows: Iterable[tuple[Cell, ...]]) -> PageTable:
    """A table of all the rows."""
    return PageTable(key, caption, tuple(Column(*head) for head in heads), tuple(rows))


def with_rows(tables: Iterable[PageTable]) -> tuple[PageTable, ...]:
    """The tables that have rows."""
    return tuple(each for each in tables if each.rows)


@cache
def constraints_text(constraints: tuple[Constraint, ...]) -> str:
    """What a kernel is for: ``T=DT_FLOAT|DT_HALF; Tidx=DT_INT32``."""
    return "; ".join(sorted(f"{each.attr}={'|'.join(map(str, allowed_json(each.allowed)))}" for each in constraints))


def missing_table(findings: Iterable[Finding]) -> PageTable:
    """What does not run, is not known to or is refused, with who asks for it."""
    heads: tuple[Head, ...] = (
        *(("op", "Op", "text"), ("attrs", "Attrs", "text"), ("device", "Device", "text"), ("code", "Code", "text")),
        *(("reason", "Why", "text"), ("mend", "What to do", "text")),
        *(("count", "Nodes", "count"), ("nodes", "Some nodes", "text"), ("models", "Some models", "text")),
    )
    rows = (
        (
            *(each.op, attrs_text(attrs_json(each.attrs)), each.device, each.code, each.reason, each.advice),
            *(each.count, some(each.nodes, 5), some(each.models, 5)),
        )
        for each in findings
    )
    return table("missing", "Missing, not known, or refused", heads, rows)


def attrs_text(attrs: Json) -> str:
    """Attrs as ``T=DT_FLOAT; N=2``."""
    texts = {name: "|".join(map(str, value)) if isinstance(value, list) else value for name, value in attrs.items()}
    return "; ".join(f"{name}={text}" for name, text in texts.items())


def joined_tables(builds: Sequence[tuple[str, Iterable[PageTable]]]) -> tuple[PageTable, ...]:
    """The tables of several builds, each kind one table with the name of the build in front; of one, its own."""
    if len(builds) == 1:
        return tuple(builds[0][1])
    found: dict[str, PageTable] = {}
    for name, tables in builds:
        for each in tables:
            rows = tuple((name, *row) for row in each.rows)
            before = found.get(each.id)
            if before is None:
                found[each.id] = replace(each, columns=(Column("build", "Build", "text"), *each.columns), rows=rows)
            else:
                found[each.id] = replace(before, rows=before.rows + rows)
    return tuple(found.values())
