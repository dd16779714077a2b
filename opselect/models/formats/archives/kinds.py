"""What kind of model a member of an archive is, by its first bytes."""

from __future__ import annotations

import re

from opselect.models.formats.archives.records import Stream
from opselect.models.formats.graphdef import parse_nodedef
from opselect.models.formats.message_kinds import GRAPH, META, SAVED, TooFarError, message_kind
from opselect.models.formats.recognize import (
    GRAPH_DEF,
    META_GRAPH,
    SAVED_MODEL,
    TFLITE,
    is_text,
    recognize_text,
)
from opselect.models.formats.tflite import is_tflite
from opselect.models.formats.wire import LENGTH, VARINT, Buffer, WireError, fields, tag
from opselect.models.storage import MemoryBytes, Pages

HEAD = 1 << 12
"""Bytes that are looked at of every member."""
MAX_HEAD = 1 << 20
"""Bytes of one that may be a MetaGraphDef: the ops that it uses come before the fields that tell it."""
MAX_FURTHER = 1 << 26
"""Bytes looked at beyond the first ones, of all members together."""

_SMALLEST_MODEL = 8
_MAX_NODE = 1 << 16
_GRAPH_NODE, _LIBRARY = tag(1, LENGTH), tag(2, LENGTH)
_NODE_NAME, _NODE_OP = tag(1, LENGTH), tag(2, LENGTH)
_FORMATS = {META: META_GRAPH, SAVED: SAVED_MODEL}
_FIRST_BYTES = tuple(bytes([key]) for key in (tag(1, VARINT), *(tag(field, LENGTH) for field in range(1, 8))))
_OP = re.compile(rb"_?[A-Z][A-Za-z0-9_>]*")
_GRAPH_TEXT = re.compile(r"(?:\s|#[^\n]*\n)*(?:node|library|versions)\s*:?\s*[{<]")


class HeadReader:
    """Tells members apart; one for all members of an archive, of which so much is looked at and no more."""

    def __init__(self) -> None:
        self._further = MAX_FURTHER

    def kind(self, stream: Stream, size: int) -> str:
        """The kind of model that a member of ``size`` bytes is, empty where it is none."""
        if size < _SMALLEST_MODEL:
            return ""
        head = stream.read(min(size, HEAD))
        if is_tflite(head):
            return TFLITE
        if is_text(head):
            return _text_kind(head)
        if not head.startswith(_FIRST_BYTES):
            return ""
        source = _Head(stream, head, self._further)
        try:
            return _message_kind(Pages(source, size))
        finally:
            self._further = source.further


class _Head:
    """The bytes of a stream from its start on, read as far as somebody looks; TooFarError beyond the bounds."""

    def __init__(self, stream: Stream, head: bytes, further: int) -> None:
        self._stream = stream
        self._data = head
        self.further = further

    def read(self, offset: int, length: int) -> bytes:
        missing = min(offset + length, MAX_HEAD) - len(self._data)
        if offset >= MAX_HEAD or missing > self.further:
            raise TooFarError(offset, "lies too far inside to be looked at")
        if missing > 0:
            self.further -= missing
            self._data += self._stream.read(missing)
        return self._data[offset : offset + length]


def _text_kind(head: bytes) -> str:
    text = head.decode("utf-8", "ignore").removeprefix("\ufeff")
    kind = recognize_text(text)
    if kind is not None:
        return kind.format
    return GRAPH_DEF if _GRAPH_TEXT.match(text) else ""


def _message_kind(buffer: Buffer) -> str:
    found = message_kind(buffer)
    if found != GRAPH:
        return _FORMATS.get(found, "")
    try:
        return _graph_def(buffer)
    except WireError:
        return ""


def _graph_def(buffer: Buffer) -> str:
    """GRAPH_DEF for a message whose first node has a name, an op's name, and if it is small, is sound in all of it."""
    parts = (each for each in fields(buffer, 0, len(buffer)) if each[0] in (_GRAPH_NODE, _LIBRARY))
    field, start, end = next(parts, (0, 0, 0))
    if field != _GRAPH_NODE:
        return GRAPH_DEF if field else ""
    name = op = b""
    for inner, a, b in fields(buffer, start, end):
        if inner == _NODE_NAME:
            name = buffer[a:b]
        elif inner == _NODE_OP:
            op = buffer[a:b]
        if name and op:
            break
    if not name or not _OP.fullmatch(op):
        return ""
    if end - start <= _MAX_NODE:
        parse_nodedef(buffer, start, end, MemoryBytes(b""))
    return GRAPH_DEF
