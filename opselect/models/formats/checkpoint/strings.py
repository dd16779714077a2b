"""String tensors of a TensorBundle: all lengths, their checksum, all bytes.

Source: ``ReadStringTensor`` in ``util/tensor_bundle/tensor_bundle.cc``.
"""

from __future__ import annotations

import struct
from array import array

import numpy as np

from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.checkpoint.checksums import Checksum, unmasked
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.varints import cut_strings, read_varints
from opselect.models.formats.wire import WireError
from opselect.models.graph.values import ByteSource

_LONGEST_OF_32_BITS = 0xFFFF_FFFF


def read_strings(source: ByteSource, offset: int, size: int, count: int, *, big_endian: bool) -> tuple[Array, int]:
    """``count`` strings that take ``size`` bytes at ``offset``, and the checksum that the index should have of them.

    The checksum covers the lengths as 32-bit numbers (those that need more, as 64-bit ones) and not as the file holds
    them. Raises ArrayError for lengths that are damaged or do not fit.
    """
    if not count and not size:
        return np.empty(0, np.object_), 0
    if count > size:
        raise ArrayError(f"has {count:,} strings, but {size:,} bytes cannot even hold their lengths")
    data = source.read(offset, size)
    try:
        lengths, position = read_varints(data, 0, size, count)
    except WireError as error:
        raise ArrayError(f"is broken at byte {offset + error.offset:,}: {error.problem}") from None
    checksum = Checksum()
    checksum.add(_as_numbers(lengths, big_endian=big_endian))
    stored = data[position : position + 4]
    if len(stored) < 4 or unmasked(int.from_bytes(stored, "big" if big_endian else "little")) != checksum.value:
        raise ArrayError("has a wrong checksum of the lengths of its strings")
    checksum.add(data[position:])
    return cut_strings(data, position + 4, size, lengths), checksum.value


def _as_numbers(lengths: array[int], *, big_endian: bool) -> bytes:
    order = ">" if big_endian else "<"
    if max(lengths, default=0) <= _LONGEST_OF_32_BITS:
        return np.array(lengths, np.uint64).astype(f"{order}u4").tobytes()
    return b"".join(struct.pack(f"{order}{'I' if size <= _LONGEST_OF_32_BITS else 'Q'}", size) for size in lengths)
