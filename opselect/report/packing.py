"""A document as the page carries it: every text of its trees and tables once, for most stand there several times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kernel_index.records_json import Json
from opselect.report.document import Document

_TEXTS = ("text", "state")
"""The kinds of columns whose cells are texts."""
_FREQUENT = ("", "needed", "unused", "missing")
"""Texts with small numbers."""


def packed_json(document: Document) -> Json:
    """:meth:`Document.to_json` with the key ``words``.

    In it the names, details and states of trees, and the cells of columns of text, are numbers of ``words``.
    """
    found: dict[str, Any] = document.to_json()
    numbers = {text: number for number, text in enumerate(_FREQUENT)}

    def packed(texts: Iterable[str]) -> list[int]:
        return [numbers.setdefault(text, len(numbers)) for text in texts]

    for tree in found["trees"]:
        tree["names"] = packed(tree["names"])
        tree["details"] = packed(tree["details"])
        tree["states"] = packed(tree["states"])
    for table in found["tables"]:
        places = [at for at, column in enumerate(table["columns"]) if column["kind"] in _TEXTS]
        rows = [list(row) for row in table["rows"]]
        for row in rows:
            for at in places:
                if row[at] is not None:
                    row[at] = numbers.setdefault(row[at], len(numbers))
        table["rows"] = rows
    return {**found, "words": list(numbers)}
