"""``AttrValue`` messages → our own values. Source of the field numbers: ``framework/attr_value.proto``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from kernel_index.datatypes import DataType, base_type
from opselect.models.formats.wire import (
    FIXED32,
    LENGTH,
    VARINT,
    Buffer,
    WireError,
    fields,
    read_varint,
    signed32,
    signed64,
    tag,
)
from opselect.models.graph.values import (
    AttrPlaceholder,
    ByteSource,
    BytesRef,
    FunctionRef,
    NodeAttr,
    NodeAttrItem,
    Shape,
    StoredBytes,
    TensorRef,
)

MAX_FUNCTION_NESTING = 30
"""Functions as attrs of functions; protobuf's own readers stop at about the same depth (100 messages)."""
MAX_LIST_LENGTH = 1_000_000
MAX_STRING_LOADED = 1 << 16
"""Bytes; a longer string attr stays on disk, and a longer name is none."""

_MEMO_ENTRY_BYTES = 128
_MEMO_SIZE = 10_000

_ENTRY_KEY, _ENTRY_VALUE = tag(1, LENGTH), tag(2, LENGTH)
_LIST, _S, _I, _F, _B = tag(1, LENGTH), tag(2, LENGTH), tag(3, VARINT), tag(4, FIXED32), tag(5, VARINT)
_TYPE, _SHAPE, _TENSOR = tag(6, VARINT), tag(7, LENGTH), tag(8, LENGTH)
_PLACEHOLDER, _FUNC = tag(9, LENGTH), tag(10, LENGTH)
_LIST_FUNC = tag(9, LENGTH)
_FUNC_NAME, _FUNC_ATTR = tag(1, LENGTH), tag(2, LENGTH)
_SHAPE_DIM, _SHAPE_UNKNOWN_RANK = tag(2, LENGTH), tag(3, VARINT)
_DIM_SIZE = tag(1, VARINT)


