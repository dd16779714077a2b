"""Arrays put together and taken apart. Source: ``kernels/concat_op.cc``, ``pack_op.cc``, ``unpack_op.cc``,
``split_op.cc``, ``split_v_op.cc``, ``dynamic_stitch_op.cc``, ``dynamic_partition_op.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import (
    ANY,
    INTEGERS,
    EvaluationError,
    KernelCall,
    UndefinedResultError,
    kernel,
)
from opselect.rewriting.evaluation.kernels.shapes import axis_of


def _concatenate(call: KernelCall, axis: Array, parts: Sequence[Array]) -> Array:
    if not parts or axis.size != 1:
        raise EvaluationError("takes one axis and at least one array")
    call.alike(*parts)
    number = axis_of(axis.reshape(()), parts[0].ndim)
    total = sum(part.shape[number] for part in parts)
    shape = (*parts[0].shape[:number], total, *parts[0].shape[number + 1 :])
    call.reserve(shape, parts[0].dtype)
    return np.concatenate(parts, number)


@kernel("Concat", "arrays one after the other along an axis, which is the first input", ANY)
def concat(call: KernelCall, axis: Array, *parts: Array) -> Array:
    return _concatenate(call, axis, parts)


@kernel("ConcatV2", "arrays one after the other along an axis, which is the last input", ANY)
def concat_v2(call: KernelCall, *inputs: Array) -> Array:
    return _concatenate(call, inputs[-1], inputs[:-1])


@kernel(
    "ConcatOffset",
    "where each of the arrays of these shapes starts in their concatenation",
    INTEGERS,
    outputs="shape_type",
)
def concat_offset(_: KernelCall, axis: Array, *shapes: Array) -> Sequence[Array]:
    offsets = []
    start = 0
    for shape in shapes:
        offset = np.zeros_like(shape)
        offset[axis_of(axis, shape.size)] = start
        start += int(shape[axis_of(axis, shape.size)])
        offsets.append(offset)
    return offsets


@kernel("Pack", "arrays of one shape side by side along a new axis", ANY)
def pack(call: KernelCall, *parts: Array) -> Array:
    call.alike(*parts)
    if not parts or any(part.shape != parts[0].shape for part in parts):
        raise EvaluationError("packs arrays of different shapes")
    axis = axis_of(call.whole("axis", 0), parts[0].ndim + 1)
    call.reserve((len(parts), *parts[0].shape), parts[0].dtype)
    return np.stack(parts, axis)


@kernel("Unpack", "the slices along an axis, without it", ANY)
def unpack(call: KernelCall, x: Array) -> Sequence[Array]:
    axis = axis_of(call.whole("axis", 0), x.ndim)
    count = call.count("num") if x.shape[axis] else call.whole("num")
    if x.shape[axis] != count:
        raise EvaluationError(f"takes {count} slices of {x.shape[axis]}")
    return [np.take(x, index, axis) for index in range(x.shape[axis])]


@kernel("Split", "equal parts along an axis, which is the first input", ANY)
def split(call: KernelCall, axis: Array, x: Array) -> Sequence[Array]:
    number, count = axis_of(axis, x.ndim), call.count("num_split")
    if x.shape[number] % count:
        raise EvaluationError(f"splits {x.shape[number]} into {count} equal parts")
    return np.split(x, count, number)


@kernel("SplitV", "parts of given sizes along an axis; -1 is whatever is left", ANY)
def split_v(call: KernelCall, x: Array, sizes: Array, axis: Array) -> Sequence[Array]:
    number, parts = axis_of(axis.reshape(()), x.ndim), sizes.tolist()
    if len(parts) != call.count("num_split") or parts.count(-1) > 1:
        raise EvaluationError(f"splits into parts of sizes {parts}")
    if -1 in parts:
        parts[parts.index(-1)] = x.shape[number] - sum(parts) - 1
    if any(part < 0 for part in parts) or sum(parts) != x.shape[number]:
        raise EvaluationError(f"splits {x.shape[number]} into parts of sizes {parts}")
    return np.split(x, np.cumsum(parts)[:-1], number)


@kernel("DynamicStitch|ParallelDynamicStitch", "rows put where indices say, of one index the last", ANY)
def dynamic_stitch(call: KernelCall, *inputs: Array) -> Array:
    indices, data = inputs[: len(inputs) // 2], inputs[len(inputs) // 2 :]
    call.alike(*data)
    inner = data[0].shape[indices[0].ndim :]
    rows = max((int(index.max()) for index in indices if index.size), default=-1) + 1
    out = np.zeros(call.reserve((rows, *inner), data[0].dtype), data[0].dtype)
    written = np.zeros(rows, np.bool_)
    for index, part in zip(indices, data, strict=True):
        if index.size and index.min() < 0:
            raise EvaluationError("has an index below 0")
        if part.shape != index.shape + inner:
            raise EvaluationError("has data of a shape that its indices do not fit")
        out[index.ravel()] = part.reshape(index.size, *inner)  # of rows with one index the last one stays
        written[index.ravel()] = True
    if not written.all():
        raise UndefinedResultError("leaves rows undefined, of which no index is given")
    return out


@kernel("DynamicPartition", "rows dealt out to as many arrays as the node says", ANY)
def dynamic_partition(call: KernelCall, data: Array, partitions: Array) -> Sequence[Array]:
    count = call.count("num_partitions")
    if data.shape[: partitions.ndim] != partitions.shape:
        raise EvaluationError("has partitions that do not fit its data")
    if partitions.size and not 0 <= partitions.min() <= partitions.max() < count:
        raise EvaluationError(f"has a partition that is none of {count}")
    rows = data.reshape(partitions.size, *data.shape[partitions.ndim :])
    return [rows[partitions.ravel() == part] for part in range(count)]
