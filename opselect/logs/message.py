"""The text of one message, without the blanks and line breaks that logs put anywhere into it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass(slots=True)
class LogMessage:
    """A message as one text without any white space, and where white space was.

    Logs wrap lines at any place, with a prefix of their own in front of each: a pattern for a text without blanks
    matches however that was done. No op, node, attr or type has a blank in its name.
    """

    text: str = ""
    _blanks: list[int] = field(default_factory=list)
    _breaks: list[int] = field(default_factory=list)
    _starts: list[tuple[int, int]] = field(default_factory=list)

    def add(self, number: int, body: str, *, wrapped: bool = False) -> None:
        """Add a line: its number, and what it says without the prefix.

        ``wrapped`` tells that the line goes on in the middle of a word of the line before.
        """
        offset = len(self.text)
        if not wrapped:
            self._breaks.append(offset)
        self._starts.append((offset, number))
        words = body.split()
        for word in words[:-1]:
            offset += len(word)
            self._blanks.append(offset)
        self.text += "".join(words)

    def cut(self, start: int) -> LogMessage:
        """The message from an offset of its text on."""
        first = max(bisect_right(self._starts, (start, 1 << 62)) - 1, 0)
        return LogMessage(
            self.text[start:],
            [each - start for each in self._blanks if each > start],
            [each - start for each in self._breaks if each > start],
            [(max(offset - start, 0), number) for offset, number in self._starts[first:]],
        )

    def until(self, end: int) -> LogMessage:
        """The message up to an offset of its text."""
        return LogMessage(
            self.text[:end],
            [each for each in self._blanks if each < end],
            [each for each in self._breaks if each < end],
            [each for each in self._starts if each[0] < end],
        )

    def line_at(self, offset: int) -> int:
        """The number of the line that an offset of the text stands in."""
        place = bisect_right(self._starts, (offset, 1 << 62)) - 1
        return self._starts[max(place, 0)][1] if self._starts else 0

    def word(self, start: int, end: int) -> str:
        """The text of a span up to the first white space: for names that nothing but a blank ends."""
        for places in (self._blanks, self._breaks):
            at = bisect_right(places, start)
            if at < len(places):
                end = min(end, places[at])
        return self.text[start:end]

    def sentence(self, start: int, end: int) -> str:
        """The text of a span with a blank wherever there was white space, as people read it."""
        spaces = sorted({*self._span(self._blanks, start, end), *self._span(self._breaks, start, end)})
        bounds = [start, *spaces, end]
        return " ".join(self.text[a:b] for a, b in pairwise(bounds) if a < b)

    def has_blank(self, start: int, end: int) -> bool:
        """Whether a blank stood within a line of a span: not where a log may have broken a word."""
        return bool(self._span(self._blanks, start, end))

    def breaks(self, start: int, end: int) -> list[int]:
        """The offsets of a span at which a line begins that goes on no word."""
        return self._span(self._breaks, start, end)

    def blank_at(self, offset: int) -> bool:
        """Whether white space stood in front of an offset of the text."""
        return any(
            (at := bisect_left(places, offset)) < len(places) and places[at] == offset
            for places in (self._blanks, self._breaks)
        )

    @staticmethod
    def _span(places: list[int], start: int, end: int) -> list[int]:
        return places[bisect_right(places, start) : bisect_left(places, end)]