class AttrReader:
    """Reads the attrs of one buffer. Entries that are the same bytes, and most are, are read once."""

    def __init__(self, buffer: Buffer, source: ByteSource) -> None:
        self._buffer = buffer
        self._source = source
        self._entries: dict[bytes, tuple[str, NodeAttr]] = {}
        self._words: dict[bytes, str] = {}
        self._items: Mapping[int, Callable[[int, int], NodeAttrItem]] = {
            _S: self._string,
            _I: lambda a, _: signed64(a),
            _F: self._float,
            _B: lambda a, _: a != 0,
            _TYPE: self.data_type,
            _SHAPE: self.shape,
            _TENSOR: lambda a, b: TensorRef(self._source, a, b - a),
        }
        self._packed: Mapping[int, Callable[[int, int], NodeAttrItem]] = {
            tag(field, LENGTH): self._items[tag(field, VARINT)] for field in (3, 5, 6)
        }

    def name(self, start: int, end: int) -> str:
        """A string field that must be UTF-8."""
        if end - start > MAX_STRING_LOADED:
            raise WireError(start, f"a name of {end - start:,} bytes")
        try:
            return self._buffer[start:end].decode()
        except UnicodeDecodeError as error:
            raise WireError(start + error.start, "a name is not valid UTF-8") from None

    def word(self, start: int, end: int) -> str:
        """A string field of which a graph has few different ones."""
        if end - start > MAX_STRING_LOADED:
            return self.name(start, end)
        raw = self._buffer[start:end]
        known = self._words.get(raw)
        if known is None:
            known = self._words[raw] = self.name(start, end)
        return known

    def data_type(self, number: int, position: int) -> DataType:
        """The type of an enum field's value; a reference counts as the type it refers to."""
        number = signed32(number)
        try:
            return base_type(number)
        except ValueError:
            raise WireError(position, f"{number} is no data type that this version of opselect knows") from None

    def entry(self, start: int, end: int, attrs: dict[str, NodeAttr], depth: int = 0) -> None:
        """Adds one entry of a ``map<string, AttrValue>`` to ``attrs``; an entry without a value adds nothing."""
        raw = b""
        if end - start <= _MEMO_ENTRY_BYTES:
            raw = self._buffer[start:end]
            known = self._entries.get(raw)
            if known is not None:
                attrs[known[0]] = known[1]
                return
        key = ""
        value: NodeAttr | None = None
        for field, a, b in fields(self._buffer, start, end):
            if field == _ENTRY_KEY:
                key = self.word(a, b)
            elif field == _ENTRY_VALUE:
                value = self.value(a, b, depth)
        if value is not None:
            attrs[key] = value
            if raw and len(self._entries) < _MEMO_SIZE and _is_place_free(value):
                self._entries[raw] = key, value

    def value(self, start: int, end: int, depth: int = 0) -> NodeAttr | None:
        """The value of an ``AttrValue``, None where none is set."""
        result: NodeAttr | None = None
        for field, a, b in fields(self._buffer, start, end):
            read = self._items.get(field)
            if read is not None:
                result = read(a, b)
            elif field == _LIST:
                result = self._list(a, b, depth)
            elif field == _FUNC:
                result = self._function(a, b, depth)
            elif field == _PLACEHOLDER:
                result = AttrPlaceholder(self.word(a, b))
        return result

    def _list(self, start: int, end: int, depth: int) -> tuple[NodeAttrItem, ...]:
        items: list[NodeAttrItem] = []
        for field, a, b in fields(self._buffer, start, end):
            if field == _LIST_FUNC:
                items.append(self._function(a, b, depth))
            elif field in self._items:
                items.append(self._items[field](a, b))
            elif field in self._packed:
                if b - a > 10 * MAX_LIST_LENGTH:
                    raise WireError(a, f"a list attr of {b - a:,} bytes")
                read = self._packed[field]
                while a < b:
                    number, a = read_varint(self._buffer, a, b)
                    items.append(read(number, a))
            elif field == tag(4, LENGTH):
                if (b - a) % 4 or b - a > 4 * MAX_LIST_LENGTH:
                    raise WireError(a, f"a list of floats of {b - a:,} bytes")
                items.extend(x for (x,) in struct.iter_unpack("<f", self._buffer[a:b]))
            if len(items) > MAX_LIST_LENGTH:
                raise WireError(start, f"a list attr of more than {MAX_LIST_LENGTH:,} values")
        return tuple(items)

    def _function(self, start: int, end: int, depth: int) -> FunctionRef:
        if depth >= MAX_FUNCTION_NESTING:
            raise WireError(start, f"functions as attrs are nested more than {MAX_FUNCTION_NESTING} deep")
        name = ""
        attrs: dict[str, NodeAttr] = {}
        for field, a, b in fields(self._buffer, start, end):
            if field == _FUNC_NAME:
                name = self.name(a, b)
            elif field == _FUNC_ATTR:
                self.entry(a, b, attrs, depth + 1)
        return FunctionRef(name, attrs)

    def _string(self, start: int, end: int) -> NodeAttrItem:
        if end - start > MAX_STRING_LOADED:
            return BytesRef(self._source, start, end - start)
        return self._buffer[start:end].decode("utf-8", "surrogateescape")

    def _float(self, start: int, end: int) -> float:
        value: float
        (value,) = struct.unpack("<f", self._buffer[start:end])
        return value

    def shape(self, start: int, end: int) -> Shape:
        """The shape of a ``TensorShapeProto``."""
        dims: list[int] = []
        unknown_rank = False
        for field, a, b in fields(self._buffer, start, end):
            if field == _SHAPE_UNKNOWN_RANK:
                unknown_rank = a != 0
            elif field == _SHAPE_DIM:
                size = 0
                for inner, value, _ in fields(self._buffer, a, b):
                    if inner == _DIM_SIZE:
                        size = signed64(value)
                dims.append(size)
                if len(dims) > MAX_LIST_LENGTH:
                    raise WireError(start, f"a shape of more than {MAX_LIST_LENGTH:,} dimensions")
        return Shape(None if unknown_rank else tuple(dims))


def _is_place_free(value: NodeAttr) -> bool:
    """Whether a value means the same wherever its bytes stand."""
    items = value if isinstance(value, tuple) else (value,)
    return not any(isinstance(item, StoredBytes | FunctionRef) for item in items)
