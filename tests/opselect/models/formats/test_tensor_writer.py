"""Arrays in, TensorProto messages out, as protobuf and the reader see them."""

from __future__ import annotations

import pickle
import tracemalloc

import numpy as np
import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array, numpy_type
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.formats.tensor_writer import encode_tensor
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph.values import Shape
from opselect.models.proto import message_class
from opselect.models.storage import JoinedBytes

NUMERIC = [
    data_type
    for data_type in DataType
    if data_type not in (DataType.DT_INVALID, DataType.DT_RESOURCE, DataType.DT_VARIANT, DataType.DT_STRING)
]
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def some_array(data_type: DataType, shape: tuple[int, ...], seed: int) -> Array:
    """Any bits at all, except that a bool is 0 or 1 and an element of four bits or two has no more."""
    dtype = numpy_type(data_type)
    size = int(np.prod(shape, dtype=np.int64))
    bits = np.random.default_rng(seed).integers(0, 256, size * dtype.itemsize, np.uint8)
    if data_type is DataType.DT_BOOL:
        return (bits > 127).reshape(shape)
    if data_type in (DataType.DT_INT4, DataType.DT_UINT4):
        return (bits % 8).astype(dtype).reshape(shape)
    if data_type in (DataType.DT_INT2, DataType.DT_UINT2):
        return (bits % 2).astype(dtype).reshape(shape)
    return bits.view(dtype).reshape(shape)


@given(st.sampled_from(NUMERIC), SHAPES, st.integers(0, 1 << 32))
def test_what_is_written_is_read_back(data_type: DataType, shape: tuple[int, ...], seed: int) -> None:
    array = some_array(data_type, shape, seed)
    ref = encode_tensor(array, data_type)
    assert tensor_header(ref) == (data_type, Shape(shape))
    back = read_tensor(ref)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


@given(SHAPES, st.data())
def test_strings_are_read_back(shape: tuple[int, ...], data: st.DataObject) -> None:
    size = int(np.prod(shape, dtype=np.int64))
    strings = data.draw(st.lists(st.binary(max_size=5), min_size=size, max_size=size))
    array = np.empty(size, object)
    array[:] = strings
    back = read_tensor(encode_tensor(array.reshape(shape), DataType.DT_STRING))
    assert back.shape == shape
    assert back.ravel().tolist() == strings


@pytest.mark.parametrize(
    ("array", "data_type", "text"),
    [
        (
            np.array([[1, 2]], np.int16),
            DataType.DT_QINT16,
            r'dtype: DT_QINT16 tensor_shape { dim { size: 1 } dim { size: 2 } } tensor_content: "\001\000\002\000"',
        ),
        (np.array(True), DataType.DT_BOOL, r'dtype: DT_BOOL tensor_shape { } tensor_content: "\001"'),
        (np.zeros(0, np.float32), DataType.DT_FLOAT, "dtype: DT_FLOAT tensor_shape { dim { size: 0 } }"),
        (
            np.array([b"a", b""], object),
            DataType.DT_STRING,
            'dtype: DT_STRING tensor_shape { dim { size: 2 } } string_val: "a" string_val: ""',
        ),
    ],
    ids=str,
)
def test_protobuf_reads_the_same(array: Array, data_type: DataType, text: str) -> None:
    message = message_class("TensorProto")
    assert message.FromString(encode_tensor(array, data_type).read()) == text_format.Parse(text, message())


def test_views_are_written_in_the_order_of_their_elements() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3).T[::-1]
    assert read_tensor(encode_tensor(array, DataType.DT_FLOAT)).tolist() == array.tolist()


def test_an_array_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="float64 cannot be a tensor of DT_FLOAT"):
        encode_tensor(np.zeros(2), DataType.DT_FLOAT)


def test_a_tensor_can_be_sent_to_another_process() -> None:
    ref = encode_tensor(np.arange(3, dtype=np.int64), DataType.DT_INT64)
    assert pickle.loads(pickle.dumps(ref)) == ref


def test_the_elements_are_copied_once() -> None:
    array = np.zeros(1 << 22, np.uint8)
    tracemalloc.start()
    ref = encode_tensor(array, DataType.DT_UINT8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ref.length > array.nbytes
    assert peak < 1.1 * array.nbytes


def test_many_strings_are_few_pieces() -> None:
    ref = encode_tensor(np.full(100_000, b"0123456789", object), DataType.DT_STRING)
    assert isinstance(ref.source, JoinedBytes)
    assert len(ref.source.pieces) < ref.length / 2000
    assert read_tensor(ref)[-1] == b"0123456789"
