"""``TensorProto`` messages → NumPy arrays, straight off the wire.

Source of the field numbers: ``framework/tensor.proto``; of what they mean: ``Tensor::FromProto`` in
``framework/tensor.cc`` and ``MakeNdarray`` in ``python/framework/tensor_util.py``.
"""

from __future__ import annotations

import math
from array import array
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.array_shapes import ArrayError, count_elements, shape_text
from opselect.models.formats.numpy_types import Array, from_bits, load, numpy_type
from opselect.models.formats.tensor_headers import TensorHeader, broken_tensor, read_header, walk_tensor
from opselect.models.formats.varints import decode_varints, split_strings
from opselect.models.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, WireError, tag
from opselect.models.graph.values import TensorRef
from opselect.models.storage import Pages

MAX_REPEATED_BYTES = 1 << 31
"""The most that a tensor whose one value is repeated may stand for: what a protobuf message could hold in full."""
MAX_PADDED_BYTES = 1 << 28
"""The most that is allocated for a tensor that holds several values and repeats the last one."""

# The field of each type, and how one value stands in it when it is not packed.
_INT_VAL, _STRING_VAL, _HALF_VAL, _FLOAT8_VAL = (7, VARINT), (8, LENGTH), (13, VARINT), (18, LENGTH)
_FIXED_SIZES = {FIXED32: 4, FIXED64: 8}
_VALUE_FIELDS: dict[DataType, tuple[int, int]] = {
    DataType.DT_FLOAT: (5, FIXED32),
    DataType.DT_DOUBLE: (6, FIXED64),
    DataType.DT_COMPLEX64: (9, FIXED32),
    DataType.DT_COMPLEX128: (12, FIXED64),
    DataType.DT_INT64: (10, VARINT),
    DataType.DT_BOOL: (11, VARINT),
    DataType.DT_UINT32: (16, VARINT),
    DataType.DT_UINT64: (17, VARINT),
    DataType.DT_STRING: _STRING_VAL,
    DataType.DT_HALF: _HALF_VAL,
    DataType.DT_BFLOAT16: _HALF_VAL,
    DataType.DT_FLOAT8_E5M2: _FLOAT8_VAL,
    DataType.DT_FLOAT8_E4M3FN: _FLOAT8_VAL,
    DataType.DT_FLOAT8_E4M3FNUZ: _FLOAT8_VAL,
    DataType.DT_FLOAT8_E4M3B11FNUZ: _FLOAT8_VAL,
    DataType.DT_FLOAT8_E5M2FNUZ: _FLOAT8_VAL,
}


def read_tensor(ref: TensorRef) -> Array:
    """The elements of a tensor, in its shape. The array is read-only.

    Strings are objects, each of them ``bytes``; quantized types are the integers that they are stored as. Where fewer
    values are stored than the shape has elements, the last one is repeated; where none is, all are zero (or empty).
    Raises InputError for a message that is broken, whose content does not fit its shape, or whose type no array can
    hold, before memory is taken for it.
    """
    header = read_header(ref)
    try:
        values = _values(ref, header, header.dims)
    except (WireError, ArrayError) as error:
        raise broken_tensor(ref, error) from None
    values.flags.writeable = False
    return values


def first_elements(ref: TensorRef, count: int) -> Array:
    """The first ``count`` elements of a tensor in row-major order, or all of fewer, in one dimension.

    Of a long content only these are read. Raises InputError like :func:`read_tensor`.
    """
    header = read_header(ref)
    try:
        return _values(ref, header, (min(count, math.prod(header.dims)),))
    except (WireError, ArrayError) as error:
        raise broken_tensor(ref, error) from None


def _values(ref: TensorRef, header: TensorHeader, dims: tuple[int, ...]) -> Array:
    """As many elements, from the first on, as the shape ``dims`` has, in this shape."""
    dtype = numpy_type(header.dtype)
    size = count_elements(header.dims, dtype.itemsize)
    wanted = math.prod(dims)
    start, end = header.content
    if not wanted:
        return np.empty(dims, dtype)
    if start == end:
        values = stored_values(ref, header.dtype, wanted)
        return _repeated(values if len(values) else _zero(dtype), dims, wanted)
    if header.dtype is DataType.DT_STRING:
        return split_strings(Pages(ref.source, end), start, end, size)[:wanted].reshape(dims)
    if end - start != size * dtype.itemsize:
        raise ArrayError(
            f"of type {header.dtype} and shape {shape_text(header.dims)} takes {size * dtype.itemsize:,} bytes, "
            f"but its content has {end - start:,}"
        )
    return from_bits(load(ref.source, start, wanted * dtype.itemsize), header.dtype).reshape(dims)


