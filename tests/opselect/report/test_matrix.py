"""Ops × data types, a letter a cell."""

from __future__ import annotations

import pytest

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint
from opselect.findings import Finding
from opselect.report.matrix import Mark, missing_mark, type_matrix, types_of

FLOAT, HALF, INT32 = DataType.DT_FLOAT, DataType.DT_HALF, DataType.DT_INT32


def test_letters_stand_under_types_in_the_order_of_their_numbers() -> None:
    found = type_matrix(
        [("Relu", (HALF,), "u"), ("Relu", (FLOAT,), "n"), ("MatMul", (INT32,), "m"), ("NoOp", (), "p")], "a note"
    )
    assert found is not None
    assert found.dtypes == ("DT_FLOAT", "DT_INT32", "DT_HALF", "any")
    assert found.rows == (("MatMul", ".m.."), ("NoOp", "...p"), ("Relu", "n.u."))
    assert found.note == "a note"


@pytest.mark.parametrize(
    ("letters", "shown"), [("un", "n"), ("nu", "n"), ("nm", "m"), ("mu", "m"), ("pp", "p"), ("?n", "?"), ("?m", "m")]
)
def test_nothing_that_is_missing_is_hidden(letters: str, shown: str) -> None:
    marks: list[Mark] = [("Relu", (FLOAT,), letter) for letter in letters]  # type: ignore[misc] # letters one by one
    found = type_matrix(marks, "")
    assert found is not None
    assert found.rows == (("Relu", shown),)


def test_there_is_no_matrix_of_nothing() -> None:
    assert type_matrix([], "") is None


def test_a_kernel_counts_for_the_types_of_its_first_constraint() -> None:
    assert types_of((Constraint("N", (2,)), Constraint("T", (FLOAT, HALF)), Constraint("Tidx", (INT32,)))) == (
        FLOAT,
        HALF,
    )
    assert types_of((Constraint("N", (2,)),)) == ()


def test_what_is_missing_counts_for_the_types_at_fault() -> None:
    asked = (("Tidx", INT32), ("T", FLOAT))
    assert missing_mark(Finding("OPS101", "none", op="Sum", dtypes=(HALF,), attrs=asked)) == ("Sum", (HALF,), "m")
    assert missing_mark(Finding("OPS101", "none", op="Sum", attrs=asked)) == ("Sum", (FLOAT,), "m")
    assert missing_mark(Finding("OPS101", "none", op="Sum", attrs=(("N", 3),))) == ("Sum", (), "m")
