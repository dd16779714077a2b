"""Messages in wire format as no writer makes them: fields in any order, single ones more than once, lists in pieces."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from hypothesis import strategies as st

from opselect.models.proto import message_class
from tests.opselect.graph_text import field as length_delimited
from tests.opselect.graph_text import varint

MAX_FIELDS = 5
MAX_DEPTH = 8
_NAMES = ("", "a", "b", "T", "save/restore_all", "tensorflow.AssetFileDef")
_NUMBERS = (0, 1, 2, 3, 200, (1 << 64) - 1, (1 << 63) + 5, 1 << 32)
_FIXED: Mapping[int, tuple[int, str]] = {
    FieldDescriptor.TYPE_FLOAT: (5, "<f"),
    FieldDescriptor.TYPE_DOUBLE: (1, "<d"),
}
# Without these, most graphs would be refused, for no nodes or one without a name, before anything is compared.
_ALWAYS: Mapping[str, Sequence[str]] = {
    "SavedModel": ("meta_graphs",),
    "MetaGraphDef": ("graph_def",),
    "GraphDef": ("node",),
    "NodeDef": ("name", "op"),
    "FunctionDef": ("signature",),
    "OpDef": ("name",),
    "TensorProto": ("dtype",),
}


def wire_messages(name: str) -> st.SearchStrategy[bytes]:
    """The bytes of messages of our schemas, such as ``GraphDef``.

    Each is made from one number that hypothesis chooses: to let it choose every byte takes a hundred times as long.
    """
    descriptor = message_class(name).DESCRIPTOR
    return st.integers(0, 1 << 64).map(lambda seed: _message(Random(seed), descriptor, 0))


def _message(random: Random, descriptor: Any, depth: int) -> bytes:
    known = list(descriptor.fields)
    if depth >= MAX_DEPTH:
        known = [each for each in known if each.message_type is None]
    chosen = random.choices(known, k=random.randint(0, MAX_FIELDS)) if known else []
    if chosen and random.random() < 0.5:
        chosen += random.choices(chosen, k=2)
    always = [descriptor.fields_by_name[each] for each in _ALWAYS.get(descriptor.name, ())]
    chosen += always
    random.shuffle(chosen)
    return b"".join(_field(random, each, depth, needed=each in always) for each in chosen)


def _field(random: Random, field: FieldDescriptor, depth: int, *, needed: bool) -> bytes:
    if field.message_type is not None:
        return length_delimited(field.number, _message(random, field.message_type, depth + 1))
    if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
        return length_delimited(field.number, random.choice(_NAMES[1:] if needed else _NAMES).encode())
    if field.is_repeated and random.random() < 0.5:
        packed = b"".join(_value(random, field, needed=False) for _ in range(random.randint(0, 3)))
        return length_delimited(field.number, packed)
    wire_type = _FIXED[field.type][0] if field.type in _FIXED else 0
    return varint(field.number << 3 | wire_type) + _value(random, field, needed=needed)


def _value(random: Random, field: FieldDescriptor, *, needed: bool) -> bytes:
    if field.type in _FIXED:
        return struct.pack(_FIXED[field.type][1], random.choice([0.0, 1.5, -2.0]))
    if field.enum_type is not None:
        numbers = [each.number for each in field.enum_type.values if each.number or not needed]
        return varint(random.choice(numbers))
    return varint(random.choice(_NUMBERS))
