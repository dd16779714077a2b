"""Floating point as small whole numbers and back. Source: ``kernels/quantize_op.cc``, ``dequantize_op.cc``,
``quantization_utils.h``, ``fake_quant_ops_functor.h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import QUANTIZED, Accuracy, EvaluationError, KernelCall, kernel

_FLOAT = frozenset({DataType.DT_FLOAT})
_SMALL = QUANTIZED - {DataType.DT_QINT32}
_F = np.float32
_MOST = np.finfo(_F).max


def _range(call: KernelCall, low: Array, high: Array) -> tuple[np.float32, np.float32]:
    if low.size != 1 or high.size != 1 or call.whole("axis", -1) != -1 or call.data_type("T") not in _SMALL:
        raise EvaluationError("has a range for each slice, or 32 bits")
    return _F(low.reshape(())), _F(high.reshape(()))


@kernel(
    "QuantizeV2",
    "numbers as 8 or 16 bits of a range, and the range; modes MIN_COMBINED, MIN_FIRST and SCALED",
    _FLOAT | _SMALL,
    outputs=("T", DataType.DT_FLOAT, DataType.DT_FLOAT),
)
def quantize(call: KernelCall, x: Array, min_range: Array, max_range: Array) -> Sequence[Array]:
    low, high = _range(call, min_range, max_range)
    if not low <= high:
        raise EvaluationError("has a range that ends before it starts")
    apart = max(_F(1), abs(low), abs(high)) * _F(call.real("ensure_minimum_range", 0.01))
    low = min(_F(0), low)
    high = max(_F(0), high, low + apart)
    limits = np.iinfo(call.dtype("T"))
    mode = call.text("mode", "MIN_COMBINED")
    if mode == "MIN_COMBINED":
        numbers = _combined(x, low, high, limits)
    elif mode == "MIN_FIRST":
        scale = _F((float(limits.max) - limits.min) / np.float64(high - low))
        offset = _half_away(low * scale) - _F(limits.min)
        numbers = np.clip(_half_away(x * scale) - offset, _F(limits.min), _F(limits.max))
    else:
        lowest, highest = _lowest(call, limits), _F(limits.max)
        scale = min((end / side for end, side in ((lowest, low), (highest, high)) if end * side > 0), default=_MOST)
        low, high = lowest / scale, highest / scale
        scaled = np.clip(x, low, high) * scale
        even = call.text("round_mode", "HALF_AWAY_FROM_ZERO") == "HALF_TO_EVEN"
        numbers = np.rint(scaled) if even else _half_away(scaled)
    if not np.isfinite(numbers).all():
        raise EvaluationError("quantizes NaN")
    return numbers.astype(np.int32).astype(limits.dtype), np.asarray(low), np.asarray(high)


def _combined(x: Array, low: np.float32, high: np.float32, limits: np.iinfo[Any]) -> Array:
    scale = _F((float(limits.max) - limits.min) / np.float64(high - low))
    inside = (np.clip(x, low, high) - low) * scale
    if limits.min:
        return np.asarray(_half_away(inside - _F((float(limits.max) - limits.min + 1) / 2)))
    return np.asarray(np.trunc(inside + _F(0.5)))


def _lowest(call: KernelCall, limits: np.iinfo[Any]) -> np.float32:
    """The smallest number of a type that is used."""
    lowest: np.float32 = _F(limits.min + call.flag("narrow_range"))
    return lowest


def _half_away(x: Any) -> Any:
    """The nearest whole number, of two the one further from 0."""
    whole = np.trunc(x)
    return whole + np.where(np.abs(x - whole) >= 0.5, np.copysign(_F(1), x), _F(0))


@kernel(
    "Dequantize",
    "what QuantizeV2 was given, as near as its bits tell; the same modes",
    _SMALL,
    outputs=DataType.DT_FLOAT,
)
def dequantize(call: KernelCall, x: Array, min_range: Array, max_range: Array) -> Array:
    low, high = _range(call, min_range, max_range)
    if call.attrs.get("dtype", DataType.DT_FLOAT) is not DataType.DT_FLOAT:
        raise EvaluationError("gives other numbers than float")
    limits = np.iinfo(x.dtype)
    mode = call.text("mode", "MIN_COMBINED")
    if mode == "SCALED":
        scale = high / _F(limits.max)
        if limits.min:
            scale = max(low / _lowest(call, limits), scale)
        return np.asarray(x.astype(_F) * scale)
    if mode == "MIN_COMBINED":
        scale = (high - low) / (_F(limits.max) - _F(limits.min))
        half = _F((float(limits.max) - limits.min + 1) / 2) if limits.min else _F(0)
        return np.asarray((x.astype(_F) + half) * scale + low)
    scale = _F(np.float64(high - low) / (float(limits.max) - limits.min))
    start = low if low == high else _half_away(low / scale) * scale
    return np.asarray((start - _F(limits.min) * scale) + x.astype(_F) * scale)


def _fake_quantized(call: KernelCall, x: Array, low: np.float32, high: np.float32) -> Array:
    bits = call.whole("num_bits", 8)
    if not 2 <= bits <= 16 or not low < high:
        raise EvaluationError(f"has a range of {low} to {high} in {bits} bits")
    first, last = _F(1 if call.flag("narrow_range") else 0), _F((1 << bits) - 1)
    scale = (high - low) / (last - first)
    zero = np.clip(_half_away(first - low / scale), first, last)
    low, high = (first - zero) * scale, (last - zero) * scale
    inverse = _F(1) / scale
    offset = np.floor(-low * inverse + _F(0.5))
    steps: Array = np.floor((np.clip(x, low, high) - low) * inverse - offset + _F(0.5))
    return np.asarray(steps * scale)


@kernel(
    "FakeQuantWithMinMaxArgs",
    "numbers rounded to those that few bits of the node's range can hold",
    _FLOAT,
    outputs=DataType.DT_FLOAT,
    accuracy=Accuracy.ONE_ULP,
)
def fake_quantize_by_attrs(call: KernelCall, x: Array) -> Array:
    return _fake_quantized(call, x, _F(call.real("min", -6.0)), _F(call.real("max", 6.0)))


@kernel(
    "FakeQuantWithMinMaxVars",
    "numbers rounded to those that few bits of a range can hold",
    _FLOAT,
    outputs=DataType.DT_FLOAT,
    accuracy=Accuracy.ONE_ULP,
)
def fake_quantize(call: KernelCall, x: Array, low: Array, high: Array) -> Array:
    if low.size != 1 or high.size != 1:
        raise EvaluationError("has a range for each slice")
    if not low.any() and not high.any():
        return np.zeros_like(x)
    return _fake_quantized(call, x, _F(low.reshape(())), _F(high.reshape(())))


@kernel(
    "FakeQuantWithMinMaxVarsPerChannel",
    "numbers rounded to those that few bits of a range for each channel can hold",
    _FLOAT,
    outputs=DataType.DT_FLOAT,
    accuracy=Accuracy.ONE_ULP,
)
def fake_quantize_channels(call: KernelCall, x: Array, low: Array, high: Array) -> Array:
    if not x.ndim or low.shape != x.shape[-1:] or high.shape != x.shape[-1:]:
        raise EvaluationError("has ranges that are not for its channels")
    call.looped(low)
    channels = [fake_quantize(call, x[..., each], low[each], high[each]) for each in range(low.size)]
    return np.stack(channels, -1) if channels else x
