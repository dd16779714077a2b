"""Elements read and written by index. Source: ``kernels/gather_op.cc``, ``gather_nd_op.cc``, ``scatter_nd_op.cc``,
``one_hot_op.cc``, ``unique_op.cc``, ``topk_op.cc``, ``listdiff_op.cc``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import arithmetic
from opselect.rewriting.evaluation.kernel import (
    ANY,
    INTEGERS,
    NUMBERS,
    PLAIN,
    REALS,
    EvaluationError,
    KernelCall,
    UndefinedResultError,
    kernel,
)
from opselect.rewriting.evaluation.kernels.shapes import axis_of


def _check_indices(indices: Array, size: int) -> None:
    if indices.size and not 0 <= indices.min() <= indices.max() < size:
        raise EvaluationError(f"has an index that is none of {size}")


def _gather(call: KernelCall, x: Array, indices: Array, axis: int, batch_dims: int) -> Array:
    """Source: ``GatherOp``; the first ``batch_dims`` dimensions of both go together."""
    if not 0 <= batch_dims <= axis or x.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise EvaluationError("has batch dimensions that do not go together")
    batch, outer, inner = x.shape[:batch_dims], x.shape[batch_dims:axis], x.shape[axis + 1 :]
    shape = call.reserve((*batch, *outer, *indices.shape[batch_dims:], *inner), x.dtype)
    if 0 in (*batch, *outer, *inner):
        return np.empty(shape, x.dtype)  # whatever the indices are
    _check_indices(indices, x.shape[axis])
    if not batch_dims:
        return np.take(x, indices, axis)
    call.looped(indices)
    rows, chosen = x.reshape(-1, *x.shape[batch_dims:]), indices.reshape(-1, *indices.shape[batch_dims:])
    taken = [np.take(row, index, axis - batch_dims) for row, index in zip(rows, chosen, strict=True)]
    return np.stack(taken).reshape(*batch, *taken[0].shape)


@kernel("Gather", "the rows that indices name; an error for one that there is not", ANY, outputs="Tparams")
def gather(call: KernelCall, x: Array, indices: Array) -> Array:
    if not x.ndim:
        raise EvaluationError("gathers from a scalar")
    return _gather(call, x, indices, 0, 0)


@kernel(
    "GatherV2",
    "the slices along an axis that indices name, per batch entry if need be; an error for one that there is not",
    ANY,
    outputs="Tparams",
)
def gather_v2(call: KernelCall, x: Array, indices: Array, axis: Array) -> Array:
    batch_dims = call.whole("batch_dims", 0)
    if batch_dims < 0:
        batch_dims += indices.ndim
    return _gather(call, x, indices, axis_of(axis.reshape(()), x.ndim), batch_dims)


@kernel("GatherNd", "the elements or slices at positions; an error for one that there is not", ANY, outputs="Tparams")
def gather_nd(call: KernelCall, x: Array, indices: Array) -> Array:
    depth = indices.shape[-1]
    if depth > x.ndim or not x.ndim:
        raise EvaluationError(f"takes positions of {depth} in {x.ndim} dimensions")
    if not x.size and math.prod(indices.shape[:-1]):
        raise EvaluationError("takes elements where there are none")
    shape = call.reserve((*indices.shape[:-1], *x.shape[depth:]), x.dtype)
    return x[_positions(indices, x.shape)] if depth else np.broadcast_to(x, shape)


def _positions(indices: Array, shape: Sequence[int]) -> tuple[Array, ...]:
    depth = indices.shape[-1]
    for axis in range(depth):
        _check_indices(indices[..., axis], shape[axis])
    return tuple(indices[..., axis].astype(np.intp) for axis in range(depth))


def _scatter(call: KernelCall, target: Array, indices: Array, updates: Array, combine: Any = None) -> Array:
    """The target with updates in place of elements, or with what ``combine`` makes of both."""
    call.looped(indices)
    call.alike(target, updates)
    depth = indices.shape[-1]
    if depth > target.ndim or updates.shape != (*indices.shape[:-1], *target.shape[depth:]):
        raise EvaluationError("has updates of a shape that its indices do not fit")
    positions = _positions(indices, target.shape)
    if combine:
        for position, update in zip(
            indices.reshape(-1, depth), updates.reshape(-1, *target.shape[depth:]), strict=True
        ):
            at = tuple(position)
            target[at] = arithmetic(combine, target[at], update)
    else:
        target[positions] = updates
    return target


@kernel("ScatterNd", "zeros to which updates are added at positions", INTEGERS)
def scatter_nd(call: KernelCall, indices: Array, updates: Array, sizes: Array) -> Array:
    shape = call.reserve(sizes.tolist(), updates.dtype)
    return _scatter(call, np.zeros(shape, updates.dtype), indices, updates, np.add)


@kernel("TensorScatterUpdate", "an array with other elements at positions", ANY)
def tensor_scatter_update(call: KernelCall, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(call, x.copy(), indices, updates)


@kernel("TensorScatterAdd", "an array to which updates are added at positions", NUMBERS)
def tensor_scatter_add(call: KernelCall, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(call, x.copy(), indices, updates, np.add)


@kernel("TensorScatterSub", "an array from which updates are subtracted at positions", NUMBERS)
def tensor_scatter_subtract(call: KernelCall, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(call, x.copy(), indices, updates, np.subtract)


@kernel("TensorScatterMax", "an array with the larger of its elements and of updates at positions", REALS)
def tensor_scatter_max(call: KernelCall, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(call, x.copy(), indices, updates, np.maximum)


@kernel("TensorScatterMin", "an array with the smaller of its elements and of updates at positions", REALS)
def tensor_scatter_min(call: KernelCall, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(call, x.copy(), indices, updates, np.minimum)


@kernel("SparseToDense", "an array of one value with others at positions", INTEGERS, outputs="T")
def sparse_to_dense(call: KernelCall, indices: Array, sizes: Array, values: Array, default: Array) -> Array:
    if indices.ndim > 2 or sizes.ndim != 1 or default.ndim or values.ndim > 1:
        raise EvaluationError("has positions, values or a shape of another shape")
    count, depth = (*indices.shape, 1, 1)[:2] if indices.ndim else (1, 1)
    positions = indices.reshape(count, depth)
    if depth != sizes.size or values.size not in (1, count) or (values.ndim and values.size != count):
        raise EvaluationError("has positions that do not fit its shape or values")
    order = positions.tolist()
    if call.flag("validate_indices", True) and any(one >= other for one, other in pairwise(order)):
        raise EvaluationError("has positions that are not in order, or twice")
    out = np.full(call.reserve(sizes.tolist(), values.dtype), default, values.dtype)
    return _scatter(call, out, positions, np.broadcast_to(values, (count,)))


@kernel("OneHot", "rows of one value with another where indices say", INTEGERS)
def one_hot(call: KernelCall, indices: Array, depth: Array, on: Array, off: Array) -> Array:
    call.alike(on, off)
    axis = axis_of(call.whole("axis", -1), indices.ndim + 1)
    size = int(depth)
    shape = (*indices.shape[:axis], size, *indices.shape[axis:])
    call.reserve(shape, on.dtype)
    numbers = np.arange(size).reshape(-1, *[1] * (indices.ndim - axis))
    return np.where(np.expand_dims(indices, axis) == numbers, on, off)


@kernel(
    "Unique",
    "the elements in the order of their first occurrence, and of each the position there",
    PLAIN,
    outputs=("T", "out_idx"),
)
def unique(call: KernelCall, x: Array) -> Sequence[Array]:
    call.looped(x)
    if x.ndim != 1:
        raise EvaluationError("takes one dimension")
    if x.dtype.kind in "fcV" and np.isnan(x).any():
        raise UndefinedResultError("compares NaN")
    first: dict[object, int] = {}
    found = [first.setdefault(value, len(first)) for value in x.tolist()]
    values = np.empty(len(first), x.dtype)
    for position, value in zip(found, x, strict=True):
        values[position] = value
    return values, np.array(found, call.dtype("out_idx"))


@kernel("UniqueV2", "Unique of a list, along the axis named or along its only one", PLAIN, outputs=("T", "out_idx"))
def unique_v2(call: KernelCall, x: Array, axis: Array) -> Sequence[Array]:
    if axis.ndim != 1 or axis.size > 1 or any(not -1 <= each <= 0 for each in axis.tolist()):
        raise EvaluationError(f"compares along the axes {axis.tolist()}")
    return unique(call, x)


@kernel("UniqueWithCounts", "Unique, and how often each occurs", PLAIN, outputs=("T", "out_idx", "out_idx"))
def unique_with_counts(call: KernelCall, x: Array) -> Sequence[Array]:
    values, found = unique(call, x)
    return values, found, np.bincount(found, minlength=len(values)).astype(found.dtype)


@kernel("UniqueWithCountsV2", "UniqueV2, and how often each occurs", PLAIN, outputs=("T", "out_idx", "out_idx"))
def unique_with_counts_v2(call: KernelCall, x: Array, axis: Array) -> Sequence[Array]:
    values, found = unique_v2(call, x, axis)
    return values, found, np.bincount(found, minlength=len(values)).astype(found.dtype)


@kernel("ListDiff", "the elements that are not in a second list, and where they stand", PLAIN, outputs=("T", "out_idx"))
def list_diff(call: KernelCall, x: Array, y: Array) -> Sequence[Array]:
    call.looped(x, y)
    call.alike(x, y)
    if x.ndim != 1 or y.ndim != 1:
        raise EvaluationError("takes lists")
    other = set(y.tolist())
    kept = [position for position, value in enumerate(x.tolist()) if value not in other]
    return x[kept], np.array(kept, call.dtype("out_idx"))


@kernel(
    "TopKV2",
    "the k largest elements of each row, the first of equal ones first, and where they stand",
    REALS,
    outputs=("T", DataType.DT_INT32),
)
def top_k(_: KernelCall, x: Array, k: Array) -> Sequence[Array]:
    count = int(k)
    if not x.ndim or not 0 <= count <= x.shape[-1]:
        raise EvaluationError(f"takes {count} of {x.shape[-1:]} elements")
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    # A stable sort of the reversed row puts the first of equal elements after the others.
    order = x.shape[-1] - 1 - np.argsort(rows[:, ::-1], axis=1, kind="stable")[:, ::-1][:, :count]
    values = np.take_along_axis(rows, order, 1)
    shape = (*x.shape[:-1], count)
    return values.reshape(shape), order.astype(np.int32).reshape(shape)
