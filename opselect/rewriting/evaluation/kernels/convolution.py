"""Convolutions of images. Source: ``kernels/conv_ops.cc``, ``depthwise_conv_op.cc``, ``conv_grad_input_ops.cc``.

Products are added up in ``double``, one position of the filter after the other, and rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import in_double
from opselect.rewriting.evaluation.kernel import FLOATS, Accuracy, EvaluationError, KernelCall, kernel
from opselect.rewriting.evaluation.windows import Windows, channels_last, windows_of


def to_channels_last(call: KernelCall, image: Array) -> Array:
    """An image of the node's layout with its channels last; EvaluationError for what is no image."""
    if image.ndim != 4:
        raise EvaluationError(f"has an image of {image.ndim} dimensions")
    return image if channels_last(call) else np.moveaxis(image, 1, 3)


def from_channels_last(call: KernelCall, image: Array) -> Array:
    """The reverse of :func:`to_channels_last`."""
    return image if channels_last(call) else np.moveaxis(image, 3, 1)


def padded(call: KernelCall, image: Array, windows: Sequence[Windows], value: float = 0) -> Array:
    """The image with what its windows reach over its edges."""
    edges = [each.around(size) for each, size in zip(windows, image.shape[1:3], strict=True)]
    if not any(map(sum, edges)):
        return image
    height, width = (size + sum(edge) for size, edge in zip(image.shape[1:3], edges, strict=True))
    call.reserve((image.shape[0], height, width, image.shape[3]), image.dtype)
    return np.pad(image, [(0, 0), *edges, (0, 0)], constant_values=value)


def positions(image: Array, windows: Sequence[Windows], counts: Sequence[int]) -> Iterator[tuple[int, int, Array]]:
    """For each place in a window what all windows have there: row, column, and an image of one element a window.

    The image is padded; ``counts`` are the numbers of windows.
    """
    height, width = windows
    for row in range(height.window):
        for column in range(width.window):
            top, left = row * height.dilation, column * width.dilation
            bottom, right = top + counts[0] * height.stride, left + counts[1] * width.stride
            yield row, column, image[:, top : bottom : height.stride, left : right : width.stride]


@kernel("Conv2D", "an image convolved with filters; layouts NHWC and NCHW, groups", FLOATS, accuracy=Accuracy.SUM)
def convolution(call: KernelCall, x: Array, filters: Array) -> Array:
    image = to_channels_last(call, x)
    if filters.ndim != 4 or not filters.shape[2] or image.shape[3] % filters.shape[2]:
        raise EvaluationError(f"has filters of shape {list(filters.shape)} for {image.shape[3]} channels")
    groups = image.shape[3] // filters.shape[2]
    if not groups or filters.shape[3] % groups:
        raise EvaluationError(f"has {filters.shape[3]} filters in {groups} groups")
    windows = windows_of(call, (filters.shape[0], filters.shape[1]))
    counts = [each.count(size) for each, size in zip(windows, image.shape[1:3], strict=True)]
    shape = call.reserve((image.shape[0], *counts, filters.shape[3]), np.float64)

    def convolved(wide: Array, weights: Array) -> Array:
        out = np.zeros(shape)
        for row, column, part in positions(padded(call, wide, windows), windows, counts):
            parts, each = np.split(part, groups, 3), np.split(weights[row, column], groups, 1)
            out += (
                np.concatenate([a @ b for a, b in zip(parts, each, strict=True)], 3) if groups > 1 else part @ each[0]
            )
        return out

    return from_channels_last(call, in_double(convolved, image, filters))


@kernel(
    "DepthwiseConv2dNative",
    "every channel of an image convolved with filters of its own",
    FLOATS,
    accuracy=Accuracy.SUM,
)
def depthwise_convolution(call: KernelCall, x: Array, filters: Array) -> Array:
    image = to_channels_last(call, x)
    if filters.ndim != 4 or filters.shape[2] != image.shape[3]:
        raise EvaluationError(f"has filters of shape {list(filters.shape)} for {image.shape[3]} channels")
    windows = windows_of(call, (filters.shape[0], filters.shape[1]))
    counts = [each.count(size) for each, size in zip(windows, image.shape[1:3], strict=True)]
    shape = call.reserve((image.shape[0], *counts, *filters.shape[2:]), np.float64)

    def convolved(wide: Array, weights: Array) -> Array:
        out = np.zeros(shape)
        for row, column, part in positions(padded(call, wide, windows), windows, counts):
            out += part[..., None] * weights[row, column]
        return out.reshape(*shape[:3], shape[3] * shape[4])

    return from_channels_last(call, in_double(convolved, image, filters))


@kernel(
    "Conv2DBackpropInput",
    "the image whose convolution would pass a gradient on so: a convolution turned round",
    frozenset({DataType.DT_INT32, DataType.DT_INT64}),
    outputs="T",
    accuracy=Accuracy.SUM,
)
def convolution_turned(call: KernelCall, sizes: Array, filters: Array, gradient: Array) -> Array:
    out = to_channels_last(call, np.broadcast_to(np.zeros((), filters.dtype), call.reserve(sizes.tolist(), np.float64)))
    image = to_channels_last(call, gradient)
    windows = windows_of(call, (filters.shape[0], filters.shape[1]))
    counts = [each.count(size) for each, size in zip(windows, out.shape[1:3], strict=True)]
    if image.shape != (out.shape[0], *counts, filters.shape[3]) or filters.shape[2] != out.shape[3]:
        raise EvaluationError(f"has a gradient of shape {list(image.shape)}")
    edges = [each.around(size) for each, size in zip(windows, out.shape[1:3], strict=True)]
    call.reserve((out.shape[0], out.shape[1] + sum(edges[0]), out.shape[2] + sum(edges[1]), out.shape[3]), np.float64)

    def spread(wide: Array, weights: Array) -> Array:
        whole = np.zeros((out.shape[0], out.shape[1] + sum(edges[0]), out.shape[2] + sum(edges[1]), out.shape[3]))
        for row, column, part in positions(whole, windows, counts):
            part += wide @ weights[row, column].T
        return whole[:, edges[0][0] :, edges[1][0] :][:, : out.shape[1], : out.shape[2]]

    return from_channels_last(call, in_double(spread, image, filters))
