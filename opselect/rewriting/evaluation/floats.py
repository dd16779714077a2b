"""Floating point as TensorFlow's CPU kernels have it: no subnormals, half and bfloat16 computed in float.

Source: ``ScopedFlushDenormal`` (``platform/denormal.cc``), which every thread that runs kernels has set and which
``common_runtime/constant_folding.cc`` sets as well; ``Eigen::half`` and ``bfloat16``, whose arithmetic is that of
``float``, rounded after each operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np

from opselect.models.formats.numpy_types import Array

BFLOAT16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
_SMALLEST_BFLOAT16 = np.array(np.finfo(np.float32).tiny, BFLOAT16)  # it has the exponents of a float


def flushed(array: Array) -> Array:
    """The array with zeros of the same sign in place of subnormals.

    A ``half`` keeps them: as the ``float`` that it is computed as it is a normal number.
    """
    if array.dtype.kind == "c":
        parts = np.ascontiguousarray(array).view(array.real.dtype)
        return flushed(parts).view(array.dtype).reshape(array.shape)
    if array.dtype == BFLOAT16:
        return _flushed(array, _SMALLEST_BFLOAT16)
    if array.dtype in (np.float32, np.float64):
        return _flushed(array, np.finfo(array.dtype).tiny)
    return array


def _flushed(array: Array, smallest: Any) -> Array:
    subnormal = (np.abs(array) < smallest) & (array != 0)
    if not subnormal.any():
        return array
    return np.where(subnormal, np.copysign(array.dtype.type(0), array), array)


def arithmetic(compute: Callable[..., Any], *arrays: Array) -> Array:
    """What ``compute`` makes of the arrays in their own type, subnormals flushed before and after.

    A ``bfloat16`` is flushed as the ``float`` that it is computed as, before it is rounded.
    """
    if arrays[0].dtype == BFLOAT16:
        return flushed(arithmetic(compute, *(flushed(array).astype(np.float32) for array in arrays)).astype(BFLOAT16))
    result = compute(*map(flushed, arrays))
    # NumPy makes bytes of an array of one string.
    return flushed(np.asarray(result, object if arrays[0].dtype == np.object_ else None))


def in_double(compute: Callable[..., Any], *arrays: Array) -> Array:
    """What ``compute`` makes of the arrays, one rounding for types narrower than ``double``."""
    return _in(np.float64, compute, arrays)


def nearest(compute: Callable[..., Any], *arrays: Array) -> Array:
    """What ``compute`` makes of the arrays with one rounding, where the machine has a type wider than ``double``.

    NumPy's own functions of ``float`` and ``double`` are up to four units in the last place away, and not the same on
    every machine.
    """
    dtype = arrays[0].dtype
    return _in(np.longdouble if dtype in (np.float64, np.complex128) else np.float64, compute, arrays)


def _in(wide: type[np.floating[Any]], compute: Callable[..., Any], arrays: tuple[Array, ...]) -> Array:
    dtype = arrays[0].dtype
    if dtype.kind == "c":
        wide = np.result_type(wide, np.complex64).type
    result = np.asarray(compute(*(flushed(array).astype(wide) for array in arrays)))
    return flushed((flushed(result.astype(np.float32)) if dtype == BFLOAT16 else result).astype(dtype))


def complex_product(x: Array, y: Array) -> Array:
    """``x * y`` of complex numbers from the products of their parts, each rounded: NumPy's own may round just once."""
    out = np.empty(np.broadcast_shapes(x.shape, y.shape), x.dtype)
    out.real = x.real * y.real - x.imag * y.imag
    out.imag = x.real * y.imag + x.imag * y.real
    return out
