"""Values passed on, and what is about their shapes. Source: ``kernels/shape_ops.h``, ``reshape_op.h``,
``identity_op.h``, ``bcast_ops.cc``, ``broadcast_to_op.cc``, ``bitcast_op.cc``, ``check_numerics_op.cc``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kernel_index.datatypes import DataType, item_size
from opselect.models.formats.numpy_types import Array, numpy_type
from opselect.rewriting.evaluation.kernel import ANY, FLOATS, INTEGERS, EvaluationError, KernelCall, kernel


@kernel(
    "Identity|GuaranteeConst|Snapshot|StopGradient|PreventGradient|PlaceholderWithDefault",
    "its input, the default of a placeholder",
    ANY,
)
def identity(_: KernelCall, x: Array) -> Array:
    return x


@kernel("IdentityN", "its inputs", ANY)
def identity_n(_: KernelCall, *inputs: Array) -> Sequence[Array]:
    return inputs


@kernel("CheckNumerics", "its input; an error where there is a NaN or an infinite number in it", FLOATS)
def check_numerics(_: KernelCall, x: Array) -> Array:
    if not np.isfinite(x).all():
        raise EvaluationError("finds NaN or infinite numbers in its input")
    return x


@kernel("EnsureShape", "its input; an error where it is of another shape than the node says", ANY)
def ensure_shape(call: KernelCall, x: Array) -> Array:
    dims = call.shape("shape").dims
    if dims is not None and (len(dims) != x.ndim or any(a not in (-1, b) for a, b in zip(dims, x.shape, strict=True))):
        raise EvaluationError(f"has an input of shape {list(x.shape)}, not {list(dims)}")
    return x


def sizes_as_array(call: KernelCall, sizes: Sequence[int]) -> Array:
    """Sizes of dimensions in the type that the node has for them; EvaluationError for one that it cannot hold."""
    dtype = call.dtype("out_type")
    if dtype.kind not in "iu" or any(size > np.iinfo(dtype).max for size in sizes):
        raise EvaluationError(f"has a dimension that {dtype} cannot hold")
    return np.array(sizes, dtype)


@kernel("Shape", "the sizes of the dimensions", ANY, outputs="out_type")
def shape(call: KernelCall, x: Array) -> Array:
    return sizes_as_array(call, x.shape)


@kernel("ShapeN", "the sizes of the dimensions of each input", ANY, outputs="out_type")
def shape_n(call: KernelCall, *inputs: Array) -> Sequence[Array]:
    return [sizes_as_array(call, x.shape) for x in inputs]


@kernel("Size", "the number of elements", ANY, outputs="out_type")
def size(call: KernelCall, x: Array) -> Array:
    return sizes_as_array(call, [x.size]).reshape(())


@kernel("Rank", "the number of dimensions", ANY, outputs=DataType.DT_INT32)
def rank(_: KernelCall, x: Array) -> Array:
    return np.array(x.ndim, np.int32)


@kernel("Reshape", "the same elements in another shape; -1 is whatever is left", ANY)
def reshape(_: KernelCall, x: Array, sizes: Array) -> Array:
    if sizes.ndim != 1:
        raise EvaluationError("takes a shape of one dimension")
    known = [size for size in sizes.tolist() if size != -1]
    if len(known) < len(sizes) - 1 or any(size < 0 for size in known):
        raise EvaluationError(f"cannot make the shape {sizes.tolist()}")
    if len(known) == len(sizes):
        return np.reshape(x, known)
    # TensorFlow leaves zeros out on both sides to find the open size, where NumPy refuses to guess.
    dims = [dim for dim in x.shape if dim or 0 not in known]
    missing = math.prod(dims) // max(math.prod(filter(None, known)), 1)
    return np.reshape(x, [missing if size == -1 else size for size in sizes.tolist()])


def axis_of(axis: Array | int, ndim: int) -> int:
    """An axis counted from the end or the start, as one from the start; EvaluationError for one that there is not."""
    number = int(axis)
    if not -ndim <= number < ndim:
        raise EvaluationError(f"has an axis {number} of {ndim}")
    return number % ndim


@kernel("ExpandDims", "the same elements with one more dimension of size 1", ANY)
def expand_dims(_: KernelCall, x: Array, axis: Array) -> Array:
    if axis.size != 1:
        raise EvaluationError("takes one axis")
    return np.expand_dims(x, axis_of(axis.reshape(()), x.ndim + 1))


@kernel("Squeeze", "the same elements without dimensions of size 1, all of them or those that the node names", ANY)
def squeeze(call: KernelCall, x: Array) -> Array:
    axes = {axis_of(axis, x.ndim) for axis in call.wholes("squeeze_dims")}
    if any(x.shape[axis] != 1 for axis in axes):
        raise EvaluationError(f"squeezes an axis of shape {list(x.shape)} that is not 1")
    return np.squeeze(x, tuple(axes) if axes else None)


@kernel("Bitcast", "the same bytes as elements of another type", ANY, outputs="type")
def bitcast(call: KernelCall, x: Array) -> Array:
    to = call.data_type("type")
    before, after = x.dtype.itemsize, item_size(to)
    if DataType.DT_STRING in (to, call.attrs.get("T")) or x.dtype == np.object_:
        raise EvaluationError("has no bytes to cast")
    dtype = numpy_type(to)
    flat = np.ascontiguousarray(x)
    if before == after:
        return flat.view(dtype).reshape(x.shape)
    if before > after:
        return np.frombuffer(flat.tobytes(), dtype).reshape(*x.shape, before // after)
    if not x.ndim or x.shape[-1] * before != after:
        raise EvaluationError(f"cannot make {to} of a last dimension of {x.shape[-1:]} bytes")
    return np.frombuffer(flat.tobytes(), dtype).reshape(x.shape[:-1])


@kernel("BroadcastTo", "its input repeated along dimensions of size 1, up to a shape", ANY)
def broadcast_to(call: KernelCall, x: Array, sizes: Array) -> Array:
    return np.broadcast_to(x, call.reserve(sizes.tolist(), x.dtype))


@kernel("BroadcastArgs", "the shape that two shapes broadcast to", INTEGERS)
def broadcast_args(_: KernelCall, a: Array, b: Array) -> Array:
    return np.array(np.broadcast_shapes(tuple(a.tolist()), tuple(b.tolist())), a.dtype)


@kernel("BroadcastGradientArgs", "the axes over which each of two shapes is broadcast to the other", INTEGERS)
def broadcast_gradient_args(_: KernelCall, a: Array, b: Array) -> Sequence[Array]:
    """Source: ``BCast`` of ``util/bcast.h``: an axis of size 1 in both counts for both."""
    np.broadcast_shapes(tuple(a.tolist()), tuple(b.tolist()))
    rank = max(a.size, b.size)
    left, right = ([1] * (rank - each.size) + each.tolist() for each in (a, b))
    if a.tolist() == b.tolist():
        return np.zeros(0, a.dtype), np.zeros(0, a.dtype)
    axes = ([axis for axis in range(rank) if each[axis] == 1] for each in (left, right))
    return [np.array(each, a.dtype) for each in axes]
