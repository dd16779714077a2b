"""Bytes put together from pieces that stay where they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from opselect.models.graph.values import StoredBytes

Piece: TypeAlias = bytes | StoredBytes


@dataclass(frozen=True, slots=True)
class JoinedBytes:
    """A source whose bytes are those of its pieces, one after the other: a header, say, and weights in a checkpoint."""

    pieces: tuple[Piece, ...] = field(repr=False)

    @property
    def size(self) -> int:
        return sum(map(piece_size, self.pieces))

    def read(self, offset: int, length: int) -> bytes:
        """The bytes; InputError where a piece can no longer be read."""
        return b"".join(piece if isinstance(piece, bytes) else piece.read() for piece in self.part(offset, length))

    def part(self, offset: int, length: int) -> Iterator[Piece]:
        """The pieces, or parts of pieces, that ``length`` bytes from ``offset`` on are made of."""
        for piece in self.pieces:
            size = piece_size(piece)
            start, stop = max(offset, 0), min(offset + length, size)
            if start < stop:
                if isinstance(piece, bytes):
                    yield piece[start:stop]
                else:
                    yield StoredBytes(piece.source, piece.offset + start, stop - start)
            offset -= size


def piece_size(piece: Piece) -> int:
    """Bytes in a piece."""
    return len(piece) if isinstance(piece, bytes) else piece.length


def flattened(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same bytes in pieces none of which is in a :class:`JoinedBytes`."""
    for piece in pieces:
        if isinstance(piece, StoredBytes) and isinstance(piece.source, JoinedBytes):
            yield from flattened(piece.source.part(piece.offset, piece.length))
        else:
            yield piece
