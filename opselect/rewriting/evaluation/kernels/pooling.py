"""Windows of images reduced to one element. Source: ``kernels/maxpooling_op.cc``, ``avgpooling_op.cc``,
``lrn_op.cc``.
"""

from __future__ import annotations

import math

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import in_double
from opselect.rewriting.evaluation.kernel import FLOATS, REALS, Accuracy, KernelCall, kernel
from opselect.rewriting.evaluation.kernels.convolution import from_channels_last, padded, positions, to_channels_last
from opselect.rewriting.evaluation.windows import Windows, channels_last, spatial, windows_of


def _windows(call: KernelCall, image: Array) -> tuple[tuple[Windows, Windows], list[int]]:
    windows = windows_of(call, spatial(call.wholes("ksize"), channels_last(call)))
    counts = [each.count(size) for each, size in zip(windows, image.shape[1:3], strict=True)]
    call.reserve((image.shape[0], *counts, image.shape[3]), image.dtype)
    return windows, counts


@kernel("MaxPool", "the largest element of each window and channel", REALS)
def max_pool(call: KernelCall, x: Array) -> Array:
    image = to_channels_last(call, x)
    windows, counts = _windows(call, image)
    lowest = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -math.inf
    out = np.full((image.shape[0], *counts, image.shape[3]), lowest, x.dtype)
    for _, _, part in positions(padded(call, image, windows, lowest), windows, counts):
        out = np.maximum(out, part)
    return from_channels_last(call, out)


@kernel(
    "AvgPool", "the mean of each window and channel, without what lies over the edge", FLOATS, accuracy=Accuracy.SUM
)
def average_pool(call: KernelCall, x: Array) -> Array:
    image = to_channels_last(call, x)
    windows, counts = _windows(call, image)

    def pooled(wide: Array) -> Array:
        total = np.zeros((wide.shape[0], *counts, wide.shape[3]))
        inside = np.zeros((1, *counts, 1))
        for _, _, part in positions(padded(call, wide, windows), windows, counts):
            total += part
        for _, _, part in positions(padded(call, np.ones((1, *wide.shape[1:3], 1)), windows), windows, counts):
            inside += part
        return total / inside

    return from_channels_last(call, in_double(pooled, image))


@kernel(
    "LRN",
    "each element divided by a power of the sum of squares of its neighbours along channels",
    FLOATS,
    accuracy=Accuracy.ONE_ULP,
    approximate=FLOATS,
)
def local_response(call: KernelCall, x: Array) -> Array:
    radius = call.whole("depth_radius", 5)
    bias, alpha, beta = call.real("bias", 1), call.real("alpha", 1), call.real("beta", 0.5)

    def normalized(wide: Array) -> Array:
        squares = np.pad(wide * wide, [(0, 0)] * (wide.ndim - 1) + [(radius, radius)])
        depth = wide.shape[-1]
        total = sum(squares[..., shift : shift + depth] for shift in range(2 * radius + 1))
        return np.asarray(wide / np.power(bias + alpha * total, beta))

    call.reserve((*x.shape[:-1], x.shape[-1] + 2 * radius), np.float64)
    return in_double(normalized, x)