def _zero(dtype: np.dtype[Any]) -> Array:
    zero = np.zeros(1, dtype)
    if dtype == np.object_:
        zero[0] = b""
    return zero


def _repeated(values: Array, dims: tuple[int, ...], size: int) -> Array:
    """The array of ``size`` elements whose first are ``values``, the rest the last of them."""
    total = size * values.itemsize
    if len(values) == size:
        return values.reshape(dims)
    if total > (MAX_REPEATED_BYTES if len(values) == 1 else MAX_PADDED_BYTES):
        raise ArrayError(f"of shape {shape_text(dims)} holds {len(values):,} values and would take {total:,} bytes")
    if len(values) == 1:
        return np.broadcast_to(values.reshape(()), dims)
    padded = np.empty(size, values.dtype)
    padded[: len(values)] = values
    padded[len(values) :] = values[-1]
    return padded.reshape(dims)


def stored_values(ref: TensorRef, data_type: DataType, limit: int) -> Array:
    """The first values, ``limit`` at most, that a message lists in the field of a type, whatever else it says.

    Raises WireError for a broken message and ArrayError for a type that no array can hold.
    """
    dtype = numpy_type(data_type)
    field, kind = _VALUE_FIELDS.get(data_type, _INT_VAL)
    if data_type is DataType.DT_STRING:
        strings = _strings(ref, limit)
        result = np.empty(len(strings), np.object_)
        result[:] = strings
        return result
    if kind == VARINT:
        return _narrow(np.array(_varints(ref, field, limit), np.uint64), data_type)
    size = limit * dtype.itemsize
    raw = _float8(ref)[:size] if kind == LENGTH else _fixed(ref, field, kind, size)
    return from_bits(np.array(raw[: len(raw) - len(raw) % dtype.itemsize], np.uint8), data_type)


def _strings(ref: TensorRef, limit: int) -> list[bytes]:
    pages, walk = walk_tensor(ref)
    strings: list[bytes] = []
    for key, a, b in walk:
        if key == tag(*_STRING_VAL):
            strings.append(pages[a:b])
            if len(strings) == limit:
                break
    return strings


def _varints(ref: TensorRef, field: int, limit: int) -> array[int]:
    """The numbers of a field, packed or not."""
    numbers = array("Q")
    for key, a, b in walk_tensor(ref)[1]:
        if key == tag(field, VARINT):
            numbers.append(a)
        elif key == tag(field, LENGTH):
            for decoded in decode_varints(ref.source, a, b):
                numbers.frombytes(decoded[: limit - len(numbers)].tobytes())
                if len(numbers) >= limit:
                    break
        if len(numbers) >= limit:
            break
    return numbers


def _fixed(ref: TensorRef, field: int, kind: int, limit: int) -> bytearray:
    """The bytes of a field of numbers of fixed size, packed or not."""
    pages, walk = walk_tensor(ref)
    raw = bytearray()
    for key, a, b in walk:
        if key == tag(field, LENGTH):
            if (b - a) % _FIXED_SIZES[kind]:
                raise WireError(a, f"a list of numbers has {b - a:,} bytes")
            raw += pages[a : min(b, a + limit - len(raw))]
        elif key == tag(field, kind):
            raw += pages[a:b]
        if len(raw) >= limit:
            break
    return raw


def _float8(ref: TensorRef) -> bytearray:
    """The one field of bytes that holds all values of a type of one byte; of several the last counts."""
    pages, walk = walk_tensor(ref)
    found = 0, 0
    for key, a, b in walk:
        if key == tag(*_FLOAT8_VAL):
            found = a, b
    return bytearray(pages[slice(*found)])


def _narrow(numbers: Array, data_type: DataType) -> Array:
    """Numbers as they came off the wire as the type means them; what does not fit is cut off, as C++ does."""
    dtype: np.dtype[Any] = numpy_type(data_type)
    if data_type in (DataType.DT_HALF, DataType.DT_BFLOAT16):
        return numbers.astype(np.uint16).view(dtype)
    if data_type is DataType.DT_BOOL:
        return np.not_equal(numbers, 0)
    if data_type in (DataType.DT_INT64, DataType.DT_UINT64):
        return numbers.view(dtype)
    return numbers.astype(np.int32 if data_type is not DataType.DT_UINT32 else np.uint32).astype(dtype)
