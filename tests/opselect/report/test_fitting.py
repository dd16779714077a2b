"""Documents that fit on a page: names that act on nobody, rows and nodes that are counted where they are left out."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opselect.report.document import BudgetRow, Column, Document, Figure, ModelRow, PageTable, Remark, Tree, TypeMatrix
from opselect.report.fitting import LEVELS, Limits, fitted
from opselect.report.packing import packed_json
from opselect.report.page import MAX_BYTES, byte_size, data_text, page
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


def test_what_nobody_could_judge_stays_where_much_is_missing() -> None:
    unknown = Remark("", "unknown", "a model was not read", "")
    found = replace(document(), findings=(*document().findings * 9, unknown))
    assert [each.severity for each in fitted(found, Limits(findings=3)).findings] == [
        *("missing", "missing", "unknown", "note")
    ]
    found = replace(document(), findings=(*document().findings * 9, *(unknown,) * 9))
    assert [each.severity for each in fitted(found, Limits(findings=2)).findings] == ["missing", "unknown", "note"]


def test_of_many_ops_the_matrix_keeps_what_is_missing() -> None:
    found = fitted(document(rows=40), Limits(rows=10)).matrix
    assert found is not None
    assert [letter for _, letter in found.rows] == ["m"] * 10
    assert found.note == "30 more ops are not shown."


def test_parts_that_are_left_out_are_counted_and_what_is_exceeded_stays() -> None:
    whole = document()
    limits = tuple(BudgetRow(str(number), number, 8, over=number > 8) for number in range(10))
    whole = replace(whole, figures=whole.figures * 5, budget=limits, trees=whole.trees * 4, tables=whole.tables * 6)
    found = fitted(whole, Limits(parts=3))
    assert found.budget is not None
    assert [row.what for row in found.budget] == ["9", "0", "1"]
    assert [len(part) for part in (found.figures, found.trees, found.tables)] == [3, 3, 3]
    assert [each.reason for each in found.findings[1:]] == [
        "2 more figures are not shown.",
        "7 more limits of budgets are not shown.",
        "1 more trees of bytes are not shown.",
        "3 more tables are not shown.",
    ]


def test_letters_of_many_types_are_no_overlong_word() -> None:
    wide = TypeMatrix(tuple(f"DT_{number}" for number in range(70)), (("Relu", "mnup." * 14),))
    found = fitted(replace(document(), matrix=wide), Limits(word=20)).matrix
    assert found == wide


def test_the_last_level_fits_whatever_there_is() -> None:
    whole, word = document(), "\U0001f9e0" * 99
    one = replace(whole.tables[0], columns=tuple(Column(f"c{at}", "C", "text") for at in range(8)))
    rows = tuple(tuple(f"{table} {row} {at} {word}" for at in range(8)) for table in range(20) for row in range(50))
    nodes = tuple(f"{number} {word}" for number in range(60))
    tree = replace(document(nodes=60).trees[0], names=nodes, details=tuple(f"d {name}" for name in nodes))
    many = replace(
        whole,
        title=f"{word} " * 10,
        figures=(Figure(word, word, "text", f"{word} " * 9),) * 99,
        budget=(BudgetRow(word, 9, 8, True, f"{word} " * 9, f"{word} " * 9),) * 99,
        findings=whole.findings * 99,
        trees=(tree,) * 30,
        tables=tuple(replace(one, id=str(at), rows=rows[50 * at : 50 * at + 50]) for at in range(20)),
        models=tuple(ModelRow(f"{number} {word}", word, word, 1, 2, "a" * 64, word) for number in range(300)),
    )
    found = fitted(many, LEVELS[-1])
    assert len(page(found).encode()) <= MAX_BYTES


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
