"""Blocks of images moved between space, batch and depth. Source: ``kernels/spacetobatch_op.cc``,
``batchtospace_op.cc``, ``spacetodepth_op.cc``, ``depthtospace_op.cc``.
"""

from __future__ import annotations

import math

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import ANY, EvaluationError, KernelCall, kernel
from opselect.rewriting.evaluation.kernels.arrays import pad
from opselect.rewriting.evaluation.kernels.convolution import from_channels_last, to_channels_last


def _block(x: Array, block: Array, edges: Array) -> tuple[list[int], Array]:
    if (
        block.ndim != 1
        or edges.shape != (block.size, 2)
        or x.ndim <= block.size
        or (block < 1).any()
        or (edges < 0).any()
    ):
        raise EvaluationError("has blocks and edges that do not fit its input")
    return [int(size) for size in block], edges.astype(np.int64)


@kernel("SpaceToBatchND", "what stands at each place of a block, after padding, as an image of its own", ANY)
def space_to_batch(call: KernelCall, x: Array, block: Array, paddings: Array) -> Array:
    sizes, edges = _block(x, block, paddings)
    rank = len(sizes)
    whole = np.zeros((x.ndim, 2), np.int64)
    whole[1 : rank + 1] = edges
    wide = pad(call, x, whole)
    if any(wide.shape[axis + 1] % size for axis, size in enumerate(sizes)):
        raise EvaluationError(f"has blocks of {sizes} in {list(wide.shape)}")
    shape = [wide.shape[0]]
    for axis, size in enumerate(sizes):
        shape += [wide.shape[axis + 1] // size, size]
    inside = [2 * axis + 2 for axis in range(rank)]
    outside = [2 * axis + 1 for axis in range(rank)]
    rest = list(range(2 * rank + 1, x.ndim + rank))
    moved = wide.reshape(*shape, *wide.shape[rank + 1 :]).transpose(*inside, 0, *outside, *rest)
    return np.reshape(moved, (wide.shape[0] * math.prod(sizes), *shape[1::2], *wide.shape[rank + 1 :]))


@kernel("SpaceToBatch", "SpaceToBatchND of the height and width of images", ANY)
def space_to_batch_of_images(call: KernelCall, x: Array, paddings: Array) -> Array:
    return space_to_batch(call, *_image(call, x), paddings)


def _image(call: KernelCall, x: Array) -> tuple[Array, Array]:
    size = call.whole("block_size")
    if x.ndim != 4 or size < 2:
        raise EvaluationError(f"has blocks of {size} in {list(x.shape)}")
    return x, np.array([size, size], np.int32)


@kernel("BatchToSpaceND", "images put together again from blocks, and cropped", ANY)
def batch_to_space(_: KernelCall, x: Array, block: Array, crops: Array) -> Array:
    sizes, edges = _block(x, block, crops)
    rank = len(sizes)
    if x.shape[0] % math.prod(sizes):
        raise EvaluationError(f"has blocks of {sizes} in a batch of {x.shape[0]}")
    batch = x.shape[0] // math.prod(sizes)
    order = [rank]
    for axis in range(rank):
        order += [rank + 1 + axis, axis]
    order += range(2 * rank + 1, x.ndim + rank)
    whole = [dim * size for dim, size in zip(x.shape[1:], sizes, strict=False)]
    moved: Array = x.reshape(*sizes, batch, *x.shape[1:]).transpose(order).reshape(batch, *whole, *x.shape[rank + 1 :])
    cut = [slice(first, dim - last) for dim, (first, last) in zip(whole, edges.tolist(), strict=True)]
    if any(each.start > each.stop for each in cut):
        raise EvaluationError("crops more than there is")
    index = (slice(None), *cut)
    return np.asarray(moved[index])


@kernel("BatchToSpace", "BatchToSpaceND of the height and width of images", ANY)
def batch_to_space_of_images(call: KernelCall, x: Array, crops: Array) -> Array:
    return batch_to_space(call, *_image(call, x), crops)


@kernel("SpaceToDepth", "each block of an image as channels of one element", ANY)
def space_to_depth(call: KernelCall, x: Array) -> Array:
    image, size = to_channels_last(call, x), call.whole("block_size")
    batch, height, width, depth = image.shape
    if size < 2 or height % size or width % size:
        raise EvaluationError(f"has blocks of {size} in {list(x.shape)}")
    blocks = image.reshape(batch, height // size, size, width // size, size, depth).transpose(0, 1, 3, 2, 4, 5)
    return from_channels_last(call, blocks.reshape(batch, height // size, width // size, size * size * depth))


@kernel("DepthToSpace", "the channels of one element as a block of an image", ANY)
def depth_to_space(call: KernelCall, x: Array) -> Array:
    image, size = to_channels_last(call, x), call.whole("block_size")
    batch, height, width, depth = image.shape
    if size < 2 or depth % (size * size):
        raise EvaluationError(f"has blocks of {size} in {depth} channels")
    rest = depth // (size * size)
    blocks = image.reshape(batch, height, width, size, size, rest).transpose(0, 1, 3, 2, 4, 5)
    return from_channels_last(call, blocks.reshape(batch, height * size, width * size, rest))
