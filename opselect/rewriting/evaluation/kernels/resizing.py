"""Images of another size. Source: ``kernels/resize_bilinear_op.cc``, ``resize_nearest_neighbor_op.cc``,
``image_resizer_state.h``.
"""

from __future__ import annotations

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import arithmetic, flushed
from opselect.rewriting.evaluation.kernel import REALS, EvaluationError, KernelCall, kernel

_F = np.float32


def _places(call: KernelCall, size: int, count: int, *, nearest: bool) -> Array:
    """Where on an axis of that size each new element lies, as ``float`` computes it."""
    corners, centers = call.flag("align_corners"), call.flag("half_pixel_centers")
    scale = _F(size - 1) / _F(count - 1) if corners and count > 1 else _F(size) / _F(count)
    numbers = np.arange(count).astype(_F)
    if not centers:
        return np.asarray(numbers * scale)
    return np.asarray((numbers + _F(0.5)) * scale - (_F(0) if nearest else _F(0.5)))


def _target(call: KernelCall, image: Array, size: Array) -> tuple[int, int]:
    if image.ndim != 4 or size.shape != (2,) or min(size) < 1 or 0 in image.shape[1:3]:
        raise EvaluationError(f"resizes an image of shape {list(image.shape)} to {size.tolist()}")
    height, width = size.tolist()
    call.reserve((image.shape[0], height, width, image.shape[3]), np.float64)
    return height, width


@kernel("ResizeNearestNeighbor", "the nearest element of an image for each of another size", REALS)
def resize_nearest(call: KernelCall, image: Array, size: Array) -> Array:
    chosen = []
    for dim, count in zip(image.shape[1:3], _target(call, image, size), strict=True):
        places = _places(call, dim, count, nearest=True)
        whole = np.floor(places + _F(0.5)) if call.flag("align_corners") else np.floor(places)
        chosen.append(np.clip(whole.astype(np.int64), 0, dim - 1))
    return image[:, chosen[0]][:, :, chosen[1]]


@kernel(
    "ResizeBilinear",
    "elements between those of an image, in proportion to their distance",
    REALS,
    outputs=DataType.DT_FLOAT,
)
def resize_bilinear(call: KernelCall, image: Array, size: Array) -> Array:
    found = flushed(image.astype(_F))
    height, width = _target(call, image, size)
    for axis, count in ((2, width), (1, height)):  # in this order, each step rounded
        dim = image.shape[axis]
        places = _places(call, dim, count, nearest=False)
        below = np.floor(places)
        share = (places - below).reshape(-1, *[1] * (3 - axis))
        low = np.clip(below.astype(np.int64), 0, dim - 1)
        high = np.clip(np.ceil(places).astype(np.int64), 0, dim - 1)
        a, b = np.take(found, low, axis), np.take(found, high, axis)
        rise = arithmetic(np.multiply, arithmetic(np.subtract, b, a), share)
        found = arithmetic(np.add, a, rise)
    return found
