"""What a page says, read as its script reads it."""

from __future__ import annotations

import json
import re
from typing import Any

_DATA = re.compile(r'<script type="application/json" id="document">(.*?)</script>', re.DOTALL)


def data_of(page: str) -> dict[str, Any]:
    """The document in a page, its numbers of words as words again."""
    (text,) = _DATA.findall(page)
    return unpacked(json.loads(text))


def unpacked(document: dict[str, Any]) -> dict[str, Any]:
    """A packed document as :meth:`opselect.report.document.Document.to_json` has it."""
    words = document.pop("words")
    for tree in document["trees"]:
        for column in ("names", "details", "states"):
            tree[column] = [words[number] for number in tree[column]]
    for table in document["tables"]:
        kinds = [column["kind"] for column in table["columns"]]
        table["rows"] = [
            [
                words[cell] if kind in ("text", "state") and cell is not None else cell
                for kind, cell in zip(kinds, row, strict=True)
            ]
            for row in table["rows"]
        ]
    return document


def rows_of(document: dict[str, Any], table: str) -> list[dict[str, Any]]:
    """The rows of a table by the names of its columns."""
    (found,) = [each for each in document["tables"] if each["id"] == table]
    names = [column["name"] for column in found["columns"]]
    return [dict(zip(names, row, strict=True)) for row in found["rows"]]


def paths_of(tree: dict[str, Any]) -> dict[tuple[str, ...], int]:
    """The nodes of a tree with bytes of their own, by the names from below the root."""
    found: dict[tuple[str, ...], int] = {}
    paths: list[tuple[str, ...]] = []
    for name, parent, own in zip(tree["names"], tree["parents"], tree["own"], strict=True):
        paths.append((*paths[parent], name) if parent >= 0 else ())
        if own:
            found[paths[-1]] = own
    return found


def totals_of(tree: dict[str, Any]) -> dict[tuple[str, ...], int]:
    """The bytes of each node with all below it."""
    found: dict[tuple[str, ...], int] = {}
    for path, own in paths_of(tree).items():
        for depth in range(len(path) + 1):
            found[path[:depth]] = found.get(path[:depth], 0) + own
    return found
