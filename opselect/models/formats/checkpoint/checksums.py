"""CRC32C as checkpoints keep it: masked, because a checksum of bytes that hold checksums is a weak one.

Source: ``lib/hash/crc32c.h``.
"""

from __future__ import annotations

import google_crc32c

from opselect.models.graph.values import ByteSource

CHUNK = 1 << 20
"""Bytes read at once: they are still in the processor's cache when their checksum is computed."""

_MASK_DELTA = 0xA282EAD8


class Checksum:
    """The checksum of bytes as they come."""

    def __init__(self) -> None:
        self.value = 0

    def add(self, data: bytes) -> None:
        self.value = google_crc32c.extend(self.value, data)


def unmasked(masked: int) -> int:
    """The checksum that a file keeps as ``masked``."""
    rotated = (masked - _MASK_DELTA) & 0xFFFF_FFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFF_FFFF


def checksum_of(source: ByteSource, offset: int, length: int) -> int:
    """The checksum of bytes of a source, of which no more than a chunk is in memory at once."""
    checksum = Checksum()
    for start in range(offset, offset + length, CHUNK):
        checksum.add(source.read(start, min(CHUNK, offset + length - start)))
    return checksum.value
