"""TensorFlow's data types as NumPy types, and raw bytes as arrays of them.

Source: ``python/framework/dtypes.py``. Quantized types are here what their bits are, plain integers: the NumPy types
with a field that TensorFlow makes for them are known to nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
import numpy.typing as npt

from kernel_index.datatypes import DataType
from opselect.models.formats.array_shapes import ArrayError
from opselect.models.graph.values import ByteSource

Array: TypeAlias = npt.NDArray[Any]

CHUNK = 1 << 24
"""Bytes read at once on the way into an array."""

_NUMPY_TYPES: dict[DataType, npt.DTypeLike] = {
    DataType.DT_FLOAT: np.float32,
    DataType.DT_DOUBLE: np.float64,
    DataType.DT_HALF: np.float16,
    DataType.DT_BFLOAT16: ml_dtypes.bfloat16,
    DataType.DT_FLOAT8_E5M2: ml_dtypes.float8_e5m2,
    DataType.DT_FLOAT8_E4M3FN: ml_dtypes.float8_e4m3fn,
    DataType.DT_FLOAT8_E4M3FNUZ: ml_dtypes.float8_e4m3fnuz,
    DataType.DT_FLOAT8_E4M3B11FNUZ: ml_dtypes.float8_e4m3b11fnuz,
    DataType.DT_FLOAT8_E5M2FNUZ: ml_dtypes.float8_e5m2fnuz,
    DataType.DT_COMPLEX64: np.complex64,
    DataType.DT_COMPLEX128: np.complex128,
    DataType.DT_INT8: np.int8,
    DataType.DT_INT16: np.int16,
    DataType.DT_INT32: np.int32,
    DataType.DT_INT64: np.int64,
    DataType.DT_UINT8: np.uint8,
    DataType.DT_UINT16: np.uint16,
    DataType.DT_UINT32: np.uint32,
    DataType.DT_UINT64: np.uint64,
    DataType.DT_QINT8: np.int8,
    DataType.DT_QINT16: np.int16,
    DataType.DT_QINT32: np.int32,
    DataType.DT_QUINT8: np.uint8,
    DataType.DT_QUINT16: np.uint16,
    DataType.DT_BOOL: np.bool_,
    DataType.DT_STRING: np.object_,
}

_SMALL = {
    DataType.DT_INT4: "int4",
    DataType.DT_UINT4: "uint4",
    DataType.DT_INT2: "int2",
    DataType.DT_UINT2: "uint2",
    DataType.DT_FLOAT4_E2M1FN: "float4_e2m1fn",
}
"""Types that not every ``ml_dtypes`` has that TensorFlow can be installed with: 0.5 brought the last three."""


def is_lacking(data_type: DataType) -> bool:
    """Whether the ``ml_dtypes`` installed lacks a type that a newer one has."""
    small = _SMALL.get(data_type)
    return small is not None and not hasattr(ml_dtypes, small)


def numpy_type(data_type: DataType) -> np.dtype[Any]:
    """The NumPy type of the elements; strings are objects, each of them ``bytes``.

    Raises ArrayError for resources and variants, which only a running TensorFlow can hold, and for a type that the
    ``ml_dtypes`` installed lacks.
    """
    if is_lacking(data_type):
        raise ArrayError(f"is of type {data_type}, which this ml_dtypes lacks", "Install ml_dtypes 0.5 or newer.")
    small = _SMALL.get(data_type)
    known = _NUMPY_TYPES.get(data_type) if small is None else getattr(ml_dtypes, small)
    if known is None:
        raise ArrayError(f"is of type {data_type}, which no array can hold", "Only TensorFlow itself can read it.")
    return np.dtype(known)


def load(source: ByteSource, offset: int, length: int, seen: Callable[[bytes], None] | None = None) -> Array:
    """Bytes of a source as a writable array of ``uint8``; ``seen`` is given every chunk of them in order.

    The caller knows that the source has them: ``length`` bytes are allocated at once.
    """
    raw = np.empty(length, np.uint8)
    for start in range(0, length, CHUNK):
        chunk = source.read(offset + start, min(CHUNK, length - start))
        if seen is not None:
            seen(chunk)
        raw[start : start + len(chunk)] = np.frombuffer(chunk, np.uint8)
    return raw


def from_bits(raw: Array, data_type: DataType, *, big_endian: bool = False) -> Array:
    """Bytes as elements of a type, one after the other; the array shares their memory.

    Raises ArrayError for bytes that are no ``bool``, as ``Tensor::FromProto`` (``framework/tensor.cc``) does.
    """
    dtype = numpy_type(data_type)
    if dtype == np.bool_ and raw.size and raw.max() > 1:
        raise ArrayError(f"holds {raw.max()} where a bool is 0 or 1")
    if big_endian != (sys.byteorder == "big"):
        word = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
        raw.view(f"u{word}").byteswap(inplace=True)
    return raw.view(dtype)
