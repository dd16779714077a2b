"""NumPy arrays → ``TensorProto`` messages: constants that a transform computed.

Source of the field numbers: ``framework/tensor.proto``; of the form: ``framework/tensor.cc``,
``Tensor::AsProtoTensorContent``, and for strings ``Tensor::AsProtoField``: Python's ``MakeNdarray`` reads no other.
"""

from __future__ import annotations

import sys

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.graphdef_writer import encode_shape
from opselect.models.formats.numpy_types import Array, numpy_type
from opselect.models.formats.wire_writer import MessageWriter
from opselect.models.graph.values import Shape, StoredBytes, TensorRef
from opselect.models.storage import JoinedBytes

_DTYPE, _SHAPE, _CONTENT, _STRINGS = 1, 2, 4, 8


def encode_tensor(array: Array, data_type: DataType) -> TensorRef:
    """The array as a tensor in memory; of its elements one copy is made.

    Strings are objects, each of them ``bytes``. Raises ValueError for an array that is not of the NumPy type of
    ``data_type``, ArrayError for a type that no array can hold.
    """
    dtype = numpy_type(data_type)
    if array.dtype != dtype:
        raise ValueError(f"an array of {array.dtype} cannot be a tensor of {data_type}")
    message = _header(data_type, array.shape)
    if data_type is DataType.DT_STRING:
        for string in array.ravel():
            message.data(_STRINGS, string)
    elif array.size:
        message.data(_CONTENT, _little_endian(array).tobytes())
    return _tensor(message)


def stored_tensor(data_type: DataType, dims: tuple[int, ...], content: StoredBytes) -> TensorRef:
    """A tensor whose elements stay where they are: ``content`` is all of them, little-endian, as they are in memory."""
    message = _header(data_type, dims)
    if content.length:
        message.data(_CONTENT, content)
    return _tensor(message)


def _header(data_type: DataType, dims: tuple[int, ...]) -> MessageWriter:
    message = MessageWriter()
    message.number(_DTYPE, data_type)
    message.message(_SHAPE, encode_shape(Shape(dims)))
    return message


def _tensor(message: MessageWriter) -> TensorRef:
    return TensorRef(JoinedBytes(tuple(message.pieces)), 0, message.size)


def _little_endian(array: Array) -> Array:
    if sys.byteorder == "little":
        return array
    word = array.itemsize // 2 if array.dtype.kind == "c" else array.itemsize
    swapped: Array = np.ascontiguousarray(array).view(f"u{word}").byteswap()
    return swapped
