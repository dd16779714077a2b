"""Arrays made, repeated, padded and turned. Source: ``kernels/constant_op.cc``, ``sequence_ops.cc``, ``tile_ops.cc``,
``pad_op.cc``, ``mirror_pad_op.cc``, ``transpose_op.cc``, ``bincount_op.cc``.
"""

from __future__ import annotations

import math

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import (
    ANY,
    BOOL,
    FLOATS,
    NUMBERS,
    PLAIN,
    REALS,
    EvaluationError,
    KernelCall,
    UndefinedResultError,
    kernel,
)


@kernel("Fill", "one value in every element of a shape", ANY)
def fill(call: KernelCall, sizes: Array, value: Array) -> Array:
    if sizes.ndim != 1 or value.ndim:
        raise EvaluationError("takes a shape and one value")
    return np.broadcast_to(value, call.reserve(sizes.tolist(), value.dtype))


@kernel("ZerosLike", "zeros in the shape of the input; empty strings", PLAIN)
def zeros_like(_: KernelCall, x: Array) -> Array:
    return np.full(x.shape, b"", object) if x.dtype == np.object_ else np.zeros(x.shape, x.dtype)


@kernel("OnesLike", "ones in the shape of the input", NUMBERS | BOOL)
def ones_like(_: KernelCall, x: Array) -> Array:
    return np.ones(x.shape, x.dtype)


@kernel(
    "Range",
    "start, start + delta and so on, up to a limit that is left out; an error where that depends on how it is rounded",
    REALS,
    outputs="Tidx",
)
def number_range(call: KernelCall, start: Array, limit: Array, delta: Array) -> Array:
    call.alike(start, limit, delta)
    if any(number.shape not in ((), (1,)) for number in (start, limit, delta)):
        raise EvaluationError("takes three numbers")
    start, limit, delta = (number.reshape(()) for number in (start, limit, delta))
    if not delta or (limit < start if delta > 0 else limit > start):
        raise EvaluationError("never reaches its limit")
    if start.dtype.kind in "iu":
        numbers = range(int(start), int(limit), int(delta))
        call.reserve((len(numbers),), start.dtype)
        return np.arange(numbers.start, numbers.stop, numbers.step, dtype=start.dtype)
    count = math.ceil(abs((limit - start) / delta))
    steps = np.full(call.reserve((count,), start.dtype), delta, start.dtype)
    steps[:1] = start
    added = np.add.accumulate(steps)
    multiplied = start + np.arange(count).astype(start.dtype) * delta
    if not np.array_equal(added, multiplied):
        raise UndefinedResultError("adds up what is rounded, where some releases of TensorFlow multiply")
    return added


@kernel("LinSpace", "numbers from start to stop, as many as asked for, all the same distance apart", FLOATS)
def lin_space(call: KernelCall, start: Array, stop: Array, count: Array) -> Array:
    if start.ndim or stop.ndim or count.ndim or count < 1:
        raise EvaluationError("takes a start, a stop and how many numbers")
    call.reserve((int(count),), start.dtype)
    if count == 1:
        return start.reshape(1)
    step = np.asarray((stop - start) / start.dtype.type(int(count) - 1), start.dtype)
    numbers = np.asarray(start + step * np.arange(int(count)).astype(start.dtype), start.dtype)
    numbers[-1] = stop
    return numbers


@kernel(
    "Tile",
    "the array as often along each dimension as its multiple says",
    ANY,
)
def tile(call: KernelCall, x: Array, multiples: Array) -> Array:
    if multiples.shape != (x.ndim,):
        raise EvaluationError("takes a multiple for each dimension")
    shape = call.reserve([size * times for size, times in zip(x.shape, multiples.tolist(), strict=True)], x.dtype)
    if x.dtype == np.uint16 and 0 not in shape and (multiples != 1).any():
        raise EvaluationError("repeats uint16, for which there is no kernel")
    return np.tile(x, multiples.tolist())


def _padding(call: KernelCall, x: Array, paddings: Array) -> list[tuple[int, int]]:
    if paddings.shape != (x.ndim, 2) or (paddings < 0).any():
        raise EvaluationError("takes two paddings, each 0 or more, for each dimension")
    pairs = [(before, after) for before, after in paddings.tolist()]
    call.reserve([before + size + after for size, (before, after) in zip(x.shape, pairs, strict=True)], x.dtype)
    return pairs


@kernel("Pad", "the array with zeros around it", PLAIN)
def pad(call: KernelCall, x: Array, paddings: Array) -> Array:
    return pad_v2(call, x, paddings, np.array(b"", object) if x.dtype == np.object_ else np.zeros((), x.dtype))


@kernel("PadV2", "the array with a value around it", PLAIN)
def pad_v2(call: KernelCall, x: Array, paddings: Array, value: Array) -> Array:
    call.alike(x, value)
    pairs = _padding(call, x, paddings)
    shape = [before + size + after for size, (before, after) in zip(x.shape, pairs, strict=True)]
    out = np.empty(shape, x.dtype)
    out[...] = value
    out[tuple(slice(before, before + size) for size, (before, _) in zip(x.shape, pairs, strict=True))] = x
    return out


@kernel("MirrorPad", "the array with its own elements mirrored around it, the outermost twice or not", ANY)
def mirror_pad(call: KernelCall, x: Array, paddings: Array) -> Array:
    pairs = _padding(call, x, paddings)
    if x.ndim > 5:
        raise EvaluationError(f"mirrors {x.ndim} dimensions")
    reflect = call.text("mode", "REFLECT") == "REFLECT"
    if any(max(pair) > size - reflect for size, pair in zip(x.shape, pairs, strict=True)):
        raise EvaluationError("mirrors more elements than there are")
    if not pairs:
        return x  # NumPy cannot tell whether no paddings are whole numbers
    return np.pad(x, pairs, "reflect" if reflect else "symmetric")


def _permutation(x: Array, order: Array) -> list[int]:
    if sorted(order.tolist()) != list(range(x.ndim)):
        raise EvaluationError(f"turns {x.ndim} dimensions by {order.tolist()}")
    return [int(axis) for axis in order]


@kernel("Transpose", "the dimensions in another order", ANY)
def transpose(_: KernelCall, x: Array, order: Array) -> Array:
    return np.transpose(x, _permutation(x, order))


@kernel("ConjugateTranspose", "the dimensions in another order, complex numbers conjugated", PLAIN)
def conjugate_transpose(_: KernelCall, x: Array, order: Array) -> Array:
    turned = np.transpose(x, _permutation(x, order))
    return np.conj(turned) if x.dtype.kind == "c" else turned


@kernel(
    "Bincount", "how often each number below a size occurs, or the sum of its weights", frozenset({DataType.DT_INT32})
)
def bin_count(call: KernelCall, x: Array, size: Array, weights: Array) -> Array:
    if x.size and x.min() < 0:
        raise EvaluationError("counts a number below 0")
    kept = x.ravel() < size
    out = np.zeros(call.reserve((int(size),), weights.dtype), weights.dtype)
    np.add.at(out, x.ravel()[kept], weights.ravel()[kept] if weights.size else weights.dtype.type(1))
    return out
