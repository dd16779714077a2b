"""Shape and filling of a constant, read from the first bytes of its tensor, without NumPy: weights stay on disk."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from kernel_index.datatypes import DataType
from opselect.models.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, WireError, fields, read_varint, signed64, tag
from opselect.models.graph import TensorRef

_PREFIX = 512
"""Maximum number of bytes of a tensor that are looked at: where these differ, it is not filled with one value."""

_CONTENT_FIELD = 4
_TYPE_FIELD = 1
_SHAPE_FIELD = 2
_DIM, _UNKNOWN_RANK, _SIZE = tag(2, LENGTH), tag(3, VARINT), tag(1, VARINT)

# Field of framework/tensor.proto to the format of its elements, None for varints.
_VALUE_FIELDS: dict[int, str | None] = {5: "f", 6: "d", 7: None, 9: "f", 10: None, 11: None, 12: "d", 13: None}
_VALUE_FIELDS |= {16: None, 17: None}
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
    DataType.DT_UINT32: "I",
    DataType.DT_UINT64: "Q",
    DataType.DT_QINT8: "b",
    DataType.DT_QUINT8: "B",
    DataType.DT_QINT16: "h",
    DataType.DT_QUINT16: "H",
    DataType.DT_QINT32: "i",
    DataType.DT_COMPLEX64: "f",
    DataType.DT_COMPLEX128: "d",
}
_COMPLEX = (DataType.DT_COMPLEX64, DataType.DT_COMPLEX128)
_NUMBERS = frozenset(_CONTENT_FORMATS) | {DataType.DT_BFLOAT16}


@dataclass(frozen=True, slots=True)
class Content:
    """What the first bytes of a tensor tell.

    ``filling`` is the number that all elements have, None where they differ, for types that are no numbers and for
    complex numbers with an imaginary part. ``dims`` is the shape, None where the bytes do not tell. ``encoded`` are all
    bytes of a tensor that is no longer than what was read, so that two of them can be compared.
    """

    filling: float | None = None
    dims: tuple[int, ...] | None = None
    encoded: bytes | None = field(default=None, compare=False)


def content_of(tensor: TensorRef) -> Content:
    """Shape and filling, nothing of either for bytes that are no ``TensorProto``.

    A tensor without values is zeros (``Tensor::FromProto`` in ``framework/tensor.cc``).
    """
    data = tensor.source.read(tensor.offset, min(tensor.length, _PREFIX))
    try:
        head = _Head(data)
    except WireError:
        return Content()
    return Content(head.filling(), head.dims, data if len(data) == tensor.length else None)


class _Head:
    """The fields of a ``TensorProto``; ``values`` are the numbers in the order of the bytes, two for a complex one."""

    def __init__(self, data: bytes) -> None:
        self.data_type = DataType.DT_INVALID
        self.dims: tuple[int, ...] | None = ()
        self.values: list[float] = []
        position = 0
        while position < len(data):
            key, position = read_varint(data, position, len(data))
            position = self._read(data, position, key >> 3, key & 7)

    def filling(self) -> float | None:
        values = self.values
        if self.data_type in _COMPLEX:
            numbers = set(zip(values[::2], values[1::2], strict=False)) or {(0.0, 0.0)}
            real, imaginary = numbers.pop()
            return real if not numbers and not imaginary else None
        if not values:
            return 0.0 if self.data_type in _NUMBERS else None
        return values[0] if len(set(values)) == 1 else None

    def _read(self, data: bytes, position: int, number: int, wire_type: int) -> int:
        """Take one field; gives where the next one begins."""
        if wire_type == VARINT:
            value, position = read_varint(data, position, len(data))
            if number == _TYPE_FIELD:
                self.data_type = _data_type(value)
            elif number in _VALUE_FIELDS:
                self.values.append(_number(value, self.data_type))
        elif wire_type in (FIXED32, FIXED64):
            size = 4 if wire_type == FIXED32 else 8
            if number in _VALUE_FIELDS and position + size <= len(data):
                self.values += struct.unpack_from("<f" if size == 4 else "<d", data, position)
            position += size
        elif wire_type == LENGTH:
            size, position = read_varint(data, position, len(data))
            end = min(position + size, len(data))
            if number == _SHAPE_FIELD:
                self.dims = _dims(data[position:end]) if position + size <= len(data) else None
            elif number == _CONTENT_FIELD:
                self.values += _contents(data[position:end], self.data_type)
            elif number in _VALUE_FIELDS:
                self.values += _packed(data, position, end, _VALUE_FIELDS[number], self.data_type)
            position += size
        else:
            raise WireError(position, "a tensor has no groups")
        return position


def _dims(data: bytes) -> tuple[int, ...] | None:
    """The sizes in a ``TensorShapeProto``, None if not even their number is known."""
    dims = []
    for key, start, end in fields(data, 0, len(data)):
        if key == _DIM:
            sizes = [value for inner, value, _ in fields(data, start, end) if inner == _SIZE]
            dims.append(signed64(sizes[-1]) if sizes else 0)
        elif key == _UNKNOWN_RANK and start:
            return None
    return tuple(dims)


def _contents(data: bytes, data_type: DataType) -> Iterator[float]:
    if data_type is DataType.DT_BFLOAT16:
        return (_number(int(bits), data_type) for bits in _elements(data, "H"))
    return _elements(data, _CONTENT_FORMATS.get(data_type))


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
