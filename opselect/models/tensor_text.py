"""Values as TensorFlow prints them, character for character."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kernel_index.datatypes import DataType
from opselect.models.graph import Shape

MAX_SHOWN = 3
"""Maximum number of elements of a tensor that are printed; dots stand for the rest."""

_MAX_DIMENSIONS = 254
_MAX_ELEMENTS = 2**63 - 1
_FLOAT_DIGITS, _DOUBLE_DIGITS = 6, 15
_DOUBLE_CHECKED_UP_TO = 1.7976931348623157e308 / 1.000000000000001


def type_word(dtype: DataType) -> str:
    """``float`` for DT_FLOAT, ``INVALID`` for DT_INVALID (``DataTypeString`` in ``framework/types.cc``)."""
    return dtype.name.removeprefix("DT_").lower() if dtype else "INVALID"


def shape_text(shape: Shape) -> str:
    """``[?,224,224,3]``, or ``<unknown>`` (``DebugString`` in ``framework/tensor_shape.cc``)."""
    if shape.dims is None:
        return "<unknown>"
    return f"[{','.join('?' if dim == -1 else str(dim) for dim in shape.dims)}]"


def shape_problem(shape: Shape) -> str:
    """What ``PartialTensorShape::IsValidShape`` says against a shape; empty if it is one."""
    dims = shape.dims or ()
    if len(dims) > _MAX_DIMENSIONS:
        return f"Shape {shape_text(shape)} has too many dimensions"
    elements = 1
    for dim in dims:
        if dim < -1:
            return f"Shape {shape_text(shape)} has dimensions with values below -1 (where -1 means unknown)"
        if dim == -1:
            elements = -1
        elif elements >= 0:
            elements *= dim
            if elements > _MAX_ELEMENTS:
                return f"Shape {shape_text(shape)} is too large (more than 2**63 - 1 entries)"
    return ""


def debug_string(dtype: DataType, shape: Sequence[int], first: Sequence[Any]) -> str:
    """``Tensor<type: int32 shape: [2] values: 0 1>``: ``Tensor::DebugString`` of ``framework/tensor.cc``, release 1.15.

    ``first`` are the first :data:`MAX_SHOWN` elements in row-major order, as Python numbers or bytes; fewer if the
    tensor has not as many.
    """
    word = _ELEMENTS.get(dtype, lambda _: "?")
    shown = [word(value) for value in first[:MAX_SHOWN]]
    elements = math.prod(shape)
    if dtype in _ELEMENTS and shape:
        values = _rows(shape, 0, shown, [0])
    else:
        values = " ".join(shown)
    dots = "..." if elements > len(shown) else ""
    return f"Tensor<type: {type_word(dtype)} shape: {shape_text(Shape(tuple(shape)))} values: {values}{dots}>"


def _rows(shape: Sequence[int], axis: int, shown: Sequence[str], done: list[int]) -> str:
    """The elements from ``done[0]`` on that lie in one row of ``axis``, rows of later axes in brackets."""
    if axis == len(shape) - 1:
        row = shown[done[0] : done[0] + shape[axis]]
        done[0] += len(row)
        return " ".join(row) + ("..." if axis and len(row) < shape[axis] else "")
    text = ""
    for _ in range(shape[axis]):
        if done[0] >= len(shown):
            break
        text += f"[{_rows(shape, axis + 1, shown, done)}]"
    return text


def float_text(value: float) -> str:
    """A float with six digits, or nine where six would not give it back (``FloatToBuffer`` of ``lib/strings``)."""
    text = f"{value:.{_FLOAT_DIGITS}g}"
    if struct.pack("<f", float(text)) == struct.pack("<f", value) and not math.isnan(value):
        return text
    return _signed_nan(value) or f"{value:.{_FLOAT_DIGITS + 3}g}"


def double_text(value: float) -> str:
    """A double with 15 digits, or 17 where 15 would not give it back (``DoubleToBuffer``)."""
    text = f"{value:.{_DOUBLE_DIGITS}g}"
    if abs(value) <= _DOUBLE_CHECKED_UP_TO and float(text) == value:
        return text
    return _signed_nan(value) or f"{value:.{_DOUBLE_DIGITS + 2}g}"


def _signed_nan(value: float) -> str:
    """What printf makes of a NaN; empty for any other number."""
    if not math.isnan(value):
        return ""
    return "-nan" if math.copysign(1, value) < 0 else "nan"


_ESCAPES = {ord(c): "\\" + e for c, e in zip("\n\r\t\"'\\", "nrt\"'\\", strict=True)}


def escaped(data: bytes) -> str:
    """Bytes as ``absl::CEscape`` writes them: in ASCII, what cannot be printed in octal."""
    return "".join(_ESCAPES.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}") for byte in data)


def _integer(value: Any) -> str:
    return str(int(value))


_ELEMENTS: Mapping[DataType, Callable[[Any], str]] = {
    DataType.DT_HALF: float_text,
    DataType.DT_FLOAT: float_text,
    DataType.DT_DOUBLE: double_text,
    DataType.DT_STRING: escaped,
    **dict.fromkeys(
        (
            DataType.DT_INT32,
            DataType.DT_UINT8,
            DataType.DT_INT16,
            DataType.DT_INT8,
            DataType.DT_INT64,
            DataType.DT_BOOL,
            DataType.DT_QINT8,
            DataType.DT_QUINT8,
            DataType.DT_QINT16,
            DataType.DT_QUINT16,
            DataType.DT_UINT16,
            DataType.DT_UINT32,
            DataType.DT_UINT64,
        ),
        _integer,
    ),
}
"""How an element of each type is printed; of any other it is ``?``."""


def human_readable(count: int) -> str:
    """``999``, ``1.94k``, ``138.36M`` (``HumanReadableNum`` of ``lib/strings/numbers.cc``)."""
    if count < 1000:
        return str(count)
    if count >= 10**15:
        return f"{float(count):.3G}"
    unit = 0
    while count >= 1_000_000:
        count //= 1000
        unit += 1
    return f"{count / 1000:.2f}{'kMBT'[unit]}"
