"""From one type to another. Source: ``kernels/cast_op.h``, ``cast_op_impl.h``."""

from __future__ import annotations

from typing import Any

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import BFLOAT16, flushed
from opselect.rewriting.evaluation.kernel import (
    BOOL,
    NUMBERS,
    EvaluationError,
    KernelCall,
    UndefinedResultError,
    kernel,
)

_DOUBLE, _FLOAT, _HALF = np.dtype(np.float64), np.dtype(np.float32), np.dtype(np.float16)
_BITS_TO_CUT = {(_DOUBLE, _FLOAT): 29, (_DOUBLE, _HALF): 42, (_FLOAT, _HALF): 13, (_FLOAT, BFLOAT16): 16}
"""By how many bits the mantissas differ, for the pairs of types of which TensorFlow cuts numbers off."""


def _is_float(dtype: np.dtype[Any]) -> bool:
    return dtype in (_DOUBLE, _FLOAT, _HALF, BFLOAT16)


@kernel(
    "Cast",
    "numbers of another type: whole ones wrap around, fractions are cut off, narrower floats round to even; "
    "an error for a float that the whole type cannot hold, of which every processor makes something else",
    NUMBERS | BOOL,
    outputs="DstT",
)
def cast(call: KernelCall, x: Array) -> Array:
    if call.data_type("DstT") not in NUMBERS | BOOL:
        raise EvaluationError(f"has no kernel for {call.data_type('DstT')}")
    to = call.dtype("DstT")
    if x.dtype == to:
        return x
    if x.dtype.kind == "c" and to.kind != "c":
        x = x.real
    if to == np.bool_:
        return np.not_equal(x if x.dtype == BFLOAT16 else flushed(x), 0)
    if _is_float(x.dtype) and to.kind in "iu":
        return _to_whole(x, to)
    if call.flag("Truncate") and (x.dtype, to) in _BITS_TO_CUT:
        x = _cut(x, _BITS_TO_CUT[x.dtype, to])
    return _converted(x, to)


def _to_whole(x: Array, to: np.dtype[Any]) -> Array:
    # Every bound is a power of two or 0, which each of these types can tell from the numbers beyond it.
    whole = np.trunc(x.astype(np.float64))
    limits = np.iinfo(to)
    if not np.all((whole >= float(limits.min)) & (whole < float(limits.max + 1))):
        raise UndefinedResultError(
            f"casts a number that {to} cannot hold, of which every processor makes something else"
        )
    return whole.astype(to)


def _cut(x: Array, bits: int) -> Array:
    """The numbers with the lowest bits of their mantissas cleared, NaN as it is."""
    words = np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")
    cut = (words & ~words.dtype.type((1 << bits) - 1)).view(x.dtype).reshape(x.shape)
    return np.where(np.isnan(x), x, cut)


def _converted(x: Array, to: np.dtype[Any]) -> Array:
    if x.dtype == BFLOAT16 and to in (np.float32, np.complex64):
        return x.astype(to)  # it only gets longer, subnormals and all
    if to in (_HALF, BFLOAT16) and x.dtype != np.bool_:
        x = flushed(flushed(x).astype(np.float32))
    return flushed(flushed(x).astype(to))
