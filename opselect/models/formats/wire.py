"""The protobuf wire format, walked over a buffer without copying what is not asked for.

Source: the encoding chapter of the protobuf documentation. Offsets are bytes from the start of the buffer.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeAlias

from opselect.models.storage import Pages

Buffer: TypeAlias = bytes | mmap.mmap | Pages
Span: TypeAlias = tuple[int, int]
"""Where bytes of a buffer start and end."""

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)


class WireError(Exception):
    """The buffer does not hold what it should: ``offset`` says where, ``end`` where the broken message would stop."""

    def __init__(self, offset: int, problem: str, end: int = -1) -> None:
        self.offset = offset
        self.problem = problem
        self.end = end
        super().__init__(offset, problem, end)


def tag(field: int, wire_type: int) -> int:
    """The number that stands before a field."""
    return field << 3 | wire_type


def read_varint(buffer: Buffer, position: int, end: int) -> tuple[int, int]:
    """The unsigned 64-bit number at a position, and the position after it."""
    start = position
    result = 0
    for shift in range(0, 70, 7):
        if position >= end:
            raise WireError(start, "a number is cut off", end)
        byte = buffer[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result & 0xFFFF_FFFF_FFFF_FFFF, position
    raise WireError(start, "a number is longer than ten bytes")


def fields(buffer: Buffer, position: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The fields of a message, each as ``(tag, a, b)``.

    ``a`` and ``b`` are start and end of the bytes of a length-delimited or fixed field; of a varint field ``a`` is the
    value and ``b`` the position after it. Raises WireError where the bytes are no message.
    """
    while position < end:
        start = position
        key = buffer[position]
        position += 1
        if key >= 0x80:
            key, position = read_varint(buffer, start, end)
        if not 8 <= key <= 0xFFFF_FFFF:
            raise WireError(start, f"{key >> 3:,} is no field number")
        wire_type = key & 7
        if wire_type == LENGTH:
            if position < end and buffer[position] < 0x80:
                size = buffer[position]
                position += 1
            else:
                size, position = read_varint(buffer, position, end)
            stop = position + size
            if stop > end:
                raise WireError(
                    start, f"field {key >> 3} is said to have {size:,} bytes, but {end - position:,} are left", end
                )
            yield key, position, stop
        elif wire_type == VARINT:
            if position < end and buffer[position] < 0x80:
                value = buffer[position]
                stop = position + 1
            else:
                value, stop = read_varint(buffer, position, end)
            yield key, value, stop
        elif wire_type in (FIXED32, FIXED64):
            stop = position + (4 if wire_type == FIXED32 else 8)
            if stop > end:
                raise WireError(start, f"field {key >> 3} is cut off", end)
            yield key, position, stop
        else:
            raise WireError(start, f"field {key >> 3} has wire type {wire_type}, which graphs never use")
        position = stop


def merged_fields(buffer: Buffer, spans: Sequence[Span]) -> Iterator[tuple[int, int, int]]:
    """The fields of one message that stands in several pieces, each a message of its own, or in none.

    A field that is a single message and occurs twice is merged, which is the same as reading the pieces one after the
    other (the protobuf documentation, "Last One Wins"): numbers and strings of later pieces replace those of earlier
    ones, messages are merged again, lists and maps are added to.
    """
    if len(spans) == 1:
        return fields(buffer, *spans[0])
    return chain.from_iterable(fields(buffer, start, end) for start, end in spans)


def signed64(value: int) -> int:
    """A varint as ``int64`` and ``int32`` fields mean it."""
    return value - (1 << 64) if value >> 63 else value


def signed32(value: int) -> int:
    """A varint as an ``int32`` or enum field keeps it: the low 32 bits, signed."""
    value &= 0xFFFF_FFFF
    return value - (1 << 32) if value >> 31 else value
