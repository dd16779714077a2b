"""Our schemas: what is shipped is what the sources say, and nothing that a file holds is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool

from opselect.models.proto import SCHEMA_FILES, SCHEMA_PATH, message_class
from opselect.models.proto.regenerate import compile_schemas

MODELS = Path(__file__).parents[4] / "fixtures" / "models"


def test_shipped_descriptors_are_those_of_the_proto_files() -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools, which has the protobuf compiler, is not installed")
    compiled = descriptor_pb2.FileDescriptorSet.FromString(compile_schemas())
    shipped = descriptor_pb2.FileDescriptorSet.FromString(SCHEMA_PATH.read_bytes())
    assert compiled == shipped, "run python -m opselect.models.proto.regenerate"


def test_every_schema_beside_the_module_is_shipped() -> None:
    assert sorted(SCHEMA_FILES) == sorted(path.name for path in SCHEMA_PATH.parent.glob("*.proto"))


def test_messages_live_in_our_own_package_and_pool() -> None:
    descriptor = message_class("GraphDef").DESCRIPTOR
    assert descriptor.full_name == "opselect.models.proto.GraphDef"
    with pytest.raises(KeyError):
        descriptor_pool.Default().FindMessageTypeByName("opselect.models.proto.GraphDef")


def test_unknown_message_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        message_class("NoSuchDef")


@pytest.mark.parametrize("model", sorted(MODELS.glob("*.pb")), ids=lambda path: path.name)
def test_graphs_of_tensorflow_survive_unchanged(model: Path) -> None:
    data = model.read_bytes()
    assert message_class("GraphDef").FromString(data).SerializeToString(deterministic=True) == data


def test_unknown_fields_are_kept() -> None:
    node_with_field_99 = b"\n\x01x\x12\x01y" + b"\x9a\x06\x03abc"
    data = b"\n" + bytes([len(node_with_field_99)]) + node_with_field_99
    assert message_class("GraphDef").FromString(data).SerializeToString() == data
