"""Bytes of a log → blocks of whole lines in UTF-8, whatever they are encoded in, and lines of bounded length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 1 << 14
"""Bytes of the pieces that a longer line is read in."""

_BLOCK = 1 << 18


class Utf8Text:
    """Bytes of a log as they come → the same text in UTF-8; the first bytes tell what they are encoded in."""

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = None
        self._is_first = True

    def utf8(self, block: bytes) -> bytes:
        """The text of the next bytes."""
        if self._is_first and block:
            self._is_first = False
            encoding, skipped = _encoding(block)
            block = block[skipped:]
            if encoding != "utf-8":
                self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        return block if self._decoder is None else self._decoder.decode(block).encode("utf-8", "replace")


def utf8_blocks(stream: BinaryIO) -> Iterator[bytes]:
    """The text of a stream in UTF-8, in blocks as they come."""
    text = Utf8Text()
    while block := stream.read(_BLOCK):
        yield text.utf8(block)


def _encoding(first: bytes) -> tuple[str, int]:
    """The encoding of a text by its first bytes, and how many of them only tell it."""
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
