"""Comparisons, and choices by a condition. Source: ``kernels/cwise_op_{equal_to,less,select}*.cc``, ``where_op.cc``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import BFLOAT16, arithmetic, flushed
from opselect.rewriting.evaluation.kernel import (
    BOOL,
    COMPLEX,
    DOUBLE,
    FLOAT,
    NUMBERS,
    PLAIN,
    REALS,
    EvaluationError,
    KernelCall,
    UndefinedResultError,
    kernel,
)

_HALF = frozenset({DataType.DT_HALF})
_BUCKETS = frozenset({DataType.DT_INT32, DataType.DT_INT64}) | FLOAT | DOUBLE


def _shapes_fit(call: KernelCall, x: Array, y: Array) -> bool:
    try:
        call.broadcast(x, y)
    except EvaluationError:
        if call.flag("incompatible_shape_error", True):
            raise
        return False
    return True


@kernel(
    "Equal",
    "whether x is y; one false for shapes that do not go together where the node says so",
    PLAIN,
    outputs=DataType.DT_BOOL,
)
def equal(call: KernelCall, x: Array, y: Array) -> Array:
    if not _shapes_fit(call, x, y):
        return np.array(False)
    return np.asarray(np.equal(flushed(x), flushed(y)), np.bool_)


@kernel(
    "NotEqual",
    "whether x is not y; one true for shapes that do not go together where the node says so",
    PLAIN,
    outputs=DataType.DT_BOOL,
)
def not_equal(call: KernelCall, x: Array, y: Array) -> Array:
    if not _shapes_fit(call, x, y):
        return np.array(True)
    return np.asarray(np.not_equal(flushed(x), flushed(y)), np.bool_)


def _order(op: str, summary: str, compute: Callable[[Array, Array], Array]) -> None:
    def compare(call: KernelCall, x: Array, y: Array) -> Array:
        call.broadcast(x, y)
        return np.asarray(compute(flushed(x), flushed(y)), np.bool_)

    kernel(op, summary, REALS, outputs=DataType.DT_BOOL)(compare)


_order("Less", "whether x is below y", np.less)
_order("LessEqual", "whether x is y or below", np.less_equal)
_order("Greater", "whether x is above y", np.greater)
_order("GreaterEqual", "whether x is y or above", np.greater_equal)


@kernel(
    "ApproximateEqual", "whether x is less than the tolerance away from y", REALS | COMPLEX, outputs=DataType.DT_BOOL
)
def approximate_equal(call: KernelCall, x: Array, y: Array) -> Array:
    call.alike(x, y)
    if x.shape != y.shape:
        raise EvaluationError("compares arrays of different shapes")
    tolerance = np.float32(call.real("tolerance", 1e-5)).astype(x.real.dtype)
    return np.asarray(np.abs(arithmetic(np.subtract, x, y)) < tolerance)


@kernel("Select", "x where the condition is true, else y; a condition of one dimension chooses rows", BOOL, outputs="T")
def select(call: KernelCall, condition: Array, x: Array, y: Array) -> Array:
    call.alike(x, y)
    if x.shape != y.shape:
        raise EvaluationError("chooses between arrays of different shapes")
    if condition.ndim == 1 and x.ndim > 1 and condition.shape[0] == x.shape[0]:
        condition = condition.reshape(-1, *[1] * (x.ndim - 1))
    elif condition.ndim and condition.shape != x.shape:
        raise EvaluationError("chooses by a condition of another shape")
    return np.where(condition, x, y)


@kernel("SelectV2", "x where the condition is true, else y, all three broadcast", BOOL, outputs="T")
def select_v2(call: KernelCall, condition: Array, x: Array, y: Array) -> Array:
    call.alike(x, y)
    call.reserve(np.broadcast_shapes(condition.shape, x.shape, y.shape), x.dtype)
    return np.where(condition, x, y)


@kernel("ClipByValue", "x, a smallest value below it and a largest above", NUMBERS - COMPLEX)
def clip(call: KernelCall, x: Array, lowest: Array, highest: Array) -> Array:
    call.alike(x, lowest, highest)
    if any(bound.ndim and bound.shape != x.shape for bound in (lowest, highest)):
        raise EvaluationError("has bounds of other shapes")
    if x.dtype.kind in "fV" and any(np.isnan(array).any() for array in (x, lowest, highest)):
        raise UndefinedResultError("compares NaN, which different processors do differently")
    return arithmetic(lambda a, low, high: np.maximum(np.minimum(a, high), low), x, lowest, highest)


@kernel("Bucketize", "how many of the node's boundaries are not above x", _BUCKETS, outputs=DataType.DT_INT32)
def bucketize(call: KernelCall, x: Array) -> Array:
    boundaries = call.reals("boundaries")
    if list(boundaries) != sorted(boundaries):
        raise EvaluationError("has boundaries that are not sorted")
    return np.searchsorted(np.array(boundaries, np.float32), x.astype(np.float64), side="right").astype(np.int32)


@kernel("LowerBound", "how many elements of a sorted row are below each value", REALS, outputs="out_type")
def lower_bound(call: KernelCall, rows: Array, values: Array) -> Array:
    return _bound(call, rows, values, "left")


@kernel("UpperBound", "how many elements of a sorted row are not above each value", REALS, outputs="out_type")
def upper_bound(call: KernelCall, rows: Array, values: Array) -> Array:
    return _bound(call, rows, values, "right")


def _bound(call: KernelCall, rows: Array, values: Array, side: Literal["left", "right"]) -> Array:
    call.alike(rows, values)
    if rows.ndim != 2 or values.ndim != 2 or len(rows) != len(values):
        raise EvaluationError("takes as many rows as rows of values")
    call.looped(np.broadcast_to(0, len(rows)))
    if any(array.dtype.kind in "fV" and np.isnan(array).any() for array in (rows, values)):
        raise UndefinedResultError("compares NaN")
    if any((row[1:] < row[:-1]).any() for row in rows):
        raise UndefinedResultError("has rows that are not sorted")
    found = np.zeros(values.shape, call.dtype("out_type"))
    for place, row, sought in zip(found, flushed(rows), flushed(values), strict=True):
        place[:] = np.searchsorted(row, sought, side)
    return found


@kernel(
    "Where", "the indices of elements that are not 0, in order", (NUMBERS | BOOL) - _HALF, outputs=DataType.DT_INT64
)
def where(call: KernelCall, condition: Array) -> Array:
    if condition.dtype != BFLOAT16:
        condition = flushed(condition)
    if not condition.ndim:
        raise EvaluationError("takes at least one dimension")
    call.reserve((int(np.count_nonzero(condition)), condition.ndim), np.int64)
    return np.stack(np.nonzero(condition), axis=1).astype(np.int64)
