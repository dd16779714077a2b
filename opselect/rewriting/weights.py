"""The values of constants that transforms store with less precision. They are computed when the graph is written.

Source: ``tools/graph_transforms/round_weights.cc`` and ``quantize_weights.cc``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array, numpy_type
from opselect.models.formats.tensor_headers import read_header
from opselect.models.formats.tensor_writer import stored_tensor
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import Node, StoredBytes
from opselect.models.storage import MemoryBytes
from opselect.rewriting.constants import constant_header, constant_tensor, tensor_node
from opselect.rewriting.context import Context

CHUNK = 1 << 18
"""Values worked on at once; the others stay where they are stored."""

Floats: TypeAlias = npt.NDArray[np.float32]
Change: TypeAlias = Callable[[Floats], Array]
"""What becomes of values, each by itself. Picklable."""

_FLOAT = np.dtype("<f4")


@dataclass(frozen=True, slots=True)
class Weights:
    """The values of a constant of floats: ``content`` is all of them, as a tensor stores them."""

    name: str
    dims: tuple[int, ...]
    content: StoredBytes

    def range(self, context: Context) -> tuple[np.float32, np.float32]:
        """The smallest and the largest value. The Graph Transform Tool begins its search for the largest above zero.

        Raises TransformError where a value is infinite or no number, since a range with steps has no place for it, and
        where two values are further apart than any float.
        """
        limits = np.finfo(np.float32)
        smallest, largest = limits.max, limits.tiny if context.gtt else limits.min
        for part in _chunks(self.content, 0, self.content.length // _FLOAT.itemsize):
            if not np.isfinite(part).all():
                raise context.error("holds values that are infinite or no number", node=self.name)
            smallest, largest = min(smallest, part.min()), max(largest, part.max())
        if float(largest) - float(smallest) > float(limits.max):
            text = f"holds values from {smallest:g} to {largest:g}, further apart than any float"
            raise context.error(text, node=self.name)
        return smallest, largest

    def changed(self, name: str, data_type: DataType, change: Change) -> Node:
        """A Const of what becomes of the values, which are computed as often as somebody reads them."""
        source = _ChangedBytes(self.content, numpy_type(data_type).newbyteorder("<"), change)
        return tensor_node(name, data_type, stored_tensor(data_type, self.dims, StoredBytes(source, 0, source.size)))


@dataclass(frozen=True, slots=True)
class _ChangedBytes:
    """A source of bytes that are computed from those of floats."""

    floats: StoredBytes
    item: np.dtype[np.generic]
    change: Change = field(repr=False)

    @property
    def size(self) -> int:
        return self.floats.length // _FLOAT.itemsize * self.item.itemsize

    def read(self, offset: int, length: int) -> bytes:
        """The bytes; InputError where the floats can no longer be read."""
        first, end = offset // self.item.itemsize, -(-(offset + length) // self.item.itemsize)
        parts = _chunks(self.floats, first, end)
        data = b"".join(self.change(part).astype(self.item, copy=False).tobytes() for part in parts)
        before = offset - first * self.item.itemsize
        return data[before : before + length]


def _chunks(floats: StoredBytes, first: int, end: int) -> Iterator[Floats]:
    """The values from ``first`` to before ``end``, some at a time."""
    for start in range(first, end, CHUNK):
        length = min(CHUNK, end - start) * _FLOAT.itemsize
        yield np.frombuffer(floats.source.read(floats.offset + start * _FLOAT.itemsize, length), _FLOAT)


def large_weights(node: Node, minimum_size: int, context: Context) -> Weights | None:
    """The values of a Const of floats with at least that many elements; None for every other node."""
    if node.op != "Const":
        return None
    data_type, shape = constant_header(node, context)
    dims = shape.dims or ()
    if data_type is not DataType.DT_FLOAT or math.prod(dims) < minimum_size:
        return None
    tensor = constant_tensor(node, context)
    start, end = read_header(tensor).content
    if end - start == math.prod(dims) * _FLOAT.itemsize:
        return Weights(node.name, dims, StoredBytes(tensor.source, start, end - start))
    data = read_tensor(tensor).astype(_FLOAT, copy=False).tobytes()
    return Weights(node.name, dims, StoredBytes(MemoryBytes(data), 0, len(data)))
