"""Rules of ops that put elements elsewhere. Source: ``core/ops/array_ops.cc``."""

from __future__ import annotations

import math
from collections.abc import Sequence

from opselect.models.graph import Shape
from opselect.rewriting.evaluation.inference.partial import OPEN, UNKNOWN, merged, reshaped, with_size
from opselect.rewriting.evaluation.inference.rules import Facts, rule
from opselect.rewriting.evaluation.kernels.slicing import strided_slice_of


@rule("Reshape")
def reshape(facts: Facts) -> Sequence[Shape]:
    """What the second input says, as far as that is known."""
    return [reshaped(facts.shape(0), facts.sizes(1))]


@rule("Fill")
def fill(facts: Facts) -> Sequence[Shape]:
    """What the first input says."""
    return [facts.sizes(0)]


@rule("BroadcastTo")
def broadcast_to(facts: Facts) -> Sequence[Shape]:
    """What the second input says."""
    return [facts.sizes(1)]


@rule("Transpose ConjugateTranspose")
def transpose(facts: Facts) -> Sequence[Shape]:
    """The sizes in the order of a constant second input."""
    dims, order = facts.shape(0).dims, facts.values(1)
    if order is None or dims is None:
        rank = facts.shape(1).dims or (OPEN,)
        count = len(dims) if dims is not None else rank[0]
        return [UNKNOWN if count == OPEN else Shape((OPEN,) * count)]
    return [Shape(tuple(dims[int(axis)] for axis in order.ravel()))]


@rule("ExpandDims")
def expand_dims(facts: Facts) -> Sequence[Shape]:
    """One more size of 1."""
    dims, axis = facts.shape(0).dims, facts.number(1)
    if dims is None:
        return [UNKNOWN]
    if axis is None or not -len(dims) - 1 <= axis <= len(dims):
        return [Shape((OPEN,) * (len(dims) + 1))]
    axis %= len(dims) + 1
    return [Shape((*dims[:axis], 1, *dims[axis:]))]


@rule("Squeeze")
def squeeze(facts: Facts) -> Sequence[Shape]:
    """Without sizes of 1; of an open size nobody knows whether it goes."""
    dims, axes = facts.shape(0).dims, facts.call.wholes("squeeze_dims")
    if dims is None or (not axes and OPEN in dims):
        return [UNKNOWN]
    gone = {axis % len(dims) for axis in axes} if dims else set()
    return [Shape(tuple(size for axis, size in enumerate(dims) if (axis not in gone if axes else size != 1)))]


@rule("Pack")
def pack(facts: Facts) -> Sequence[Shape]:
    """One more size, the number of inputs."""
    dims = merged(facts.shapes).dims
    if dims is None:
        return [UNKNOWN]
    axis = facts.call.whole("axis", 0) % (len(dims) + 1)
    return [Shape((*dims[:axis], len(facts.shapes), *dims[axis:]))]


@rule("Unpack")
def unpack(facts: Facts) -> Sequence[Shape]:
    """Without the axis along which the input is taken apart."""
    dims, count = facts.shape(0).dims, facts.call.count("num")
    if not dims:
        return [UNKNOWN] * count
    axis = facts.call.whole("axis", 0) % len(dims)
    return [Shape((*dims[:axis], *dims[axis + 1 :]))] * count


