"""Rows of bytes: whose they are, and what would go."""

from __future__ import annotations

from kernel_index.datatypes import DataType
from opselect.audit.audited import Audit, Row
from tests.opselect.audit.made_up import audit, binary, kernel

RELU, MUL = kernel("Relu"), kernel("Mul")
MUL_OF_INTS = kernel("Mul", DataType.DT_INT32)


def test_rows_of_ops_with_the_bytes_that_would_go_first() -> None:
    assert audit(RELU, MUL, MUL_OF_INTS, own=(300, 100, 20)).rows("op") == (
        Row("Relu", 1, 300, 600, ("relu_op.cc",)),
        Row("Mul", 2, 120, 240, ("mul_op.cc",)),
    )


def test_rows_of_types_count_a_kernel_for_each() -> None:
    rows = audit(RELU, MUL, MUL_OF_INTS, own=(300, 100, 20)).rows("dtype")
    assert [(row.name, row.kernels, row.retained_bytes) for row in rows] == [("DT_FLOAT", 2, 800), ("DT_INT32", 1, 40)]


def test_rows_of_kernels_have_names_that_tell_them_apart() -> None:
    rows = audit(MUL, MUL_OF_INTS, own=(10, 20)).rows("kernel")
    assert [(row.name, row.own_bytes) for row in rows] == [
        ("Mul CPU MulOp<DT_INT32>", 20),
        ("Mul CPU MulOp<DT_FLOAT>", 10),
    ]


def test_nothing_can_be_left_out_of_sections() -> None:
    assert audit(RELU).rows("section") == (Row(".text", 0, 10_000, None, ()),)


def test_own_and_unattributed_bytes_are_the_size_of_all_binaries() -> None:
    both = Audit((binary(RELU, size=5000), binary(MUL, RELU, own=(7, 8), size=300)))
    assert both.size == 5300
    assert sum(row.own_bytes for row in both.rows("op")) + sum(both.unattributed().values()) == both.size
    assert sum(both.sections().values()) == both.size


def test_an_op_in_two_binaries_is_one_row() -> None:
    both = Audit((binary(RELU, own=(100,)), binary(RELU, own=(8,))))
    assert both.rows("op") == (Row("Relu", 2, 108, 216, ("relu_op.cc",)),)
