"""Failures of whole logs, of a file, a stream or a text."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from kernel_index.errors import InputError
from opselect.logs.blocks import PIECE, utf8_blocks
from opselect.logs.joined import joined
from opselect.logs.line_reader import LOOK_BACK, MEMORY, LineReader
from opselect.logs.quick_search import QuickSearch
from opselect.logs.records import LogFailure
from opselect.logs.shapes import words

MAX_NEAREST = 5
"""Maximum number of lines that are shown where a log has no failure that is known."""


def read_log(path: Path) -> tuple[LogFailure, ...]:
    """The distinct failures of a log file, in the order of their lines; warnings behind all others.

    Raises InputError for a file that cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream)
    except OSError as error:
        raise InputError(
            str(path), f"cannot be read: {error.strerror or error}", "Name a log, or - for stdin."
        ) from None


def read_stream(stream: BinaryIO) -> tuple[LogFailure, ...]:
    """The distinct failures of a stream of bytes, read to its end."""
    return joined(LogReader().failures(utf8_blocks(stream)))


def read_text(text: str) -> tuple[LogFailure, ...]:
    """The distinct failures of a text."""
    return read_stream(io.BytesIO(text.encode("utf-8", "replace")))


def read_every_line(stream: BinaryIO) -> tuple[LogFailure, ...]:
    """What :func:`read_stream` gives, with every line looked at closely: slow, and what tests compare it with."""
    return joined(LogReader(every_line=True).failures(utf8_blocks(stream)))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line, or a part of a very long one, which ``goes_on`` where it is not the first."""

    number: int
    offset: int
    text: bytes
    goes_on: bool


class LogReader:
    """Failures of a log as its blocks come, each when its message is over.

    Lines far from every word of a message are passed over; with ``every_line`` none is.
    """

    def __init__(self, *, every_line: bool = False) -> None:
        self._reader = LineReader(every_line=every_line)
        self._every_line = every_line
        self._number = 1
        self._rest = b""
        self._edge = b""
        self._in_line = False
        self._head = b""
        self._unread: deque[_Piece] = deque(maxlen=LOOK_BACK)
        self._ahead = 0
        self._nearest: list[tuple[int, int, str]] = []

    @property
    def line_count(self) -> int:
        """How many lines were read."""
        return self._number - 1 + self._in_line

    @property
    def nearest(self) -> list[tuple[int, str]]:
        """Lines with words of messages, by number: those with the most of them, at most :data:`MAX_NEAREST`."""
        return sorted((number, text) for _, number, text in self._nearest)

    def failures(self, blocks: Iterable[bytes]) -> Iterator[LogFailure]:
        """The failures of blocks of UTF-8, to their end."""
        for block in blocks:
            yield from self.read(block)
        yield from self.end()

    def read(self, block: bytes) -> Iterator[LogFailure]:
        """The failures whose messages are over when a block was read."""
        block = self._rest + block
        end = block.rfind(b"\n") + 1
        if not end and len(block) >= _LONG_LINE:
            # In the middle of a line: pieces of one length, wherever the blocks end.
            end = len(block) // PIECE * PIECE
        self._rest = block[end:]
        if end:
            yield from self._read(block[:end])

    def flush(self, older_than: float) -> Iterator[LogFailure]:
        """The failures of messages that began more than some seconds ago: who follows a log waits for no more."""
        yield from self._reader.flush(older_than)

    def end(self) -> Iterator[LogFailure]:
        """The failures that are left at the end of the log."""
        if self._rest:
            rest, self._rest = self._rest, b""
            yield from self._read(rest)
        yield from self._reader.flush()

    def _read(self, block: bytes) -> Iterator[LogFailure]:
        edge = self._edge if self._in_line else b""
        found = [max(offset - len(edge), 0) for offset in _search().offsets(edge + block)]
        self._edge = block[-_LONGEST_WORD:]
        if not found and self._reader.is_idle and not self._ahead and not self._every_line:
            self._pass_over(block)
            return
        pieces = list(self._pieces(block, 0))
        starts = [piece.offset for piece in pieces]
        near = Counter(bisect_right(starts, offset) - 1 for offset in found)
        for index, piece in enumerate(pieces):
            if index in near:
                self._ahead = MEMORY + 1
                self._note(piece, near[index])
                while self._unread:
                    yield from self._read_piece(self._unread.popleft())
            if self._ahead or self._every_line or not self._reader.is_idle:
                self._ahead = max(self._ahead - 1, 0)
                yield from self._read_piece(piece)
            else:
                self._unread.append(piece)

    def _pass_over(self, block: bytes) -> None:
        """Count the lines of a block without a word of any message, and keep the last ones."""
        start = len(block)
        for _ in range(LOOK_BACK + 1):
            start = block.rfind(b"\n", 0, start)
            if start < 0:
                break
        start += 1
        skipped = block.count(b"\n", 0, start)
        if skipped:
            self._number += skipped
            self._in_line = False
        self._unread.extend(self._pieces(block, start))

    def _pieces(self, block: bytes, start: int) -> Iterator[_Piece]:
        """The lines of a block from the beginning of one on, those that are very long in pieces."""
        while start < len(block):
            end = block.find(b"\n", start)
            stop = len(block) if end < 0 else end
            for at in range(start, max(stop, start + 1), PIECE):
                text = block[at : min(at + PIECE, stop)]
                if not self._in_line:
                    self._head = text
                yield _Piece(self._number, at, text, self._in_line)
                self._in_line = True
            if end >= 0:
                self._number += 1
                self._in_line = False
            start = stop + 1

    def _read_piece(self, piece: _Piece) -> Iterator[LogFailure]:
        if piece.goes_on:
            self._reader.name_process(piece.number, _decoded(self._head))
        return self._reader.read(piece.number, _decoded(piece.text), goes_on=piece.goes_on)

    def _note(self, piece: _Piece, words_in_it: int) -> None:
        text = _decoded(piece.text[:_SHOWN]).strip()
        self._nearest.append((-words_in_it, piece.number, text))
        if len(self._nearest) > MAX_NEAREST:
            self._nearest.remove(max(self._nearest))


_LONG_LINE = 4 * PIECE
_LONGEST_WORD = 32
_SHOWN = 1000


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace").rstrip("\r")


@cache
def _search() -> QuickSearch:
    return QuickSearch(word.encode() for word in words())
