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


def content_of(tensor: TensorRef, data_type: DataType = DataType.DT_INVALID) -> Content:
    """Shape and filling, nothing of either for bytes that are no ``TensorProto``.

    ``data_type`` counts where the first bytes do not tell the tensor's. A tensor without values is zeros
    (``Tensor::FromProto`` in ``framework/tensor.cc``).
    """
    data = tensor.source.read(tensor.offset, min(tensor.length, _PREFIX))
    whole = len(data) == tensor.length
    try:
        head = _Head(data, data_type, whole=whole)
    except WireError:
        return Content()
    return Content(head.filling(), head.dims, data if whole else None)


class _Head:
    """The fields of a ``TensorProto`` in whatever order; of a field that stands twice protobuf's rules are kept."""

    def __init__(self, data: bytes, data_type: DataType, *, whole: bool) -> None:
        self._data_type = data_type
        self._content = b""
        self._fields: list[tuple[int, bytes]] = []
        shape: bytes | None = None
        position = 0
        while position < len(data):
            key, position = read_varint(data, position, len(data))
            number, wire_type = key >> 3, key & 7
            start = position
            if wire_type == VARINT:
                value, position = read_varint(data, position, len(data))
                if number == _TYPE_FIELD:
                    self._data_type = _data_type(value)
            elif wire_type in (FIXED32, FIXED64):
                position += 4 if wire_type == FIXED32 else 8
            elif wire_type == LENGTH:
                size, start = read_varint(data, position, len(data))
                position = start + size
            else:
                raise WireError(position, "a tensor has no groups")
            if number == _SHAPE_FIELD and wire_type == LENGTH:
                whole = whole and position <= len(data)
                shape = (shape or b"") + data[start:position]  # two messages are merged
            elif number == _CONTENT_FIELD and wire_type == LENGTH:
                self._content = data[start:position]  # the last one counts
            elif number in _VALUE_FIELDS and (wire_type == LENGTH or position <= len(data)):
                self._fields.append((key, data[start:position]))
        self.dims = None if shape is None and not whole else self._shape(shape or b"", whole=whole)

    @staticmethod
    def _shape(data: bytes, *, whole: bool) -> tuple[int, ...] | None:
        try:
            return _dims(data)
        except WireError:
            if whole:
                raise
            return None

    def filling(self) -> float | None:
        if self._data_type in _COMPLEX:
            values = list(self._values())
            numbers = set(zip(values[::2], values[1::2], strict=False)) or {(0.0, 0.0)}
            real, imaginary = numbers.pop()
            return real if not numbers and not imaginary else None
        rest = self._values()
        first = next(rest, None)
        if first is None:
            return 0.0 if self._data_type in _NUMBERS else None
        return first if all(value == first for value in rest) else None

    def _values(self) -> Iterator[float]:
        """The numbers in the order of the bytes, two for a complex one."""
        yield from _contents(self._content, self._data_type)
        for key, data in self._fields:
            layout = _VALUE_FIELDS[key >> 3]
            if key & 7 == VARINT:
                yield _number(read_varint(data, 0, len(data))[0], self._data_type)
            elif key & 7 == LENGTH:
                yield from _packed(data, 0, len(data), layout, self._data_type)
            else:
                yield from _elements(data, "f" if key & 7 == FIXED32 else "d")


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
