"""Message classes out of the shipped descriptor set."""

from __future__ import annotations

import functools
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

PACKAGE = "opselect.proto"
FOLDER = "opselect/proto"
SCHEMA_PATH = Path(__file__).with_name("schema.binpb")
SCHEMA_FILES = ("tensor.proto", "node.proto", "op_def.proto", "graph.proto")
"""The schemas, each after those that it imports."""


def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(SCHEMA_PATH.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


@functools.cache
def _classes() -> dict[str, type[Message]]:
    """Every message class by its name in our package, map entries included.

    All are made at once and kept: protobuf before 4.25 crashes on a map whose entry class nobody has asked for.
    """
    classes: dict[str, type[Message]] = {}
    pool = _pool()
    waiting = [
        descriptor
        for name in SCHEMA_FILES
        for descriptor in pool.FindFileByName(f"{FOLDER}/{name}").message_types_by_name.values()
    ]
    for descriptor in waiting:
        classes[descriptor.full_name.removeprefix(f"{PACKAGE}.")] = message_factory.GetMessageClass(descriptor)
        waiting.extend(descriptor.nested_types)
    return classes


def message_class(name: str) -> type[Message]:
    """The class of a message of our schemas, such as ``GraphDef``; KeyError for a name that they lack."""
    return _classes()[name]
