"""Message classes out of the shipped descriptor set."""

from __future__ import annotations

import functools
from pathlib import Path

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

PACKAGE = "opselect.models.proto"
FOLDER = "opselect/models/proto"
SCHEMA_PATH = Path(__file__).with_name("schema.binpb")
SCHEMA_FILES = ("tensor.proto", "node.proto", "op_def.proto", "graph.proto", "meta_graph.proto")
"""The schemas, each after those that it imports."""


UPSTREAM_PACKAGE = "tensorflow"
"""Files name messages by this package where they say a type in words (``google.protobuf.Any``)."""


@functools.cache
def pool() -> descriptor_pool.DescriptorPool:
    """Our own pool: every schema in our package, and once more in upstream's, for the types that files spell out."""
    made = descriptor_pool.DescriptorPool()
    made.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
    files = descriptor_pb2.FileDescriptorSet.FromString(SCHEMA_PATH.read_bytes()).file
    for file in files:
        made.AddSerializedFile(file.SerializeToString())
    for file in files:
        made.AddSerializedFile(_as_upstream(file).SerializeToString())
    return made


def _as_upstream(file: descriptor_pb2.FileDescriptorProto) -> descriptor_pb2.FileDescriptorProto:
    copy = descriptor_pb2.FileDescriptorProto()
    copy.CopyFrom(file)
    copy.package = UPSTREAM_PACKAGE
    copy.name = copy.name.replace(FOLDER, UPSTREAM_PACKAGE)
    for position, dependency in enumerate(copy.dependency):
        copy.dependency[position] = dependency.replace(FOLDER, UPSTREAM_PACKAGE)
    waiting = list(copy.message_type)
    for message in waiting:
        waiting.extend(message.nested_type)
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(f".{PACKAGE}.", f".{UPSTREAM_PACKAGE}.")
    return copy


@functools.cache
def message_class(name: str) -> type[Message]:
    """The class of a message of our schemas, such as ``GraphDef``; KeyError for a name that they lack."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))
