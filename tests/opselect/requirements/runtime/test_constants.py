"""Tensors as protobuf writes them in, the value that fills them out."""

from __future__ import annotations

import struct

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.models.graph import Graph, Node, TensorRef
from opselect.models.proto import message_class
from opselect.models.storage import MemoryBytes
from opselect.requirements.runtime.constants import Content, content_of
from tests.opselect.requirements.runtime.additions import additions


def filling(data: bytes) -> float | None:
    return content(data).filling


def content(data: bytes) -> Content:
    return content_of(TensorRef(MemoryBytes(data), 0, len(data)))


def encoded(text: str) -> bytes:
    data: bytes = text_format.Parse(text, message_class("TensorProto")()).SerializeToString()
    return data


SHAPE = "tensor_shape { dim { size: 3 } }"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (f"dtype: DT_FLOAT {SHAPE} float_val: 0.5", 0.5),
        (f"dtype: DT_FLOAT {SHAPE} float_val: 2 float_val: 2 float_val: 2", 2),
        (f"dtype: DT_FLOAT {SHAPE} float_val: 2 float_val: 3", None),
        (f"dtype: DT_DOUBLE {SHAPE} double_val: -1", -1),
        (f"dtype: DT_INT32 {SHAPE} int_val: -7", -7),
        (f"dtype: DT_INT64 {SHAPE} int64_val: 3 int64_val: 3", 3),
        (f"dtype: DT_BOOL {SHAPE} bool_val: true", 1),
        (f"dtype: DT_HALF {SHAPE} half_val: 15360", 1),
        (f"dtype: DT_BFLOAT16 {SHAPE} half_val: 16256", 1),
        (f'dtype: DT_FLOAT {SHAPE} tensor_content: "\\000\\000\\200?\\000\\000\\200?"', 1),
        (f'dtype: DT_FLOAT {SHAPE} tensor_content: "\\000\\000\\200?\\000\\000\\000@"', None),
        (f'dtype: DT_HALF {SHAPE} tensor_content: "\\000<\\000<"', 1),
        (f'dtype: DT_BOOL {SHAPE} tensor_content: "\\001\\001"', 1),
        (f'dtype: DT_STRING {SHAPE} string_val: "a"', None),
        (f'dtype: DT_QINT8 {SHAPE} tensor_content: "\\001\\001"', 1),
        (f'dtype: DT_BFLOAT16 {SHAPE} tensor_content: "\\200?\\200?"', 1),
        (f"dtype: DT_UINT32 {SHAPE} uint32_val: 2 uint32_val: 2", 2),
        (f"dtype: DT_COMPLEX64 {SHAPE} scomplex_val: 2 scomplex_val: 0", 2),
        (f"dtype: DT_COMPLEX128 {SHAPE} dcomplex_val: 1 dcomplex_val: 0 dcomplex_val: 1 dcomplex_val: 0", 1),
        (f"dtype: DT_COMPLEX64 {SHAPE} scomplex_val: 1 scomplex_val: 1", None),
        (f"dtype: DT_COMPLEX64 {SHAPE} scomplex_val: 1 scomplex_val: 0 scomplex_val: 0 scomplex_val: 0", None),
        (f'dtype: DT_COMPLEX64 {SHAPE} tensor_content: "\\000\\000\\200?\\000\\000\\000\\000"', 1),
        (f"dtype: DT_COMPLEX64 {SHAPE}", 0),
        (f"dtype: DT_FLOAT {SHAPE}", 0),
        ("", None),
    ],
)
def test_values(text: str, value: float | None) -> None:
    assert filling(encoded(text)) == value


@pytest.mark.parametrize(
    ("text", "dims"),
    [
        ("dtype: DT_FLOAT tensor_shape { dim { size: 3 } dim { size: 1 } } float_val: 1", (3, 1)),
        ("dtype: DT_FLOAT tensor_shape { dim { } }", (0,)),
        ("dtype: DT_FLOAT tensor_shape { } float_val: 1", ()),
        ("dtype: DT_FLOAT float_val: 1", ()),
        ("dtype: DT_FLOAT tensor_shape { dim { size: -1 } }", (-1,)),
        ("dtype: DT_FLOAT tensor_shape { unknown_rank: true }", None),
        (f"dtype: DT_FLOAT tensor_shape {{ dim {{ name: {'x' * 600!r} }} }}", None),
    ],
)
def test_shapes(text: str, dims: tuple[int, ...] | None) -> None:
    assert content(encoded(text)).dims == dims


