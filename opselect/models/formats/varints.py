"""Lists of varints, and of strings whose lengths stand before them, without a Python object for each number."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import numpy as np

from opselect.models.formats.array_shapes import ArrayError
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.wire import Buffer, WireError, read_varint
from opselect.models.graph.values import ByteSource

_CHUNK = 1 << 18
_LONGEST = 10


def decode_varints(source: ByteSource, start: int, end: int) -> Iterator[Array]:
    """The numbers that stand one after the other in a range of a source, as arrays of ``uint64``.

    Raises WireError for a number that is cut off or longer than ten bytes.
    """
    while start < end:
        raw = np.frombuffer(source.read(start, min(_CHUNK, end - start)), np.uint8)
        last = np.flatnonzero(raw < 0x80)
        if not len(last):
            problem = "a number is longer than ten bytes" if len(raw) >= _LONGEST else "a number is cut off"
            raise WireError(start, problem, end)
        begin = np.concatenate(([0], last[:-1] + 1))
        size = last - begin + 1
        if size.max() > _LONGEST:
            raise WireError(start + int(begin[size.argmax()]), "a number is longer than ten bytes")
        numbers = np.zeros(len(last), np.uint64)
        for place in range(int(size.max())):
            longer = size > place
            digits = (raw[begin[longer] + place] & 0x7F).astype(np.uint64)
            numbers[longer] |= digits << np.uint64(7 * place)
        yield numbers
        start += int(last[-1]) + 1


def split_strings(buffer: Buffer, start: int, end: int, count: int) -> Array:
    """Strings as ``EncodeStringList`` of ``platform/tensor_coding.cc`` writes them: all lengths, then all bytes.

    Raises WireError for a length that is cut off, and ArrayError for lengths that do not add up to what is there.
    """
    if count > end - start:
        raise ArrayError(f"has {count:,} strings, but {end - start:,} bytes cannot even hold their lengths")
    lengths, position = read_varints(buffer, start, end, count)
    return cut_strings(buffer, position, end, lengths)


def read_varints(buffer: Buffer, position: int, end: int, count: int) -> tuple[array[int], int]:
    """``count`` numbers from a position on, and the position after them; WireError where they are cut off."""
    numbers = array("Q")
    for _ in range(count):
        number, position = read_varint(buffer, position, end)
        numbers.append(number)
    return numbers, position


def cut_strings(buffer: Buffer, position: int, end: int, lengths: Sequence[int]) -> Array:
    """``buffer[position:end]`` as strings of these lengths; ArrayError where they do not add up to it."""
    if sum(lengths) != end - position:
        total, left = sum(lengths), end - position
        raise ArrayError(f"holds {len(lengths):,} strings of {total:,} bytes, but {left:,} bytes are there")
    strings = np.empty(len(lengths), np.object_)
    for index, length in enumerate(lengths):
        strings[index] = buffer[position : position + length]
        position += length
    return strings
