"""``TensorProto`` messages → NumPy arrays, straight off the wire.

Source of the field numbers: ``framework/tensor.proto``; of what they mean: ``Tensor::FromProto`` in
``framework/tensor.cc`` and ``MakeNdarray`` in ``python/framework/tensor_util.py``.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.formats.attr_values import AttrReader
from opselect.formats.numpy_types import (
    Array,
    ArrayError,
    count_elements,
    from_bits,
    load,
    numpy_type,
    shape_text,
)
from opselect.formats.varints import decode_varints, split_strings
from opselect.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, WireError, fields, tag
from opselect.graph.values import Shape, TensorRef
from opselect.storage import Pages, place_in

MAX_REPEATED_BYTES = 1 << 31
"""The most that a tensor whose one value is repeated may stand for: what a protobuf message could hold in full."""
MAX_PADDED_BYTES = 1 << 28
"""The most that is allocated for a tensor that holds several values and repeats the last one."""

_DAMAGED = "The file is damaged: copy or export it again."
_DTYPE, _SHAPE, _CONTENT = tag(1, VARINT), tag(2, LENGTH), tag(4, LENGTH)

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
}


@dataclass(frozen=True, slots=True)
class _Layout:
    """What a message says of its tensor, and where in the source its ``tensor_content`` is."""

    data_type: DataType
    dims: tuple[int, ...]
    content: tuple[int, int]


def tensor_header(ref: TensorRef) -> tuple[DataType, Shape]:
    """The type and shape of a tensor. Its content is not read, so this costs the same however large it is.

    Raises InputError for a message that is broken or says nothing of an array (no type, a shape not fully known).
    """
    layout = _layout(ref)
    return layout.data_type, Shape(layout.dims)


def read_tensor(ref: TensorRef) -> Array:
    """The elements of a tensor, in its shape. The array is read-only.

    Strings are objects, each of them ``bytes``; quantized types are the integers that they are stored as. Where fewer
    values are stored than the shape has elements, the last one is repeated; where none is, all are zero (or empty).
    Raises InputError for a message that is broken, whose content does not fit its shape, or whose type no array can
    hold, before memory is taken for it.
    """
    layout = _layout(ref)
    try:
        values = _values(ref, layout)
    except (WireError, ArrayError) as error:
        raise _refusal(ref, error) from None
    values.flags.writeable = False
    return values


def _refusal(ref: TensorRef, error: WireError | ArrayError) -> InputError:
    if isinstance(error, WireError):
        return InputError(place_in(ref.source, error.offset), f"a tensor is broken: {error.problem}", _DAMAGED)
    return InputError(place_in(ref.source, ref.offset), f"the tensor {error}", _DAMAGED)


def _walk(ref: TensorRef) -> tuple[Pages, Iterator[tuple[int, int, int]]]:
    """The bytes of the message and its fields, as :func:`opselect.formats.wire.fields` gives them."""
    pages = Pages(ref.source, ref.offset + ref.length)
    return pages, fields(pages, ref.offset, len(pages))


def _layout(ref: TensorRef) -> _Layout:
    """One walk over the message, past its long fields. A field that occurs twice adds up or replaces."""
    pages, walk = _walk(ref)
    reader = AttrReader(pages, ref.source)
    data_type = DataType.DT_INVALID
    dims: tuple[int, ...] | None = ()
    content = (0, 0)
    try:
        for field, a, b in walk:
            if field == _DTYPE:
                data_type = reader.data_type(a, b)
            elif field == _SHAPE:
                more = reader.shape(a, b).dims
                dims = None if dims is None or more is None else dims + more
            elif field == _CONTENT:
                content = a, b
        if data_type is DataType.DT_INVALID:
            raise ArrayError("has no type")
        count_elements(dims, 1)
    except (WireError, ArrayError) as error:
        raise _refusal(ref, error) from None
    return _Layout(data_type, dims or (), content)


def _values(ref: TensorRef, layout: _Layout) -> Array:
    dtype = numpy_type(layout.data_type)
    dims = layout.dims
    size = count_elements(dims, dtype.itemsize)
    start, end = layout.content
    if not size:
        return np.empty(dims, dtype)
    if start == end:
        return _repeated(_stored_values(ref, layout.data_type, size), dims, size)
    if layout.data_type is DataType.DT_STRING:
        return split_strings(Pages(ref.source, end), start, end, size).reshape(dims)
    if end - start != size * dtype.itemsize:
        raise ArrayError(
            f"of type {layout.data_type} and shape {shape_text(dims)} takes {size * dtype.itemsize:,} bytes, "
            f"but its content has {end - start:,}"
        )
    return from_bits(load(ref.source, start, end - start), layout.data_type).reshape(dims)


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


def _stored_values(ref: TensorRef, data_type: DataType, size: int) -> Array:
    """The values that the message lists in its type's field: at most ``size``, and one zero where there is none."""
    field, kind = _VALUE_FIELDS.get(data_type, _INT_VAL)
    if data_type is DataType.DT_STRING:
        strings = _strings(ref, size) or [b""]
        result = np.empty(len(strings), np.object_)
        result[:] = strings
        return result
    if kind == VARINT:
        numbers = _varints(ref, field, size) or array("Q", [0])
        return _narrow(np.frombuffer(numbers, np.uint64), data_type)
    item_size = numpy_type(data_type).itemsize
    limit = size * item_size
    raw = _float8(ref)[:limit] if kind == LENGTH else _fixed(ref, field, kind, limit)
    whole = len(raw) - len(raw) % item_size
    return from_bits(np.frombuffer(raw, np.uint8, whole) if whole else np.zeros(item_size, np.uint8), data_type)


def _strings(ref: TensorRef, limit: int) -> list[bytes]:
    pages, walk = _walk(ref)
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
    for key, a, b in _walk(ref)[1]:
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
    pages, walk = _walk(ref)
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
    pages, walk = _walk(ref)
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
