"""The protobuf wire format, written: messages as pieces, so that what is stored elsewhere is never loaded."""

from __future__ import annotations

import struct

from opselect.models.formats.wire import FIXED32, LENGTH, VARINT, tag
from opselect.models.storage import Piece, piece_size

MAX_MERGED = 1 << 12
"""Bytes that are put together into one piece; each more would be copied again for whatever comes after it."""


def varint(number: int) -> bytes:
    """A number as varint fields hold it; negative ones in two's complement of 64 bits."""
    number &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


class MessageWriter:
    """A message under construction: its pieces so far, and their ``size`` in bytes."""

    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.size = 0

    def number(self, field: int, value: int) -> None:
        """A varint field, zero included."""
        self._add(varint(tag(field, VARINT)) + varint(value))

    def real(self, field: int, value: float) -> None:
        """A ``float`` field."""
        self._add(varint(tag(field, FIXED32)) + struct.pack("<f", value))

    def text(self, field: int, value: str) -> None:
        """A string field, one that is no UTF-8 as its surrogate escapes say; empty ones included."""
        self.data(field, value.encode("utf-8", "surrogateescape"))

    def data(self, field: int, value: Piece) -> None:
        """A length-delimited field whose content is a piece."""
        self._add(varint(tag(field, LENGTH)) + varint(piece_size(value)))
        self._add(value)

    def message(self, field: int, value: MessageWriter) -> None:
        """A field that holds another message."""
        self._add(varint(tag(field, LENGTH)) + varint(value.size))
        self.pieces += value.pieces
        self.size += value.size

    def _add(self, piece: Piece) -> None:
        last = self.pieces[-1] if self.pieces else None
        if isinstance(piece, bytes) and isinstance(last, bytes) and len(last) + len(piece) <= MAX_MERGED:
            self.pieces[-1] = last + piece
        else:
            self.pieces.append(piece)
        self.size += piece_size(piece)
