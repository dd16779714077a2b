"""A document as the page carries it: every text of its trees and tables once, for most stand there several times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields, replace

from kernel_index.records_json import Json
from opselect.report.document import Cell, Document

_TEXTS = ("text", "state")
"""The kinds of columns whose cells are texts."""
_FREQUENT = ("", "needed", "unused", "missing")
"""Texts with small numbers."""


def packed_json(document: Document) -> Json:
    """:meth:`Document.to_json` with the key ``words``.

    In it the names, details and states of trees, and the cells of columns of text, are numbers of ``words``.
    """
    numbers = {text: number for number, text in enumerate(_FREQUENT)}

    def packed(texts: Iterable[str]) -> list[int]:
        return [numbers.setdefault(text, len(numbers)) for text in texts]

    # Most of a document are its trees and tables; what makes JSON of any record takes as long as all the rest.
    trees = [
        {
            **{each.name: getattr(tree, each.name) for each in fields(tree)},
            **{name: packed(getattr(tree, name)) for name in ("names", "details", "states")},
        }
        for tree in document.trees
    ]
    tables = []
    for table in document.tables:
        places = [at for at, column in enumerate(table.columns) if column.kind in _TEXTS]
        rows: list[list[Cell]] = [list(row) for row in table.rows]
        for row in rows:
            for at in places:
                cell = row[at]
                if isinstance(cell, str):
                    row[at] = numbers.setdefault(cell, len(numbers))
        tables.append({**asdict(replace(table, rows=())), "rows": rows})
    plain = replace(document, trees=(), tables=()).to_json()
    return {**plain, "trees": trees, "tables": tables, "words": list(numbers)}
