"""Type and shape of ``TensorProto`` messages, without their values and without NumPy.

Source of the field numbers: ``framework/tensor.proto``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kernel_index.datatypes import DataType
from kernel_index.errors import InputError
from opselect.models.formats.array_shapes import ArrayError, count_elements
from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.wire import LENGTH, VARINT, Span, WireError, fields, tag
from opselect.models.graph.values import Shape, TensorRef
from opselect.models.storage import Pages, place_in

_DAMAGED = "The file is damaged: copy or export it again."
_DTYPE, _SHAPE, _CONTENT = tag(1, VARINT), tag(2, LENGTH), tag(4, LENGTH)


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """What a message says of its tensor; ``content`` is where in the source its ``tensor_content`` starts and ends."""

    dtype: DataType
    dims: tuple[int, ...]
    content: tuple[int, int]


def tensor_header(ref: TensorRef) -> tuple[DataType, Shape]:
    """The type and shape of a tensor; raises InputError like :func:`read_header`."""
    header = read_header(ref)
    return header.dtype, Shape(header.dims)


def read_header(ref: TensorRef) -> TensorHeader:
    """The header of a tensor. Its content is not read, so this costs the same however large it is.

    Raises InputError for a message that is broken or says nothing of an array (no type, a shape not fully known).
    """
    # One walk over the message, past its long fields.
    pages, walk = walk_tensor(ref)
    reader = AttrReader(pages, ref.source)
    dtype = DataType.DT_INVALID
    shape: list[Span] = []
    content = (0, 0)
    try:
        for field, a, b in walk:
            if field == _DTYPE:
                dtype = reader.data_type(a, b)
            elif field == _SHAPE:
                shape.append((a, b))
            elif field == _CONTENT:
                content = a, b
        if dtype is DataType.DT_INVALID:
            raise ArrayError("has no type")
        dims = reader.shape(shape).dims
        count_elements(dims, 1)
    except (WireError, ArrayError) as error:
        raise broken_tensor(ref, error) from None
    return TensorHeader(dtype, dims or (), content)


def walk_tensor(ref: TensorRef) -> tuple[Pages, Iterator[tuple[int, int, int]]]:
    """The bytes of the message and its fields, as :func:`opselect.models.formats.wire.fields` gives them."""
    pages = Pages(ref.source, ref.offset + ref.length)
    return pages, fields(pages, ref.offset, len(pages))


def broken_tensor(ref: TensorRef, error: WireError | ArrayError) -> InputError:
    """The error of a tensor that makes no sense, with its place."""
    if isinstance(error, WireError):
        return InputError(place_in(ref.source, error.offset), f"a tensor is broken: {error.problem}", _DAMAGED)
    return InputError(place_in(ref.source, ref.offset), f"the tensor {error}", error.advice or _DAMAGED)
