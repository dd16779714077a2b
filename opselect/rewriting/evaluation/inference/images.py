"""Rules of ops on images. Source: ``framework/common_shape_fns.cc``, ``core/ops/image_ops.cc``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from opselect.models.graph import Shape
from opselect.rewriting.evaluation.inference.partial import OPEN, UNKNOWN
from opselect.rewriting.evaluation.inference.rules import Facts, rule
from opselect.rewriting.evaluation.windows import channels_last, spatial, windows_of


@rule("Conv2D")
def convolution(facts: Facts) -> Sequence[Shape]:
    """A channel for each filter."""
    return [_moved(facts, lambda filters: filters[3])]


@rule("DepthwiseConv2dNative")
def depthwise_convolution(facts: Facts) -> Sequence[Shape]:
    """A channel for each filter of each channel."""
    return [_moved(facts, lambda filters: OPEN if OPEN in filters[2:] else filters[2] * filters[3])]


def _moved(facts: Facts, channels: Callable[[tuple[int, ...]], int]) -> Shape:
    image, filters = facts.shape(0).dims, facts.shape(1).dims
    image = (OPEN,) * 4 if image is None else image
    filters = (OPEN,) * 4 if filters is None else filters
    if len(image) != 4 or len(filters) != 4:
        return UNKNOWN
    return _image(facts, image, (filters[0], filters[1]), channels(filters))


@rule("MaxPool AvgPool")
def pool(facts: Facts) -> Sequence[Shape]:
    """The channels stay."""
    image = facts.shape(0).dims
    if image is None or len(image) != 4:
        return [UNKNOWN]
    last = channels_last(facts.call)
    return [_image(facts, image, spatial(facts.call.wholes("ksize"), last), image[3 if last else 1])]


def _image(facts: Facts, image: tuple[int, ...], windows: tuple[int, int], channels: int) -> Shape:
    last = channels_last(facts.call)
    sizes = spatial(image, last)
    counts = [OPEN, OPEN]
    for axis in (0, 1):
        if sizes[axis] != OPEN and windows[axis] != OPEN:
            counts[axis] = windows_of(facts.call, (max(windows[0], 1), max(windows[1], 1)))[axis].count(sizes[axis])
    return Shape((image[0], *counts, channels) if last else (image[0], channels, *counts))


@rule("Conv2DBackpropInput")
def convolution_turned(facts: Facts) -> Sequence[Shape]:
    """What the first input says."""
    return [facts.sizes(0)]


@rule("DecodeJpeg DecodePng DecodeBmp")
def decoded(facts: Facts) -> Sequence[Shape]:
    """An image of any height and width, with as many channels as the node says."""
    return [Shape((OPEN, OPEN, facts.call.whole("channels", 0) or OPEN))]


@rule("ResizeBilinear ResizeNearestNeighbor ResizeBicubic ResizeArea")
def resize(facts: Facts) -> Sequence[Shape]:
    """Height and width as the second input says."""
    image, size = facts.shape(0).dims, facts.sizes(1).dims
    image = (OPEN,) * 4 if image is None else image
    if len(image) != 4:
        return [UNKNOWN]
    height, width = size if size is not None and len(size) == 2 else (OPEN, OPEN)
    return [Shape((image[0], height, width, image[3]))]


@rule("SpaceToBatchND")
def space_to_batch(facts: Facts) -> Sequence[Shape]:
    """Blocks of constant size, after constant paddings, go into the batch."""
    return [_blocks(facts, grow=False)]


@rule("BatchToSpaceND")
def batch_to_space(facts: Facts) -> Sequence[Shape]:
    """Blocks of constant size come out of the batch, before constant crops."""
    return [_blocks(facts, grow=True)]


def _blocks(facts: Facts, *, grow: bool) -> Shape:
    dims, block, edges = facts.shape(0).dims, facts.values(1), facts.values(2)
    if dims is None:
        return UNKNOWN
    if block is None or edges is None or edges.shape != (block.size, 2) or len(dims) <= block.size:
        return Shape((OPEN,) * len(dims))
    batch = dims[0]
    out = list(dims)
    for axis, (factor, edge) in enumerate(zip(block.ravel().tolist(), edges.sum(1).tolist(), strict=True), 1):
        if factor < 1:
            return UNKNOWN
        batch = OPEN if batch == OPEN else batch // factor if grow else batch * factor
        if dims[axis] != OPEN:
            out[axis] = dims[axis] * factor - edge if grow else (dims[axis] + edge) // factor
    return Shape((batch, *out[1:]))
