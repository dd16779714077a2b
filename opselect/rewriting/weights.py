"""The values of constants that transforms store with less precision.

Source: ``tools/graph_transforms/round_weights.cc`` and ``quantize_weights.cc``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from kernel_index.datatypes import DataType
from opselect.formats.numpy_types import Array
from opselect.graph import Node
from opselect.rewriting.constants import constant_header, constant_value
from opselect.rewriting.context import Context

CHUNK = 1 << 20
"""Elements worked on at once: what is between a weight and its rounded value never exists for all of them."""

Floats = npt.NDArray[np.float32]


def large_floats(node: Node, minimum_size: int, context: Context) -> Floats | None:
    """The values of a Const of floats with at least so many elements; None for every other node.

    Raises TransformError where one of them is infinite or no number: a range with steps has no place for it.
    """
    if node.op != "Const":
        return None
    data_type, shape = constant_header(node, context)
    size = 1
    for dim in shape.dims or ():
        size *= dim
    if data_type is not DataType.DT_FLOAT or size < minimum_size:
        return None
    values: Floats = constant_value(node, context)
    if not all(np.isfinite(part).all() for part in chunks(values)):
        raise context.error("holds values that are infinite or no number", node=node.name)
    return values


def value_range(node: Node, values: Floats, context: Context) -> tuple[np.float32, np.float32]:
    """The smallest and the largest value. The Graph Transform Tool begins its search for the largest above zero.

    Raises TransformError where the two are further apart than any float.
    """
    limits = np.finfo(np.float32)
    smallest, largest = limits.max, limits.tiny if context.gtt else limits.min
    for part in chunks(values):
        smallest, largest = min(smallest, part.min()), max(largest, part.max())
    if float(largest) - float(smallest) > float(limits.max):
        raise context.error(
            f"holds values from {smallest:g} to {largest:g}, further apart than any float", node=node.name
        )
    return smallest, largest


def chunks(values: Array) -> Iterator[Array]:
    """The elements in order, not all at once."""
    flat = values.reshape(-1)
    for start in range(0, flat.size, CHUNK):
        yield flat[start : start + CHUNK]