def test_only_the_first_bytes_are_read() -> None:
    class Counting(MemoryBytes):
        asked = 0

        def read(self, offset: int, length: int) -> bytes:
            Counting.asked += length
            return super().read(offset, length)

    content = struct.pack("<f", 1.0) * 1_000_000
    message = message_class("TensorProto")(dtype=1, tensor_content=content)
    data = message.SerializeToString()
    assert content_of(TensorRef(Counting(data), 0, len(data))) == Content(1, None)
    assert Counting.asked < 1000


def test_a_constant_is_read_once_whoever_asks() -> None:
    class Counting(MemoryBytes):
        asked = 0

        def read(self, offset: int, length: int) -> bytes:
            Counting.asked += 1
            return super().read(offset, length)

    data = encoded(f"dtype: DT_FLOAT {SHAPE} float_val: 1.0")
    of_type = {"T": DataType.DT_FLOAT}
    nodes = (
        Node("x", "Placeholder", attrs={"dtype": DataType.DT_FLOAT}),
        Node("one", "Const", attrs={"dtype": DataType.DT_FLOAT, "value": TensorRef(Counting(data), 0, len(data))}),
        *(Node(op, op, ("x", "one"), attrs=of_type) for op in ("Mul", "Pow", "Add", "Sub", "RealDiv")),
    )
    assert additions(Graph(nodes))
    assert Counting.asked == 1


@given(st.binary(max_size=60))
def test_any_bytes_give_a_number_or_nothing(data: bytes) -> None:
    value = filling(data)
    assert value is None or isinstance(value, float | int)


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=200))
def test_floats_of_any_length(values: list[float]) -> None:
    expected = values[0] if len(set(values)) == 1 else None
    message = message_class("TensorProto")(dtype=1, float_val=values)
    found = filling(message.SerializeToString())
    assert found == expected or (expected is None and len(set(values[:120])) == 1)


FLOAT_VALUES, INT_VALUES, TYPE = 5, 7, 1


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (bytes((TYPE << 3, 3, INT_VALUES << 3, 9, INT_VALUES << 3, 9)), 9),
        (bytes((TYPE << 3, 3, INT_VALUES << 3, 9, INT_VALUES << 3, 8)), None),
        (bytes((TYPE << 3, 120, INT_VALUES << 3, 9)), 9),
        (bytes((FLOAT_VALUES << 3 | 5,)) + struct.pack("<f", 2.5), 2.5),
        (bytes((FLOAT_VALUES << 3 | 5,)) + struct.pack("<f", 2.5)[:3], None),
        (bytes((TYPE << 3, 3, INT_VALUES << 3 | 2, 3, 9, 9, 0x89)), 9),
        (bytes((FLOAT_VALUES << 3 | 3,)), None),
    ],
)
def test_tensors_as_other_writers_encode_them(data: bytes, value: float | None) -> None:
    """Numbers one by one instead of packed, types of later releases, numbers that the end cuts off, groups."""
    assert filling(data) == value


def test_fields_in_any_order_and_twice() -> None:
    """Of a field that stands twice the last one counts, of messages both."""
    float_type, shape = b"\x08\x01", b"\x12\x04\x12\x02\x08\x03"
    ones, twos = (b"\x22\x0c" + struct.pack("<3f", *[value] * 3) for value in (1, 2))
    assert content(ones + float_type + shape) == Content(1, (3,))
    assert content(twos + shape + float_type + ones) == Content(1, (3,))
    assert content(b"\x08\x03" + shape + ones + shape + float_type) == Content(1, (3, 3))
    long = b"\x22\x80\x08" + struct.pack("<256f", *[1] * 256) + float_type + b"\x12\x05\x12\x03\x08\x80\x02"
    tensor = TensorRef(MemoryBytes(long), 0, len(long))
    assert content_of(tensor, DataType.DT_FLOAT) == Content(1, None)
