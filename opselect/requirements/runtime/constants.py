"""The value that fills a constant, read from the first bytes of its tensor, without NumPy: weights stay on disk."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from kernel_index.datatypes import DataType
from opselect.models.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, WireError, read_varint, signed64
from opselect.models.graph import TensorRef

_PREFIX = 512
"""Maximum number of bytes of a tensor that are looked at: where these differ, it is not filled with one value."""

_CONTENT_FIELD = 4
_TYPE_FIELD = 1

# Field of framework/tensor.proto to the format of its elements, None for varints.
_VALUE_FIELDS: dict[int, str | None] = {5: "f", 6: "d", 7: None, 10: None, 11: None, 13: None}
_CONTENT_FORMATS = {
    DataType.DT_FLOAT: "f",
    DataType.DT_DOUBLE: "d",
    DataType.DT_HALF: "e",
    DataType.DT_INT8: "b",
    DataType.DT_UINT8: "B",
    DataType.DT_INT16: "h",
    DataType.DT_UINT16: "H",
    DataType.DT_INT32: "i",
    DataType.DT_INT64: "q",
    DataType.DT_BOOL: "?",
}


def filling_value(tensor: TensorRef) -> float | None:
    """The number that all elements of a tensor have, as far as its first bytes tell; None where they differ.

    None too for types that are no numbers, for an empty tensor, and for bytes that are no ``TensorProto``.
    """
    data = tensor.source.read(tensor.offset, min(tensor.length, _PREFIX))
    try:
        values = set(_values(data))
    except WireError:
        return None
    return values.pop() if len(values) == 1 else None


def _values(data: bytes) -> Iterator[float]:
    data_type = DataType.DT_FLOAT
    position = 0
    while position < len(data):
        key, position = read_varint(data, position, len(data))
        field, wire_type = key >> 3, key & 7
        if wire_type == VARINT:
            value, position = read_varint(data, position, len(data))
            if field == _TYPE_FIELD:
                data_type = _data_type(value)
            elif field in _VALUE_FIELDS:
                yield _number(value, data_type)
        elif wire_type in (FIXED32, FIXED64):
            size = 4 if wire_type == FIXED32 else 8
            if field in _VALUE_FIELDS and position + size <= len(data):
                yield struct.unpack_from("<f" if size == 4 else "<d", data, position)[0]
            position += size
        elif wire_type == LENGTH:
            size, position = read_varint(data, position, len(data))
            end = min(position + size, len(data))
            if field == _CONTENT_FIELD:
                yield from _elements(data[position:end], _CONTENT_FORMATS.get(data_type))
            elif field in _VALUE_FIELDS:
                yield from _packed(data, position, end, _VALUE_FIELDS[field], data_type)
            position += size
        else:
            raise WireError(position, "a tensor has no groups")


def _data_type(number: int) -> DataType:
    try:
        return DataType(number)
    except ValueError:
        return DataType.DT_INVALID


def _packed(data: bytes, position: int, end: int, layout: str | None, data_type: DataType) -> Iterator[float]:
    if layout is not None:
        yield from _elements(data[position:end], layout)
        return
    while position < end:
        try:
            value, position = read_varint(data, position, end)
        except WireError:
            return  # cut off by the end of the prefix
        yield _number(value, data_type)


def _elements(data: bytes, layout: str | None) -> Iterator[float]:
    if layout is not None:
        size = struct.calcsize(layout)
        yield from struct.unpack(f"<{len(data) // size}{layout}", data[: len(data) // size * size])


def _number(value: int, data_type: DataType) -> float:
    """A varint as the tensor's type means it: ``half_val`` holds the bits of small floats."""
    number: float = signed64(value)
    if data_type is DataType.DT_HALF:
        (number,) = struct.unpack("<e", struct.pack("<H", value & 0xFFFF))
    elif data_type is DataType.DT_BFLOAT16:
        (number,) = struct.unpack("<f", struct.pack("<I", (value & 0xFFFF) << 16))
    return number
