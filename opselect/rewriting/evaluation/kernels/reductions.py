"""Dimensions reduced to one value. Source: ``kernels/reduction_ops_common.h``, ``argmax_op.cc``, ``scan_ops.cc``,
``segment_reduction_ops.cc``, ``l2loss_op.cc``.

Floating point is added up in ``double`` and rounded once, which is at least as near to the true sum as TensorFlow's
own order of additions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import arithmetic, complex_product, flushed, in_double
from opselect.rewriting.evaluation.kernel import (
    BOOL,
    FLOATS,
    NUMBERS,
    REALS,
    Accuracy,
    EvaluationError,
    KernelCall,
    UndefinedResultError,
    kernel,
)
from opselect.rewriting.evaluation.kernels.arithmetic import quotient_toward_zero
from opselect.rewriting.evaluation.kernels.shapes import axis_of


def _axes(x: Array, axes: Array) -> tuple[int, ...]:
    numbers = [axis_of(axis, x.ndim) for axis in axes.ravel().tolist()]
    if axes.ndim > 1 or len(set(numbers)) < len(numbers):
        raise EvaluationError(f"reduces the axes {axes.tolist()} of {x.ndim}")
    return tuple(numbers)


def _sum(x: Array, axes: tuple[int, ...], keep: bool) -> Array:
    if x.dtype.kind in "iu":
        return np.asarray(np.sum(x, axes, dtype=x.dtype, keepdims=keep))
    return in_double(lambda wide: np.sum(wide, axes, keepdims=keep), x)


@kernel("Sum", "the sum along axes", NUMBERS, accuracy=Accuracy.SUM)
def reduce_sum(call: KernelCall, x: Array, axes: Array) -> Array:
    return _sum(x, _axes(x, axes), call.flag("keep_dims"))


@kernel("Mean", "the mean along axes, of whole numbers without the fraction", NUMBERS, accuracy=Accuracy.SUM)
def reduce_mean(call: KernelCall, x: Array, axes: Array) -> Array:
    numbers, keep = _axes(x, axes), call.flag("keep_dims")
    count = math.prod(x.shape[axis] for axis in numbers)
    if x.dtype.kind not in "iu":
        mean = in_double(lambda wide: np.sum(wide, numbers, keepdims=keep) / count, x)
        return mean if count or x.dtype.kind != "c" else np.zeros_like(mean)
    wide = np.uint64 if x.dtype.kind == "u" else np.int64
    total = np.asarray(np.sum(x, numbers, dtype=wide, keepdims=keep))
    return quotient_toward_zero(total, np.asarray(max(count, 1), wide)).astype(x.dtype)


@kernel("Prod", "the product along axes", NUMBERS, accuracy=Accuracy.SUM)
def reduce_product(call: KernelCall, x: Array, axes: Array) -> Array:
    numbers, keep = _axes(x, axes), call.flag("keep_dims")
    if x.dtype.kind in "iu":
        return np.asarray(np.prod(x, numbers, dtype=x.dtype, keepdims=keep))
    return in_double(lambda wide: np.prod(wide, numbers, keepdims=keep), x)


def _bound(dtype: np.dtype[Any], largest: bool) -> Any:
    if dtype.kind in "iu":
        return np.iinfo(dtype).max if largest else np.iinfo(dtype).min
    return dtype.type(math.inf if largest else -math.inf)


@kernel("Max", "the largest element along axes, the smallest number there is where there are none", REALS)
def reduce_max(call: KernelCall, x: Array, axes: Array) -> Array:
    lowest = _bound(x.dtype, False)
    return np.asarray(np.max(flushed(x), _axes(x, axes), keepdims=call.flag("keep_dims"), initial=lowest))


@kernel("Min", "the smallest element along axes, the largest number there is where there are none", REALS)
def reduce_min(call: KernelCall, x: Array, axes: Array) -> Array:
    highest = _bound(x.dtype, True)
    return np.asarray(np.min(flushed(x), _axes(x, axes), keepdims=call.flag("keep_dims"), initial=highest))


@kernel("All", "whether every element along axes is true", BOOL, outputs=DataType.DT_BOOL)
def reduce_all(call: KernelCall, x: Array, axes: Array) -> Array:
    return np.asarray(np.all(x, _axes(x, axes), keepdims=call.flag("keep_dims")))


@kernel("Any", "whether one element along axes is true", BOOL, outputs=DataType.DT_BOOL)
def reduce_any(call: KernelCall, x: Array, axes: Array) -> Array:
    return np.asarray(np.any(x, _axes(x, axes), keepdims=call.flag("keep_dims")))


@kernel("EuclideanNorm", "the square root of the sum of squares along axes", NUMBERS, accuracy=Accuracy.SUM)
def euclidean_norm(call: KernelCall, x: Array, axes: Array) -> Array:
    numbers, keep = _axes(x, axes), call.flag("keep_dims")
    if x.dtype.kind in "iu":
        raise EvaluationError("takes the norm of whole numbers")
    return in_double(lambda wide: np.sqrt(np.sum((wide * np.conj(wide)).real, numbers, keepdims=keep)), x)


@kernel("L2Loss", "half the sum of squares", FLOATS, accuracy=Accuracy.SUM)
def l2_loss(_: KernelCall, x: Array) -> Array:
    return in_double(lambda wide: np.sum(wide * wide) / 2, x)


def _extreme(call: KernelCall, x: Array, axis: Array, find: Callable[..., Array]) -> Array:
    number = axis_of(axis.reshape(()), x.ndim)
    if not x.shape[number]:
        raise EvaluationError("looks for an element where there is none")
    if x.dtype.kind in "fV" and np.isnan(x).any():
        raise UndefinedResultError("compares NaN, which different processors do differently")
    return np.asarray(find(flushed(x), number)).astype(call.dtype("output_type"))


@kernel(
    "ArgMax",
    "where the largest element along an axis stands, the first of equal ones",
    REALS | BOOL,
    outputs="output_type",
)
def arg_max(call: KernelCall, x: Array, axis: Array) -> Array:
    return _extreme(call, x, axis, np.argmax)


@kernel(
    "ArgMin",
    "where the smallest element along an axis stands, the first of equal ones",
    REALS | BOOL,
    outputs="output_type",
)
def arg_min(call: KernelCall, x: Array, axis: Array) -> Array:
    return _extreme(call, x, axis, np.argmin)


def _scan(call: KernelCall, x: Array, axis: Array, step: Any, first: int) -> Array:
    number = axis_of(axis.reshape(()), x.ndim)
    backwards = call.flag("reverse")
    elements = np.moveaxis(flushed(x), number, 0)
    if backwards:
        elements = elements[::-1]
    if call.flag("exclusive"):
        elements = np.concatenate([np.full_like(elements[:1], first), elements[:-1]])
    out = flushed(np.asarray(step.accumulate(elements, 0, dtype=x.dtype)))
    return np.moveaxis(out[::-1] if backwards else out, 0, number)


@kernel("Cumsum", "the sums of the elements up to each along an axis, that one left out or not", NUMBERS)
def cumulative_sum(call: KernelCall, x: Array, axis: Array) -> Array:
    return _scan(call, x, axis, np.add, 0)


@kernel("Cumprod", "the products of the elements up to each along an axis, that one left out or not", NUMBERS)
def cumulative_product(call: KernelCall, x: Array, axis: Array) -> Array:
    return _scan(call, x, axis, np.multiply, 1)


def _segments(call: KernelCall, x: Array, ids: Array, count: int, combine: Any, initial: Any) -> Array:
    call.looped(ids)
    if x.shape[: ids.ndim] != ids.shape:
        raise EvaluationError("has segments that do not fit its data")
    inner = x.shape[ids.ndim :]
    out = np.full(call.reserve((count, *inner), x.dtype), initial, x.dtype)
    for segment, row in zip(ids.ravel().tolist(), x.reshape(ids.size, *inner), strict=True):
        if segment >= count:
            raise EvaluationError(f"has a segment that is none of {count}")
        if segment >= 0:
            out[segment] = arithmetic(combine, out[segment], row)
    return out


def _sorted_segments(call: KernelCall, x: Array, ids: Array, combine: Any, initial: Any) -> Array:
    if ids.ndim != 1 or (ids.size and ids[0] < 0) or (np.diff(ids) < 0).any():
        raise EvaluationError("has segments that are not sorted")
    out = _segments(call, x, ids, int(ids[-1]) + 1 if ids.size else 0, combine, initial)
    out[np.setdiff1d(np.arange(len(out)), ids)] = initial if combine in (np.multiply, complex_product) else 0
    return out


@kernel("SegmentSum", "the sum of the rows of each segment", NUMBERS)
def segment_sum(call: KernelCall, x: Array, ids: Array) -> Array:
    return _sorted_segments(call, x, ids, np.add, 0)


@kernel("SegmentMax", "the largest elements of the rows of each segment, 0 of one without rows", REALS)
def segment_max(call: KernelCall, x: Array, ids: Array) -> Array:
    return _sorted_segments(call, x, ids, np.maximum, _bound(x.dtype, False))


@kernel("SegmentMin", "the smallest elements of the rows of each segment, 0 of one without rows", REALS)
def segment_min(call: KernelCall, x: Array, ids: Array) -> Array:
    return _sorted_segments(call, x, ids, np.minimum, _bound(x.dtype, True))


@kernel("SegmentProd", "the product of the rows of each segment, 1 of one without rows", NUMBERS)
def segment_product(call: KernelCall, x: Array, ids: Array) -> Array:
    return _sorted_segments(call, x, ids, _product_of(x), 1)


def _product_of(x: Array) -> Any:
    return complex_product if x.dtype.kind == "c" else np.multiply


@kernel("SegmentMean", "the mean of the rows of each segment, 0 of one without rows", REALS)
def segment_mean(call: KernelCall, x: Array, ids: Array) -> Array:
    total = segment_sum(call, x, ids)
    counts = np.maximum(np.bincount(ids, minlength=len(total)), 1).astype(x.dtype)
    counts = counts.reshape(-1, *[1] * (x.ndim - 1))
    return quotient_toward_zero(total, counts) if x.dtype.kind in "iu" else arithmetic(np.divide, total, counts)


@kernel("UnsortedSegmentProd", "the product of the rows of each segment, in any order", NUMBERS)
def unsorted_segment_product(call: KernelCall, x: Array, ids: Array, count: Array) -> Array:
    return _segments(call, x, ids, int(count), _product_of(x), 1)


@kernel("UnsortedSegmentSum", "the sum of the rows of each segment, in any order", NUMBERS)
def unsorted_segment_sum(call: KernelCall, x: Array, ids: Array, count: Array) -> Array:
    return _segments(call, x, ids, int(count), np.add, 0)


@kernel(
    "UnsortedSegmentMax",
    "the largest elements of the rows of each segment, the lowest number of one without rows",
    REALS,
)
def unsorted_segment_max(call: KernelCall, x: Array, ids: Array, count: Array) -> Array:
    lowest = _bound(x.dtype, False) if x.dtype.kind in "iu" else np.nan_to_num(_bound(x.dtype, False))
    return _segments(call, x, ids, int(count), np.maximum, lowest)


@kernel(
    "UnsortedSegmentMin",
    "the smallest elements of the rows of each segment, the highest number of one without rows",
    REALS,
)
def unsorted_segment_min(call: KernelCall, x: Array, ids: Array, count: Array) -> Array:
    highest = _bound(x.dtype, True) if x.dtype.kind in "iu" else np.nan_to_num(_bound(x.dtype, True))
    return _segments(call, x, ids, int(count), np.minimum, highest)
