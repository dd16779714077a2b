"""Tensors of checkpoints as tensors of constants. Their bytes stay where they are until the graph is written."""

from __future__ import annotations

import math

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.checkpoint import Checkpoint
from opselect.models.formats.numpy_types import numpy_type
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.formats.tensor_writer import encode_tensor, stored_tensor
from opselect.models.graph import TensorRef
from opselect.rewriting.freezing.restoring import Source


def dims_of(checkpoint: Checkpoint, source: Source) -> tuple[int, ...]:
    """The shape of a tensor of a checkpoint, or of a part of one."""
    dims = checkpoint.shapes[source.key]
    return source.part.dims(dims) if source.part is not None else dims


def tensor_of(checkpoint: Checkpoint, source: Source) -> TensorRef:
    """The tensor, its checksum compared; what is stored as it would be in memory is not loaded.

    Raises InputError for a tensor that cannot be read.
    """
    data_type = checkpoint.variables[source.key].data_type
    stored = checkpoint.stored(source.key, source.part)
    if stored is None:
        array = checkpoint[source.key]
        if source.part is not None:
            array = np.ascontiguousarray(array[source.part.region(array.shape)])
        return encode_tensor(array, data_type)
    return stored_tensor(data_type, dims_of(checkpoint, source), stored)


def size_of(tensor: TensorRef) -> int:
    """Bytes that the elements of a tensor take; of strings the whole message."""
    dtype, shape = tensor_header(tensor)
    return tensor.length if dtype is DataType.DT_STRING else math.prod(shape.dims or ()) * numpy_type(dtype).itemsize