@rule("Split")
def split(facts: Facts) -> Sequence[Shape]:
    """Equal parts along the axis that the first input is."""
    dims, axis, count = facts.shape(1).dims, facts.number(0), facts.call.count("num_split")
    if dims is None or axis is None or not -len(dims) <= axis < len(dims):
        return [UNKNOWN if dims is None else Shape((OPEN,) * len(dims))] * count
    axis %= len(dims)
    size = dims[axis]
    return [with_size(Shape(dims), axis, OPEN if size == OPEN else size // count)] * count


@rule("SplitV")
def split_v(facts: Facts) -> Sequence[Shape]:
    """Parts of constant sizes along a constant axis."""
    dims, sizes, axis = facts.shape(0).dims, facts.values(1), facts.number(2)
    count = facts.call.count("num_split")
    if dims is None or axis is None or not -len(dims) <= axis < len(dims):
        return [UNKNOWN if dims is None else Shape((OPEN,) * len(dims))] * count
    axis %= len(dims)
    parts = [OPEN] * count if sizes is None else [int(size) for size in sizes.ravel()]
    if parts.count(OPEN) == 1 and dims[axis] != OPEN:
        parts[parts.index(OPEN)] = dims[axis] - sum(parts) - 1
    return [with_size(Shape(dims), axis, max(part, OPEN)) for part in parts]


@rule("Slice")
def slice_block(facts: Facts) -> Sequence[Shape]:
    """Constant sizes; -1 is what is left after a constant start."""
    dims, begin, sizes = facts.shape(0).dims, facts.values(1), facts.values(2)
    if sizes is None or dims is None or begin is None or not len(begin) == len(sizes) == len(dims):
        known = facts.sizes(2)
        return [known if known.dims is not None or dims is None else Shape((OPEN,) * len(dims))]
    rest = [OPEN if dim == OPEN else dim - int(start) for dim, start in zip(dims, begin, strict=True)]
    return [Shape(tuple(left if size == -1 else int(size) for size, left in zip(sizes, rest, strict=True)))]


@rule("StridedSlice")
def strided_slice(facts: Facts) -> Sequence[Shape]:
    """As the op itself does it, of sizes that are known."""
    dims = facts.shape(0).dims
    begin, end, strides = facts.values(1), facts.values(2), facts.values(3)
    if dims is None or begin is None or end is None or strides is None:
        return [UNKNOWN]
    return [Shape(strided_slice_of(facts.call, begin, end, strides).sizes(dims))]


@rule("Gather")
def gather(facts: Facts) -> Sequence[Shape]:
    """The shape of the indices in place of the first dimension."""
    return [_gathered(facts, 0)]


@rule("GatherV2")
def gather_v2(facts: Facts) -> Sequence[Shape]:
    """The shape of the indices in place of a constant axis."""
    return [_gathered(facts, facts.number(2))]


def _gathered(facts: Facts, axis: int | None) -> Shape:
    dims, indices = facts.shape(0).dims, facts.shape(1).dims
    if dims is None or indices is None or facts.call.whole("batch_dims", 0):
        return UNKNOWN
    if axis is None or not -len(dims) <= axis < len(dims):
        return Shape((OPEN,) * (len(dims) + len(indices) - 1)) if dims else UNKNOWN
    axis %= len(dims)
    return Shape((*dims[:axis], *indices, *dims[axis + 1 :]))


@rule("OneHot")
def one_hot(facts: Facts) -> Sequence[Shape]:
    """One more size, the constant depth."""
    dims, depth = facts.shape(0).dims, facts.number(1)
    if dims is None:
        return [UNKNOWN]
    axis = facts.call.whole("axis", -1) % (len(dims) + 1)
    return [Shape((*dims[:axis], OPEN if depth is None else depth, *dims[axis:]))]


@rule("Tile")
def tile(facts: Facts) -> Sequence[Shape]:
    """Each size times its constant multiple."""
    dims, multiples = facts.shape(0).dims, facts.sizes(1).dims
    if dims is None or multiples is None or len(dims) != len(multiples):
        return [UNKNOWN if dims is None else Shape((OPEN,) * len(dims))]
    return [Shape(tuple(OPEN if OPEN in pair else math.prod(pair) for pair in zip(dims, multiples, strict=True)))]


@rule("Pad PadV2 MirrorPad")
def pad(facts: Facts) -> Sequence[Shape]:
    """Each size and its constant paddings."""
    dims, paddings = facts.shape(0).dims, facts.values(1)
    if dims is None:
        return [UNKNOWN]
    if paddings is None or paddings.shape != (len(dims), 2):
        return [Shape((OPEN,) * len(dims))]
    added = [int(pair.sum()) for pair in paddings]
    return [Shape(tuple(OPEN if size == OPEN else size + more for size, more in zip(dims, added, strict=True)))]


@rule("TopKV2")
def top_k(facts: Facts) -> Sequence[Shape]:
    """The last size is a constant number of elements."""
    dims, count = facts.shape(0).dims, facts.number(1)
    if not dims:
        return [UNKNOWN, UNKNOWN]
    return [with_size(Shape(dims), len(dims) - 1, OPEN if count is None else count)] * 2
