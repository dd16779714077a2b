"""Which message a file holds: protobuf writes no name of it, so its fields must tell, in whatever order they stand.

Source: ``framework/graph.proto``, ``protobuf/saved_model.proto`` and ``protobuf/meta_graph.proto``, of the object graph
``protobuf/saved_object_graph.proto``, and ``onnx/onnx.proto`` of ONNX.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from itertools import islice

from opselect.models.formats.schema_tables import Schema, SchemaField, schemas
from opselect.models.formats.wire import LENGTH, VARINT, Buffer, WireError, fields, tag

GRAPH, META, SAVED, ONNX = "GraphDef", "MetaGraphDef", "SavedModel", "ModelProto"

MAX_LEVELS = 4
"""Messages inside each other that are looked at: a node in the graph in a MetaGraph in a SavedModel."""
MAX_FIELDS = 12
"""Fields looked at of each of them, and of the file."""

# What a message never lacks. An empty field of an unknown message looks like any other, and so does a short word.
_NEEDED = {"NodeDef": {1, 2}, "FunctionDef": {1}}
_GRAPH_FIELD = {META: tag(2, LENGTH), SAVED: tag(2, LENGTH), ONNX: tag(7, LENGTH)}
_FREE_TEXT = ("description", "summary", "explanation")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


class TooFarError(WireError):
    """What is asked for lies further inside a file than is looked at."""


class _MisfitError(Exception):
    """The bytes are no such message."""


def message_kind(buffer: Buffer) -> str:
    """GRAPH, META, SAVED or ONNX: the one message of these that the bytes can be; empty where none of them fits.

    Of several that fit, the one is taken that knows most of the fields. Of a message that is cut short or broken
    somewhere, what stands before tells.
    """
    unknown = dict.fromkeys((GRAPH, META, SAVED, ONNX), 0)
    seen: set[int] = set()
    try:
        for key, a, b in islice(fields(buffer, 0, len(buffer)), MAX_FIELDS):
            seen.add(key >> 3)
            misses = {message: _tried(buffer, key, a, b, message) for message in unknown}
            unknown = {message: unknown[message] + more for message, more in misses.items() if more is not None}
            if not unknown or (len(unknown) == 1 and _known()[min(unknown)].keys() & seen):
                break
    except TooFarError:
        pass
    except WireError:
        if len(unknown) != 1:
            return ""
    fitting = [message for message in unknown if _known()[message].keys() & seen]
    found = min(fitting, key=lambda message: unknown[message], default="")
    return found if _holds_graph(buffer, found) else ""


def _holds_graph(buffer: Buffer, message: str) -> bool:
    """Whether a file has the field that such files are for; of one that is cut short it is taken to be there."""
    try:
        return message not in _GRAPH_FIELD or any(
            key == _GRAPH_FIELD[message] for key, _, _ in fields(buffer, 0, len(buffer))
        )
    except WireError:
        return True


def _tried(buffer: Buffer, key: int, a: int, b: int, message: str) -> int | None:
    """How many of the fields in one field are not known, None where it cannot be one of the message."""
    try:
        return _field_misses(buffer, key, a, b, message, 1)
    except (_MisfitError, WireError):
        return None


def _field_misses(buffer: Buffer, key: int, a: int, b: int, message: str, level: int) -> int:
    """How many fields in this one, itself counted, are not known; _MisfitError where it is none of the message."""
    known = _known()[message]
    number, wire_type = key >> 3, key & 7
    field = known.get(number)
    if field is None:
        if number < max(known):  # a number that was given up is not used again
            raise _MisfitError
        return 1
    if wire_type == LENGTH and field.message:
        return _misses(buffer, a, b, field.message, level + 1) if level < MAX_LEVELS else 0
    if wire_type != field.wire_type and not (wire_type == LENGTH and field.repeated and field.wire_type != LENGTH):
        raise _MisfitError
    if field.text and field.name not in _FREE_TEXT and _CONTROL.search(buffer[a : min(b, a + 256)]):
        raise _MisfitError
    return 0


def _misses(buffer: Buffer, start: int, end: int, message: str, level: int) -> int:
    total = 0
    seen = set()
    try:
        for position, (key, a, b) in enumerate(fields(buffer, start, end)):
            if position == MAX_FIELDS:  # what it needs may stand behind
                return total
            total += _field_misses(buffer, key, a, b, message, level)
            if b > a or key & 7 != LENGTH:
                seen.add(key >> 3)
    except TooFarError:
        return total
    if not _NEEDED.get(message, set()) <= seen:
        raise _MisfitError
    return total


@functools.cache
def _known() -> Mapping[str, Schema]:
    """Our schemas and, in outline, what stands beside what we read."""
    text = {number: SchemaField("", LENGTH, text=True) for number in range(10)}
    ours = schemas()
    return {
        **ours,
        META: {**ours[META], 7: SchemaField("object_graph_def", LENGTH, message="ObjectGraph")},
        "ObjectGraph": {1: SchemaField("nodes", LENGTH, message="ObjectGraph.Object"), 2: SchemaField("", LENGTH)},
        "ObjectGraph.Object": {number: SchemaField("", LENGTH) for number in range(1, 14)},
        GRAPH: {**ours[GRAPH], 5: SchemaField("debug_info", LENGTH)},
        ONNX: {
            **{number: text[number] for number in (2, 3, 4, 6)},
            **dict.fromkeys((1, 5), SchemaField("", VARINT)),
            **dict.fromkeys((7, 8), SchemaField("", LENGTH)),
        },
    }
