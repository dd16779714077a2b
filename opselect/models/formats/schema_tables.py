"""What the fields of our message schemas are, read off ``proto/schema.binpb`` without protobuf, which is slow to load.

Source of the field numbers: ``google/protobuf/descriptor.proto``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from opselect.models.formats.wire import FIXED32, FIXED64, LENGTH, VARINT, fields, tag

_SCHEMA = Path(__file__).parents[1] / "proto" / "schema.binpb"
_PREFIX = ".opselect.models.proto."
_FILE, _MESSAGE, _NAME = tag(1, LENGTH), tag(4, LENGTH), tag(1, LENGTH)
_FIELD, _NESTED = tag(2, LENGTH), tag(3, LENGTH)
_NUMBER, _LABEL, _TYPE, _TYPE_NAME = tag(3, VARINT), tag(4, VARINT), tag(5, VARINT), tag(6, LENGTH)
_REPEATED = 3
_STRING, _MESSAGE_TYPE, _BYTES = 9, 11, 12
_WIRE_TYPES = {1: FIXED64, 2: FIXED32, 6: FIXED64, 7: FIXED32, 15: FIXED32, 16: FIXED64} | dict.fromkeys(
    (_STRING, _MESSAGE_TYPE, _BYTES), LENGTH
)
ANY = "google.protobuf.Any"


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field: its name, how a single value of it stands in the wire format, and what it holds.

    ``message`` is the name of the message that it is, such as ``AttrValue.ListValue``, empty for other fields;
    ``text`` says that it is a string, which must be UTF-8.
    """

    name: str
    wire_type: int
    repeated: bool = False
    text: bool = False
    message: str = ""


Schema: TypeAlias = Mapping[int, SchemaField]


@functools.cache
def schemas() -> Mapping[str, Schema]:
    """The fields of every message by its name, by number; map entries are messages, too."""
    data = _SCHEMA.read_bytes()
    found: dict[str, Schema] = {
        ANY: {1: SchemaField("type_url", LENGTH, text=True), 2: SchemaField("value", LENGTH)},
    }
    for field, a, b in fields(data, 0, len(data)):
        if field == _FILE:
            for inner, c, d in fields(data, a, b):
                if inner == _MESSAGE:
                    found.update(_message(data, c, d, ""))
    return found


def _message(data: bytes, start: int, end: int, around: str) -> Iterator[tuple[str, Schema]]:
    parts = list(fields(data, start, end))
    name = around + next(data[a:b].decode() for field, a, b in parts if field == _NAME)
    yield name, dict(_field(data, a, b) for field, a, b in parts if field == _FIELD)
    for field, a, b in parts:
        if field == _NESTED:
            yield from _message(data, a, b, f"{name}.")


def _field(data: bytes, start: int, end: int) -> tuple[int, SchemaField]:
    name = message = ""
    number = label = kind = 0
    for field, a, b in fields(data, start, end):
        if field == _NAME:
            name = data[a:b].decode()
        elif field == _NUMBER:
            number = a
        elif field == _LABEL:
            label = a
        elif field == _TYPE:
            kind = a
        elif field == _TYPE_NAME:
            message = data[a:b].decode().removeprefix(_PREFIX).removeprefix(".")
    return number, SchemaField(
        name,
        _WIRE_TYPES.get(kind, VARINT),
        label == _REPEATED,
        kind == _STRING,
        message if kind == _MESSAGE_TYPE else "",
    )
