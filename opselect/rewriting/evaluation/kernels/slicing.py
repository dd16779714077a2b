"""Parts of arrays by where they are. Source: ``util/strided_slice_op.cc``, ``kernels/slice_op.cc``, ``reverse_op.cc``,
``reverse_sequence_op.cc``, ``roll_op.cc``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import ANY, INTEGERS, EvaluationError, KernelCall, kernel
from opselect.rewriting.evaluation.kernels.shapes import axis_of


@kernel("Slice", "a block that starts somewhere and has a size, -1 for all that is left", ANY)
def slice_block(_: KernelCall, x: Array, begin: Array, size: Array) -> Array:
    if not begin.shape == size.shape == (x.ndim,):
        raise EvaluationError("takes a start and a size for each dimension")
    block = []
    for dim, start, count in zip(x.shape, begin.tolist(), size.tolist(), strict=True):
        stop = dim if count == -1 else start + count
        if not 0 <= start <= stop <= dim:
            raise EvaluationError(f"takes {start}:{stop} of a dimension of {dim}")
        block.append(slice(start, stop))
    return x[tuple(block)]


@dataclass(frozen=True, slots=True)
class StridedSlice:
    """``begin``, ``end`` and ``strides`` of the op StridedSlice, and its masks, a bit a position."""

    begin: Sequence[int]
    end: Sequence[int]
    strides: Sequence[int]
    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0

    def items(self, rank: int) -> list[int | None]:
        """The position that slices each dimension of the input, in order; None for one that is taken whole.

        A new axis stands between them as -1 less its position. Raises EvaluationError where positions do not fit.
        """
        if self.ellipsis_mask & (self.ellipsis_mask - 1):
            raise EvaluationError("has more than one ellipsis")
        count = len(self.begin)
        ellipsis = next((i for i in range(count) if self.ellipsis_mask >> i & 1), count)
        after = range(ellipsis + 1, count)
        new = [i for i in range(count) if self.new_axis_mask >> i & 1 and i != ellipsis]
        taken = [i for i in range(count) if i != ellipsis and i not in new]
        if len(taken) > rank:
            raise EvaluationError(f"slices {len(taken)} dimensions of {rank}")
        before: list[int | None] = [-1 - i if i in new else i for i in range(min(ellipsis, count))]
        last: list[int | None] = [-1 - i if i in new else i for i in after]
        return [*before, *[None] * (rank - len(taken)), *last]

    def dense(self, shape: Sequence[int]) -> list[slice | int | None]:
        """The same as an index of NumPy's for an array of that shape."""
        dims = iter(shape)
        index: list[slice | int | None] = []
        for item in self.items(len(shape)):
            if item is None:
                next(dims)
                index.append(slice(None))
            elif item < 0:
                index.append(None)
            elif self.shrink_axis_mask >> item & 1:
                index.append(self._one(item, next(dims)))
            else:
                index.append(self._range(item, next(dims)))
        return index

    def sizes(self, shape: Sequence[int]) -> tuple[int, ...]:
        """The shape of the result; -1 for a size that is not known, as such a size of the input is."""
        dims = iter(shape)
        found = []
        for item in self.items(len(shape)):
            if item is not None and item < 0:
                found.append(1)
                continue
            dim = next(dims)
            if item is None:
                found.append(dim)
            elif not self.shrink_axis_mask >> item & 1:
                found.append(-1 if dim < 0 else len(range(*self._range(item, dim).indices(dim))))
        return tuple(found)

    def _one(self, item: int, dim: int) -> int:
        begin = self.begin[item]  # a begin mask does not matter here
        at = begin + dim if begin < 0 else begin
        if self.strides[item] <= 0 or not 0 <= at < dim:
            raise EvaluationError(f"takes element {begin} of a dimension of {dim}")
        return at

    def _range(self, item: int, dim: int) -> slice:
        stride = self.strides[item]
        if not stride:
            raise EvaluationError("has a stride of 0")
        begin = None if self.begin_mask >> item & 1 else self.begin[item]
        end = None if self.end_mask >> item & 1 else self.end[item]
        return slice(*_clamped(begin, end, stride, dim), stride)


