"""Elements read and written by index. Source: ``kernels/gather_op.cc``, ``gather_nd_op.cc``, ``scatter_nd_op.cc``,
``one_hot_op.cc``, ``unique_op.cc``, ``topk_op.cc``, ``listdiff_op.cc``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kernel_index.datatypes import DataType
from opselect.evaluation.floats import arithmetic
from opselect.evaluation.kernel import ANY, INTEGERS, NUMBERS, PLAIN, REALS, Call, EvaluationError, kernel
from opselect.evaluation.kernels.shapes import axis_of
from opselect.formats.numpy_types import Array


def _check_indices(indices: Array, size: int) -> None:
    if indices.size and not 0 <= indices.min() <= indices.max() < size:
        raise EvaluationError(f"has an index that is none of {size}")


def _gather(call: Call, x: Array, indices: Array, axis: int, batch_dims: int) -> Array:
    """Source: ``GatherOp``; the first ``batch_dims`` dimensions of both go together."""
    if not 0 <= batch_dims <= axis or x.shape[:batch_dims] != indices.shape[:batch_dims]:
        raise EvaluationError("has batch dimensions that do not go together")
    _check_indices(indices, x.shape[axis])
    batch, outer, inner = x.shape[:batch_dims], x.shape[batch_dims:axis], x.shape[axis + 1 :]
    call.reserve((*batch, *outer, *indices.shape[batch_dims:], *inner), x.dtype)
    if not batch_dims:
        return np.take(x, indices, axis)
    call.looped(indices)
    rows, chosen = x.reshape(-1, *x.shape[batch_dims:]), indices.reshape(-1, *indices.shape[batch_dims:])
    taken = [np.take(row, index, axis - batch_dims) for row, index in zip(rows, chosen, strict=True)]
    return np.stack(taken).reshape(*batch, *taken[0].shape)


@kernel("Gather", "the rows that indices name; an error for one that there is not", ANY, outputs="Tparams")
def gather(call: Call, x: Array, indices: Array) -> Array:
    if not x.ndim:
        raise EvaluationError("gathers from a scalar")
    return _gather(call, x, indices, 0, 0)


@kernel(
    "GatherV2",
    "the slices along an axis that indices name, per batch entry if need be; an error for one that there is not",
    ANY,
    outputs="Tparams",
)
def gather_v2(call: Call, x: Array, indices: Array, axis: Array) -> Array:
    batch_dims = call.whole("batch_dims", 0)
    if batch_dims < 0:
        batch_dims += indices.ndim
    return _gather(call, x, indices, axis_of(axis.reshape(()), x.ndim), batch_dims)


@kernel("GatherNd", "the elements or slices at positions; an error for one that there is not", ANY, outputs="Tparams")
def gather_nd(call: Call, x: Array, indices: Array) -> Array:
    depth = indices.shape[-1]
    if depth > x.ndim:
        raise EvaluationError(f"takes positions of {depth} in {x.ndim} dimensions")
    shape = call.reserve((*indices.shape[:-1], *x.shape[depth:]), x.dtype)
    return x[_positions(indices, x.shape)] if depth else np.broadcast_to(x, shape)


def _positions(indices: Array, shape: Sequence[int]) -> tuple[Array, ...]:
    depth = indices.shape[-1]
    for axis in range(depth):
        _check_indices(indices[..., axis], shape[axis])
    return tuple(indices[..., axis].astype(np.intp) for axis in range(depth))


def _scatter(call: Call, target: Array, indices: Array, updates: Array, add: bool) -> Array:
    call.looped(indices)
    call.alike(target, updates)
    depth = indices.shape[-1]
    if depth > target.ndim or updates.shape != (*indices.shape[:-1], *target.shape[depth:]):
        raise EvaluationError("has updates of a shape that its indices do not fit")
    positions = _positions(indices, target.shape)
    if add:
        for position, update in zip(
            indices.reshape(-1, depth), updates.reshape(-1, *target.shape[depth:]), strict=True
        ):
            at = tuple(position)
            target[at] = arithmetic(np.add, target[at], update)
    else:
        target[positions] = updates
    return target


@kernel("ScatterNd", "zeros to which updates are added at positions", INTEGERS)
def scatter_nd(call: Call, indices: Array, updates: Array, sizes: Array) -> Array:
    shape = call.reserve(sizes.tolist(), updates.dtype)
    return _scatter(call, np.zeros(shape, updates.dtype), indices, updates, True)


@kernel("TensorScatterUpdate", "an array with other elements at positions", ANY)
def tensor_scatter_update(call: Call, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(call, x.copy(), indices, updates, False)


@kernel("TensorScatterAdd", "an array to which updates are added at positions", NUMBERS)
def tensor_scatter_add(call: Call, x: Array, indices: Array, updates: Array) -> Array:
    return _scatter(call, x.copy(), indices, updates, True)


@kernel("OneHot", "rows of one value with another where indices say", INTEGERS)
def one_hot(call: Call, indices: Array, depth: Array, on: Array, off: Array) -> Array:
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
def unique(call: Call, x: Array) -> Sequence[Array]:
    call.looped(x)
    if x.ndim != 1:
        raise EvaluationError("takes one dimension")
    first: dict[object, int] = {}
    found = [first.setdefault(value, len(first)) for value in x.tolist()]
    values = np.empty(len(first), x.dtype)
    for position, value in zip(found, x, strict=True):
        values[position] = value
    return values, np.array(found, call.dtype("out_idx"))


@kernel("ListDiff", "the elements that are not in a second list, and where they stand", PLAIN, outputs=("T", "out_idx"))
def list_diff(call: Call, x: Array, y: Array) -> Sequence[Array]:
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
def top_k(_: Call, x: Array, k: Array) -> Sequence[Array]:
    count = int(k)
    if not x.ndim or not 0 <= count <= x.shape[-1]:
        raise EvaluationError(f"takes {count} of {x.shape[-1:]} elements")
    rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
    # A stable sort of the reversed row puts the first of equal elements behind the others.
    order = x.shape[-1] - 1 - np.argsort(rows[:, ::-1], axis=1, kind="stable")[:, ::-1][:, :count]
    values = np.take_along_axis(rows, order, 1)
    shape = (*x.shape[:-1], count)
    return values.reshape(shape), order.astype(np.int32).reshape(shape)
