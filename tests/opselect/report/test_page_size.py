"""A page opens quickly whatever is on it."""

from __future__ import annotations

from dataclasses import replace

from opselect.report.page import MAX_BYTES, made_page, page
from tests.opselect.report.reading import data_of
from tests.opselect.report.test_fitting import document


def test_a_page_of_very_many_long_names_has_three_megabytes_at_most() -> None:
    found = document(rows=9_000, nodes=9_000)
    (tree,), (table,) = found.trees, found.tables
    names = tuple(f"{number} {'long ' * 60}" for number in range(9_000))
    rows = tuple((f"{name}!", 1) for name in names)
    found = replace(found, trees=(replace(tree, names=names),), tables=(replace(table, rows=rows),))
    text, left_out = made_page(found)
    assert 100_000 < len(text.encode()) <= MAX_BYTES
    shown = data_of(text)
    assert sum(shown["trees"][0]["own"]) == sum(tree.own)
    assert len(shown["tables"][0]["rows"]) + shown["tables"][0]["more"] == 9_000
    assert shown["tables"][0]["more"] == left_out > 0


def test_a_small_page_has_all_of_it() -> None:
    found = document(rows=100, nodes=100)
    shown = data_of(page(found))
    assert (len(shown["tables"][0]["rows"]), shown["tables"][0]["more"]) == (100, 0)
    assert len(shown["trees"][0]["names"]) == 100