def _clamped(begin: int | None, end: int | None, stride: int, dim: int) -> tuple[int, int | None]:
    """Both ends inside a dimension; the end is None where it lies before the first element."""
    low, high = (0, dim) if stride > 0 else (-1, dim - 1)

    def inside(position: int | None, open_end: int) -> int:
        if position is None:
            return open_end
        return min(max(position + dim if position < 0 else position, low), high)

    first = inside(begin, low if stride > 0 else high)
    last = inside(end, high if stride > 0 else low)
    if (last - first) * stride <= 0:
        return 0, 0
    return first, last if last >= 0 else None


def strided_slice_of(call: KernelCall, begin: Array, end: Array, strides: Array) -> StridedSlice:
    """What the inputs and attrs of a StridedSlice say."""
    if not begin.ndim == end.ndim == strides.ndim == 1 or not begin.size == end.size == strides.size < 32:
        raise EvaluationError("takes start, end and stride of one length")
    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return StridedSlice(begin.tolist(), end.tolist(), strides.tolist(), *(call.whole(mask, 0) for mask in masks))


@kernel(
    "StridedSlice", "every so manieth element of ranges, with all masks: begin, end, ellipsis, new and shrunk axes", ANY
)
def strided_slice(call: KernelCall, x: Array, begin: Array, end: Array, strides: Array) -> Array:
    index = strided_slice_of(call, begin, end, strides).dense(x.shape)
    return np.asarray(x[tuple(index)], x.dtype)


@kernel("Reverse", "the elements in the other order along axes marked true", ANY)
def reverse(_: KernelCall, x: Array, axes: Array) -> Array:
    if axes.dtype != np.bool_ or axes.shape != (x.ndim,):
        raise EvaluationError("takes true or false for each dimension")
    return np.flip(x, tuple(np.flatnonzero(axes)))


@kernel("ReverseV2", "the elements in the other order along the axes given", ANY)
def reverse_v2(_: KernelCall, x: Array, axes: Array) -> Array:
    if not x.ndim or not x.size:
        return x  # whatever axes are named
    numbers = [axis_of(axis, x.ndim) for axis in axes.tolist()]
    if len(set(numbers)) < len(numbers):
        raise EvaluationError("reverses an axis twice")
    return np.flip(x, tuple(numbers))


@kernel("ReverseSequence", "the first elements of each entry of a batch in the other order, as many as its length", ANY)
def reverse_sequence(call: KernelCall, x: Array, lengths: Array) -> Array:
    call.looped(lengths)
    sequence, batch = axis_of(call.whole("seq_dim"), x.ndim), axis_of(call.whole("batch_dim", 0), x.ndim)
    if sequence == batch or lengths.shape != (x.shape[batch],):
        raise EvaluationError("takes a length for each entry of the batch")
    if lengths.size and not 0 <= lengths.min() <= lengths.max() <= x.shape[sequence]:
        raise EvaluationError(f"reverses more elements than {x.shape[sequence]}")
    out = x.copy()
    entries, reversed_entries = np.moveaxis(x, (batch, sequence), (0, 1)), np.moveaxis(out, (batch, sequence), (0, 1))
    for entry, length in enumerate(lengths.tolist()):
        reversed_entries[entry, :length] = entries[entry, :length][::-1]
    return np.asarray(out)


@kernel("Roll", "the elements moved along axes, those at the end to the start", ANY)
def roll(_: KernelCall, x: Array, shift: Array, axis: Array) -> Array:
    if shift.shape != axis.shape or shift.ndim > 1:
        raise EvaluationError("takes a shift for each axis")
    axes = [axis_of(number, x.ndim) for number in axis.ravel().tolist()]
    return np.roll(x, shift.ravel().tolist(), axes)


@kernel("InvertPermutation", "where each number stands in a permutation", INTEGERS)
def invert_permutation(_: KernelCall, x: Array) -> Array:
    if x.ndim != 1 or not np.array_equal(np.sort(x), np.arange(x.size)):
        raise EvaluationError("inverts what is no permutation")
    return np.argsort(x).astype(x.dtype)
