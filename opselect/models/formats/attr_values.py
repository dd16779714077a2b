"""``AttrValue`` messages → our own values. Source of the field numbers: ``framework/attr_value.proto``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence

from kernel_index.datatypes import DataType, base_type
from opselect.models.formats.wire import (
    FIXED32,
    LENGTH,
    VARINT,
    Buffer,
    Span,
    WireError,
    fields,
    merged_fields,
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
from opselect.models.storage import JoinedBytes

MAX_NESTING = 90
"""Messages inside an attr; protobuf's own readers stop at 100, those around the attr counted."""
MAX_TENSOR_PIECES = 1_000
"""So often may the tensor of one attr occur; a file that merges it from more was not written by a person."""
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
        self._scalars: Mapping[int, Callable[[int, int], NodeAttrItem]] = {
            _S: self._string,
            _I: lambda a, _: signed64(a),
            _F: self._float,
            _B: lambda a, _: a != 0,
            _TYPE: self.data_type,
        }
        self._packed: Mapping[int, Callable[[int, int], NodeAttrItem]] = {
            tag(field, LENGTH): self._scalars[tag(field, VARINT)] for field in (3, 5, 6)
        }
        self._messages: Mapping[int, Callable[[Sequence[Span], int], NodeAttr]] = {
            _LIST: self._list,
            _SHAPE: lambda spans, _: self.shape(spans),
            _TENSOR: lambda spans, _: self.tensor(spans),
            _FUNC: self._function,
        }
        self._listed_messages: Mapping[int, Callable[[Sequence[Span], int], NodeAttrItem]] = {
            _SHAPE: lambda spans, _: self.shape(spans),
            _TENSOR: lambda spans, _: self.tensor(spans),
            _LIST_FUNC: self._function,
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
        """Adds one entry of a ``map<string, AttrValue>`` to ``attrs``, in place of an earlier one of the same key.

        An entry without a value adds nothing: to TensorFlow, too, an attr whose value is not set is none.
        """
        raw = b""
        if end - start <= _MEMO_ENTRY_BYTES:
            raw = self._buffer[start:end]
            known = self._entries.get(raw)
            if known is not None:
                attrs[known[0]] = known[1]
                return
        key = ""
        spans: list[Span] = []
        for field, a, b in fields(self._buffer, start, end):
            if field == _ENTRY_KEY:
                key = self.word(a, b)
            elif field == _ENTRY_VALUE:
                spans.append((a, b))
        value = self.value(spans, depth + 1)
        if value is None:
            attrs.pop(key, None)
        else:
            attrs[key] = value
            if raw and len(self._entries) < _MEMO_SIZE and _is_place_free(value):
                self._entries[raw] = key, value

    def value(self, spans: Sequence[Span], depth: int = 0) -> NodeAttr | None:
        """The value of an ``AttrValue``, None where none is set.

        Of its members the last one counts. If that is a message, what came just before it of the same member is
        merged with it.
        """
        if depth > MAX_NESTING:
            raise WireError(spans[0][0], f"attrs are nested more than {MAX_NESTING} messages deep")
        result: NodeAttr | None = None
        member = 0
        pieces: list[Span] = []
        for field, a, b in merged_fields(self._buffer, spans):
            if field == member:
                pieces.append((a, b))
                continue
            if field in self._messages:
                self._message(member, pieces, depth)  # an error also where another member replaces it
                member, pieces = field, [(a, b)]
            elif field in self._scalars or field == _PLACEHOLDER:
                self._message(member, pieces, depth)
                member, pieces = 0, []
                result = AttrPlaceholder(self.word(a, b)) if field == _PLACEHOLDER else self._scalars[field](a, b)
        return self._message(member, pieces, depth) if member else result

    def _message(self, member: int, pieces: Sequence[Span], depth: int) -> NodeAttr | None:
        """The value of a member that is a message, None for no member."""
        return self._messages[member](pieces, depth + 1) if member else None

    def _list(self, spans: Sequence[Span], depth: int) -> tuple[NodeAttrItem, ...]:
        """The items of a ``ListValue``, those of one kind in a row where a broken graph mixes them."""
        by_kind: dict[int, list[NodeAttrItem]] = {}
        for field, a, b in merged_fields(self._buffer, spans):
            items = by_kind.setdefault(field >> 3, [])
            if field in self._listed_messages:
                items.append(self._listed_messages[field]([(a, b)], depth + 1))
            elif field in self._scalars:
                items.append(self._scalars[field](a, b))
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
                raise WireError(a, f"a list attr of more than {MAX_LIST_LENGTH:,} values")
        return tuple(item for kind in sorted(by_kind) for item in by_kind[kind])

    def tensor(self, spans: Sequence[Span]) -> TensorRef:
        """The tensor of a ``TensorProto``, which stays where it is stored; there is a piece of it at least."""
        if len(spans) == 1:
            start, end = spans[0]
            return TensorRef(self._source, start, end - start)
        if len(spans) > MAX_TENSOR_PIECES:
            raise WireError(spans[0][0], f"a tensor in more than {MAX_TENSOR_PIECES:,} pieces")
        joined = JoinedBytes(tuple(StoredBytes(self._source, start, end - start) for start, end in spans))
        return TensorRef(joined, 0, joined.size)

    def _function(self, spans: Sequence[Span], depth: int) -> FunctionRef:
        name = ""
        attrs: dict[str, NodeAttr] = {}
        for field, a, b in merged_fields(self._buffer, spans):
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

    def shape(self, spans: Sequence[Span]) -> Shape:
        """The shape of a ``TensorShapeProto``, a scalar's where there is no piece of one."""
        dims: list[int] = []
        unknown_rank = False
        for field, a, b in merged_fields(self._buffer, spans):
            if field == _SHAPE_UNKNOWN_RANK:
                unknown_rank = a != 0
            elif field == _SHAPE_DIM:
                size = 0
                for inner, value, _ in fields(self._buffer, a, b):
                    if inner == _DIM_SIZE:
                        size = signed64(value)
                dims.append(size)
                if len(dims) > MAX_LIST_LENGTH:
                    raise WireError(a, f"a shape of more than {MAX_LIST_LENGTH:,} dimensions")
        return Shape(None if unknown_rank else tuple(dims))


def _is_place_free(value: NodeAttr) -> bool:
    """Whether a value means the same wherever its bytes stand."""
    items = value if isinstance(value, tuple) else (value,)
    return not any(isinstance(item, StoredBytes | FunctionRef) for item in items)
