"""Bytes of a log → blocks of whole lines in UTF-8, whatever they are encoded in, and lines of bounded length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 1 << 14
"""Bytes of the pieces that a longer line is read in."""

_BLOCK = 1 << 20


def utf8_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The text of a stream in UTF-8, in blocks as they come: of UTF-8, and of UTF-16 with a mark or without."""
    first = _read(stream)
    encoding, skipped = _encoding(first)
    if encoding == "utf-8":
        yield first[skipped:]
        while block := _read(stream):
            yield block
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    yield decoder.decode(first[skipped:]).encode("utf-8", "replace")
    while block := _read(stream):
        yield decoder.decode(block).encode("utf-8", "replace")


def _read(stream: BinaryIO) -> bytes:
    # What is there: a pipe that is followed gives a line when it has one.
    reads = getattr(stream, "read1", None)
    return bytes(reads(_BLOCK) if reads is not None else stream.read(_BLOCK))


def _encoding(first: bytes) -> tuple[str, int]:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if first.startswith(mark):
            return encoding, len(mark)
    # Without a mark: text of European letters has a zero in every other byte.
    head = first[:4096]
    if len(head) >= 4:
        for encoding, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
            zeros = head[odd::2].count(0)
            if zeros * 10 > len(head) * 4 and not head[1 - odd :: 2].count(0):
                return encoding, 0
    return "utf-8", 0
