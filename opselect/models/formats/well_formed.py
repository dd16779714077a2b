"""Whether protobuf would take a message: what is copied unread into a graph must not make that graph unreadable."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kernel_index.errors import InputError
from opselect.models.formats.schema_tables import SchemaField, schemas
from opselect.models.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, Buffer, WireError, fields
from opselect.models.graph.model import Graph, Node
from opselect.models.graph.values import FunctionRef, NodeAttr, StoredBytes, TensorRef
from opselect.models.storage import Pages, place_in

MAX_DEPTH = 100
"""Messages inside each other that protobuf's readers take."""

_DAMAGED = "Nothing was written. TensorFlow cannot read this graph either: copy or export the model again."
_BLOCK = 1 << 20
_TOO_LONG = re.compile(rb"[\x80-\xff]{10}")
_SIZES = {FIXED32: 4, FIXED64: 8}


def check_message(buffer: Buffer, start: int, end: int, message: str, depth: int = 0) -> None:
    """Raises WireError with the byte where ``buffer[start:end]`` is no such message, or one of its parts is none.

    As protobuf does, it passes over fields that the message does not have; a string that is no UTF-8 is refused, and
    bytes may be anything.
    """
    if depth > MAX_DEPTH:
        raise WireError(start, f"messages are nested more than {MAX_DEPTH} deep")
    known = schemas()[message]
    for key, a, b in fields(buffer, start, end):
        field = known.get(key >> 3)
        if field is None or key & 7 != LENGTH:
            continue
        if field.message:
            check_message(buffer, a, b, field.message, depth + 1)
        elif field.text:
            _check_text(buffer, a, b, field)
        elif field.repeated and field.wire_type != LENGTH:
            _check_packed(buffer, a, b, field)


def _check_text(buffer: Buffer, start: int, end: int, field: SchemaField) -> None:
    try:
        buffer[start:end].decode()
    except UnicodeDecodeError as error:
        raise WireError(start + error.start, f"its {field.name} is not valid UTF-8") from None


def _check_packed(buffer: Buffer, start: int, end: int, field: SchemaField) -> None:
    """Numbers one after the other: as many bytes as some of them take."""
    if field.wire_type != VARINT:
        if (end - start) % _SIZES[field.wire_type]:
            raise WireError(start, f"its {field.name} has {end - start:,} bytes, which are no whole numbers", end)
        return
    if start < end and buffer[end - 1] >= 0x80:
        raise WireError(start, f"its {field.name} ends within a number", end)
    for position in range(start, end, _BLOCK):
        # A block begins early enough to see a number that the one before cut in two.
        begin = max(start, position - 9)
        if found := _TOO_LONG.search(buffer[begin : min(position + _BLOCK, end)]):
            raise WireError(begin + found.start(), f"its {field.name} has a number longer than ten bytes")


def check_stored(graph: Graph) -> None:
    """Raises InputError that names the node or function where a tensor or function that a writer copies is broken."""
    for node in graph.nodes:
        _check_tensors(node, "")
    for function in graph.functions:
        if function.encoded is not None:
            _check(function.encoded, "FunctionDef", f"function {function.name!r} is broken")
        else:
            for node in function.nodes:
                _check_tensors(node, f"function {function.name!r}: ")


def _check_tensors(node: Node, where: str) -> None:
    for name, value in node.attrs.items():
        for tensor in _tensors(value):
            _check(tensor, "TensorProto", f"{where}node {node.name!r}: the tensor of its attr {name!r} is broken")


def _tensors(value: NodeAttr) -> Iterator[TensorRef]:
    for item in value if isinstance(value, tuple) else (value,):
        if isinstance(item, TensorRef):
            yield item
        elif isinstance(item, FunctionRef):
            for attr in item.attrs.values():
                yield from _tensors(attr)


def _check(stored: StoredBytes, message: str, subject: str) -> None:
    pages = Pages(stored.source, stored.offset + stored.length)
    try:
        check_message(pages, stored.offset, len(pages), message)
    except WireError as error:
        raise InputError(place_in(stored.source, error.offset), f"{subject}: {error.problem}", _DAMAGED) from None
