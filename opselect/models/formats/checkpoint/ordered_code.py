"""Numbers and strings as bytes that sort as they do. Source: ``lib/strings/ordered_code.cc``."""

from __future__ import annotations

import re

_SPECIAL = re.compile(rb"[\x00\xff]")


def encode_number(number: int) -> bytes:
    """A number from 0 to 2^64 - 1: how many bytes it takes, then those, the highest first."""
    size = (number.bit_length() + 7) // 8
    return bytes([size]) + number.to_bytes(size, "big")


def encode_string(text: bytes) -> bytes:
    """A string with its end marked; the bytes 0 and 255 are written as two."""
    return _SPECIAL.sub(lambda byte: byte[0] + bytes([byte[0][0] ^ 0xFF]), text) + b"\x00\x01"


def encode_signed(number: int) -> bytes:
    """A number from -2^63 to 2^63 - 1, seven bits a byte.

    The first bit is 1 for a number that is not negative. So is one more bit for each byte that follows the first; then
    comes a 0, then the number. A negative one has all of those the other way round.
    """
    flipped = ~number if number < 0 else number
    size = max(1, -(-(flipped.bit_length() + 1) // 7))
    marks = (1 << size) - 1 << 8 * size - size
    return (number % (1 << 8 * size) ^ marks).to_bytes(size, "big")
