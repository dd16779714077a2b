"""What protobuf would not take is told before it is written, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect.models.formats.graphdef_writer import write_graph
from opselect.models.formats.schema_tables import ANY, schemas
from opselect.models.formats.well_formed import check_message
from opselect.models.formats.wire import WireError
from opselect.models.proto import message_class
from opselect.models.proto.schema import FOLDER, PACKAGE, SCHEMA_FILES, pool
from tests.opselect.graph_text import field, graph_bytes, graph_from_bytes, node
from tests.opselect.models.formats.wire_messages import wire_messages

_GROUPS = (3, 4)


def described() -> dict[str, Descriptor]:
    """Every message of our schemas by its name, entries of maps included."""
    waiting: list[Descriptor] = [
        message
        for file in SCHEMA_FILES
        for message in pool().FindFileByName(f"{FOLDER}/{file}").message_types_by_name.values()
    ]
    for message in waiting:
        waiting.extend(message.nested_types)
    return {message.full_name.removeprefix(f"{PACKAGE}."): message for message in waiting}


def test_the_tables_are_those_that_protobuf_reads_of_the_schemas() -> None:
    assert schemas().keys() - {ANY} == described().keys()
    for name, message in described().items():
        ours = {(number, each.name, each.repeated, bool(each.message)) for number, each in schemas()[name].items()}
        theirs = {(f.number, f.name, f.is_repeated, f.message_type is not None) for f in message.fields}
        assert ours == theirs


@settings(max_examples=400)
@given(wire_messages("NodeDef") | wire_messages("FunctionDef"), st.integers(0, 400), st.integers(0, 255))
def test_what_protobuf_takes_is_taken_and_nothing_else(raw: bytes, place: int, byte: int) -> None:
    name = "FunctionDef"
    data = bytearray(raw)
    if data:
        data[place % len(data)] = byte
    try:
        message_class(name).FromString(bytes(data))
        taken = True
    except DecodeError:
        taken = False
    try:
        check_message(bytes(data), 0, len(data), name)
        problem = ""
    except WireError as error:
        problem = error.problem

    # Groups, which no message of TensorFlow has, are refused by us.
    assert taken == (not problem) or "which graphs never use" in problem


_BROKEN = {
    "floats": field(5, b"\x01"),
    "doubles": field(6, bytes(12)),
    "numbers": field(7, b"\x80"),
    "a long number": field(10, b"\xff" * 10 + b"\x01"),
    "a shape": field(2, b"\x12\x05"),
    "a name that is no text": field(14, field(3, b"\xff")),
}


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("tensor", _BROKEN.values(), ids=_BROKEN)
@pytest.mark.parametrize("inside", ["graph", "function"])
def test_a_broken_tensor_is_never_written(tmp_path: Path, tensor: bytes, text: bool, inside: str) -> None:
    attr = field(5, field(1, b"value") + field(2, field(8, b"\x08\x01" + tensor)))
    broken = field(1, b"weights") + field(2, b"Const") + attr
    data = graph_bytes(node("x", "Placeholder")) + field(1, broken)
    if inside == "function":
        data = graph_bytes(node("x", "Placeholder")) + field(2, field(1, field(1, field(1, b"f")) + field(3, broken)))
    target = tmp_path / "out"

    with pytest.raises(InputError, match=r"node 'weights'|function 'f'") as caught:
        write_graph(graph_from_bytes(data), str(target), text=text)

    assert "\n" not in caught.value.problem
    assert not target.exists()
