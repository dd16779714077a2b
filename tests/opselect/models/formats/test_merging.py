"""Messages whose fields occur twice, in pieces and in any order are read as protobuf itself reads them.

Each is compared with what our reader makes of protobuf's own encoding of the same message, in which every field stands
once and in order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel_index.errors import InputError
from opselect import open_checkpoint
from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.graphdef import parse_graphdef, parse_nodedef
from opselect.models.formats.meta_graph import parse_meta_graph
from opselect.models.formats.reader import Message, read_meta_graphs, tag_sets
from opselect.models.formats.recognize import SAVED_MODEL
from opselect.models.formats.saver_def import parse_saver
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.formats.tensors import read_tensor
from opselect.models.formats.wire import WireError
from opselect.models.graph.values import StoredBytes, TensorRef
from opselect.models.proto import message_class
from opselect.models.storage import MemoryBytes
from tests.opselect.graph_text import field, varint
from tests.opselect.models.formats.checkpoint_files import HEADER, Stored, encoded, shape, table
from tests.opselect.models.formats.wire_messages import wire_messages


def _canonical(data: bytes, message: str) -> bytes:
    return message_class(message).FromString(data).SerializeToString(deterministic=True)


def _plain(value: Any) -> Any:
    """A value of ours with its tensors in protobuf's own encoding, so that equal means equal."""
    if isinstance(value, TensorRef):
        return "tensor", _canonical(value.read(), "TensorProto")
    if isinstance(value, StoredBytes):
        return "bytes", value.read()
    if dataclasses.is_dataclass(value):
        parts = [each for each in dataclasses.fields(value) if each.compare]
        return type(value).__name__, [(each.name, _plain(getattr(value, each.name))) for each in parts]
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return type(value).__name__, value


def _saved_model(data: bytes) -> Any:
    message = Message("saved_model.pb", SAVED_MODEL, data, MemoryBytes(data))
    return read_meta_graphs(message), tag_sets(message)


_READERS: dict[str, Callable[[bytes], Any]] = {
    "GraphDef": lambda data: parse_graphdef(data, [(0, len(data))], MemoryBytes(data)),
    "NodeDef": lambda data: parse_nodedef(data, 0, len(data), MemoryBytes(data)),
    "AttrValue": lambda data: AttrReader(data, MemoryBytes(data)).value([(0, len(data))]),
    "TensorShapeProto": lambda data: AttrReader(data, MemoryBytes(data)).shape([(0, len(data))]),
    "MetaGraphDef": lambda data: parse_meta_graph(data, 0, len(data), MemoryBytes(data)),
    "SavedModel": _saved_model,
    "SaverDef": lambda data: parse_saver(data, [(0, len(data))]),
}


def _read(message: str, data: bytes) -> Any:
    try:
        return _plain(_READERS[message](data))
    except (WireError, InputError):
        return "broken"


@pytest.mark.parametrize("message", _READERS)
@settings(max_examples=300)
@given(data=st.data())
def test_what_stands_in_pieces_is_read_as_protobuf_reads_it(message: str, data: st.DataObject) -> None:
    raw = data.draw(wire_messages(message))

    assert _read(message, raw) == _read(message, _canonical(raw, message))


@pytest.mark.parametrize(
    ("message", "around"),
    [
        ("FunctionDef", lambda data: ("GraphDef", field(2, field(1, data)))),
        ("SignatureDef", lambda data: ("MetaGraphDef", field(5, field(1, b"k") + field(2, data)))),
        ("CollectionDef", lambda data: ("MetaGraphDef", field(4, field(1, b"k") + field(2, data)))),
        ("TensorInfo", lambda data: ("MetaGraphDef", field(5, field(2, field(1, field(2, data)))))),
    ],
)
@settings(max_examples=200)
@given(data=st.data())
def test_so_are_the_messages_deep_inside(
    message: str, around: Callable[[bytes], tuple[str, bytes]], data: st.DataObject
) -> None:
    outer, raw = around(data.draw(wire_messages(message)))

    assert _read(outer, raw) == _read(outer, _canonical(raw, outer))


@settings(max_examples=500)
@given(wire_messages("TensorProto"))
def test_tensors_have_the_values_that_protobuf_reads(raw: bytes) -> None:
    def values(data: bytes) -> Any:
        ref = TensorRef(MemoryBytes(data), 0, len(data))
        try:
            array = read_tensor(ref)
        except InputError:
            return "broken"
        header_type, header_shape = tensor_header(ref)
        return str(array.dtype), repr(array.flat[:1000].tolist()), array.shape, header_type, header_shape

    assert values(raw) == values(_canonical(raw, "TensorProto"))


def test_a_tensor_in_two_pieces_is_one_tensor() -> None:
    pieces = [varint(1 << 3) + varint(3), field(7, b"\x05\x06"), field(2, field(2, b"\x08\x02"))]
    data = b"".join(field(8, piece) for piece in pieces)

    value = _READERS["AttrValue"](data)

    assert isinstance(value, TensorRef)
    assert read_tensor(value).tolist() == [5, 6]


def test_a_function_in_two_pieces_keeps_its_name() -> None:
    data = field(10, field(1, b"f")) + field(10, field(2, field(1, b"T") + field(2, b"\x30\x01")))

    value = _READERS["AttrValue"](data)

    assert (value.name, value.attrs) == ("f", {"T": 1})


def test_the_shape_of_a_variable_in_two_pieces_is_one_shape(tmp_path: Path) -> None:
    value = np.arange(6, dtype=np.float32).reshape(2, 3)
    stored, crc = encoded(value)
    whole = Stored(1, (2,), 0, 0, len(stored), crc).encoded()
    index = table([(b"", HEADER), (b"v", whole + field(2, shape(3)))])
    (tmp_path / "model.index").write_bytes(index)
    (tmp_path / "model.data-00000-of-00001").write_bytes(stored)

    np.testing.assert_array_equal(open_checkpoint(tmp_path / "model")["v"], value)
