"""Documents that fit on a page: names that act on nobody, rows and nodes that are counted where they are left out."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.report.document import Column, Document, Figure, ModelRow, PageTable, Remark, Tree, TypeMatrix
from opselect.report.fitting import LEVELS, Limits, fitted
from opselect.report.packing import packed_json
from opselect.report.page import byte_size, data_text
from tests.opselect.report.reading import unpacked

HOSTILE = "</script><script>alert(1)</script>\u202e\x1b[31m\udc80\x00\u2028&<!--\u2066"


def document(name: str = "Relu", rows: int = 3, nodes: int = 5) -> Document:
    """A document in which a name stands everywhere."""
    return Document(
        kind="audit",
        title=name,
        subtitle=name,
        made_by="opselect",
        figures=(Figure(name, 10, "bytes", name),),
        budget=None,
        would_go=None,
        diff=None,
        findings=(Remark("OPS101", "missing", name, name),),
        trees=(
            Tree(
                *("op", "By op", name, (name,) * nodes),
                parents=(-1, *(0,) * (nodes - 1)),
                own=(0, *range(1, nodes)),
                retained=(None,) * nodes,
                kernels=(1,) * nodes,
                details=(name,) * nodes,
                states=("needed",) * nodes,
            ),
        ),
        matrix=TypeMatrix(("DT_FLOAT",), tuple((f"{name}{number}", "mnup"[number % 4]) for number in range(rows))),
        tables=(
            PageTable(
                *("ops", name, (Column("op", "Op", "text"), Column("own", "Own", "bytes"))),
                tuple((name, number) for number in range(rows)),
            ),
        ),
        models=tuple(ModelRow(name, "", "", 1, 2, "") for _ in range(rows)),
    )


def texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.items() for text in texts(each)]
    return [text for each in value for text in texts(each)] if isinstance(value, list | tuple) else []


def test_names_that_act_are_seen_and_end_no_element() -> None:
    text = data_text(fitted(document(HOSTILE), Limits()))
    assert text.isprintable()
    assert not set("<>&") & set(text)
    text.encode()
    shown = unpacked(json.loads(text))["title"]
    assert shown == "</script><script>alert(1)</script>\\u202e\\x1b[31m\\udc80\\x00\\u2028&<!--\\u2066"


def test_an_endless_name_is_cut_and_says_so() -> None:
    found = fitted(document("x" * 1_000_000), Limits())
    assert max(map(len, texts(found.to_json()))) < 400
    assert "(1,000,000 characters)" in found.title


def test_rows_that_are_left_out_are_counted() -> None:
    found = fitted(document(rows=30, nodes=30), Limits(rows=10, nodes=10, models=7))
    (table,) = found.tables
    assert (len(table.rows), table.more) == (10, 20)
    assert (len(found.models), found.models_more) == (7, 23)
    (tree,) = found.trees
    assert tree.names[-1] == "[20 more]"
    assert sum(tree.own) == sum(range(30))


def test_findings_that_are_left_out_are_counted() -> None:
    found = replace(document(), findings=document().findings * 5)
    assert fitted(found, Limits(findings=5)).findings == found.findings
    (rest,) = fitted(found, Limits(findings=2)).findings[2:]
    assert rest.reason.startswith("3 more findings are not shown here")


def test_of_many_ops_the_matrix_keeps_what_is_missing() -> None:
    found = fitted(document(rows=40), Limits(rows=10)).matrix
    assert found is not None
    assert [letter for _, letter in found.rows] == ["m"] * 10
    assert found.note == "30 more ops are not shown."


def test_a_document_that_fits_is_the_same() -> None:
    assert fitted(document(), Limits()) == document()
    assert document().models_more == 0


def test_levels_keep_less_and_less() -> None:
    assert all(more > less for one, other in pairwise(LEVELS) for more, less in zip(one, other, strict=True))


@given(st.text(max_size=20), st.integers(0, 5))
def test_a_packed_document_is_the_same_with_its_words(name: str, rows: int) -> None:
    found = document(name, rows=rows)
    plain = json.loads(json.dumps(found.to_json()))
    assert unpacked(json.loads(json.dumps(packed_json(found)))) == plain


def test_a_cell_without_text_stays_without() -> None:
    found = document()
    (table,) = found.tables
    found = replace(found, tables=(replace(table, rows=((None, None),)),))
    assert json.loads(data_text(found))["tables"][0]["rows"] == [[None, None]]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        *((0, "0 bytes"), (1, "1 byte"), (-1, "-1 byte"), (999, "999 bytes"), (1234, "1.2 kB"), (999_960, "1.0 MB")),
        *((548_532_368, "548.5 MB"), (-2_500_000, "-2.5 MB"), (5_000_000_000_000, "5000.0 GB")),
    ],
)
def test_sizes_in_steps_of_a_thousand(count: int, text: str) -> None:
    assert byte_size(count) == text
