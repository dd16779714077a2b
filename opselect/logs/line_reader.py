"""Lines of a log, one after the other → the failures in them: which lines belong together, and to which message."""

from __future__ import annotations

import html
import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from opselect.logs.message import Message
from opselect.logs.prefixes import Line, parse_line, without_shared_prefix
from opselect.logs.records import LogFailure
from opselect.logs.shapes import beginnings, failure_in, shape_of
from opselect.logs.shapes.shape import Shape

MEMORY = 8
"""How many lines may lie between the first line of a message and the one in which it is known for one."""

LOOK_BACK = 2 * MEMORY
"""How many lines in front of a word of a message have a say in what is read of it."""

_RECENT_OWN = 3
"""How many lines of one process the beginning of a message may be wrapped over."""

_FARTHEST = 2000
"""How many lines of all processes a message may spread over."""

_LONGEST = 200_000
"""Maximum number of characters of a message."""

_OVERLAP = 400
"""How far a beginning may reach back into what was searched, in characters."""

_WRAP_WIDTHS = frozenset({60, 72, 76, 78, 79, 80, 90, 96, 100, 110, 120, 128, 132, 140, 150, 160, 180, 200})
_LEAST_WIDTH = 40

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_TYPESET = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_ESCAPED_BREAK = re.compile(r"\\+[nrt](?![A-Za-z]:)")


def plain_line(text: str) -> str:
    """A line without colours, control characters and the escapes of JSON and HTML that logs are passed on in."""
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    text = _CONTROLS.sub("", text)
    if "&" in text and ";" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPED_BREAK.sub(" ", text).replace('\\"', '"')
    return text.translate(_TYPESET)


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    raw: str
    body: str
    wrapped: bool
    logged_at: str


@dataclass(slots=True)
class _Open:
    """A message that may go on, and what bounds it."""

    message: Message
    shape: Shape
    first: str
    begins_at: int
    number: int
    logged_at: str
    since: float
    lines: int = 0
    searched: int = 0


@dataclass(slots=True)
class _Process:
    recent: deque[_Kept] = field(default_factory=lambda: deque(maxlen=_RECENT_OWN))
    last: _Kept | None = None
    length_before: int = 0
    open: _Open | None = None


class LineReader:
    """Reads lines and gives the failures, each when its message is known to be over.

    It is in the same state after any :data:`LOOK_BACK` lines in which no message begins, so that what is far from
    every word of a message need not be read.
    """

    def __init__(self) -> None:
        self._processes: dict[str, _Process] = {}
        self._current = ""
        self._prefixed = 0
        self._opened = 0

    @property
    def is_idle(self) -> bool:
        """Whether no message is open, so that lines without any word of one may be passed over."""
        return self._opened == 0

    def read(self, number: int, text: str, *, goes_on: bool = False) -> Iterator[LogFailure]:
        """The failures whose messages are over with a line; ``goes_on`` if it is the rest of the line before."""
        raw = plain_line(text)
        process, kept = self._place(number, raw, goes_on=goes_on)
        if kept is None:
            return
        yield from self._outdated(number)
        if process.open is not None:
            yield from self._go_on(process, kept)
        else:
            yield from self._begin(process, kept)

    def flush(self, older_than: float = 0.0) -> Iterator[LogFailure]:
        """The failures of messages that are open for more than some seconds: they are taken for over."""
        now = time.monotonic()
        for process in self._processes.values():
            while process.open is not None and now - process.open.since >= older_than:
                yield from self._close(process)

    def name_process(self, number: int, head: str) -> None:
        """Whose line it is of which only a later part is read: ``head`` is how it begins."""
        line = parse_line(plain_line(head))
        if line.process:
            self._current, self._prefixed = line.process, number

    def _place(self, number: int, raw: str, *, goes_on: bool) -> tuple[_Process, _Kept | None]:
        """Whose line it is, and what it says; None for one that says nothing."""
        if number - self._prefixed > MEMORY and self.is_idle:
            self._current = ""
        line = Line(raw) if goes_on else parse_line(raw)
        if line.process:
            self._current, self._prefixed = line.process, number
        process = self._process(number)
        if line.is_header or not line.body.strip():
            return process, None
        last = process.last
        if last is not None and number - last.number > MEMORY:
            process.last = last = None
            process.length_before = 0
        wrapped = goes_on or (last is not None and _is_wrapped(process.length_before, last.raw, line.body))
        process.length_before = len(last.raw) if last is not None else 0
        process.last = _Kept(number, raw, line.body, wrapped, line.logged_at)
        return process, process.last

    def _process(self, number: int) -> _Process:
        if len(self._processes) > _MOST_PROCESSES:
            still = {
                k: p for k, p in self._processes.items() if p.open or (p.last and number - p.last.number <= MEMORY)
            }
            self._processes = still
        return self._processes.setdefault(self._current, _Process())

    def _outdated(self, number: int) -> Iterator[LogFailure]:
        if self._opened:
            for process in self._processes.values():
                while process.open is not None and number - process.open.number > _FARTHEST:
                    yield from self._close(process)

    def _begin(self, process: _Process, kept: _Kept) -> Iterator[LogFailure]:
        while process.recent and kept.number - process.recent[0].number > MEMORY:
            process.recent.popleft()
        process.recent.append(kept)
        message = Message()
        offsets = []
        for each in process.recent:
            offsets.append(len(message.text))
            message.add(each.number, each.body, wrapped=each.wrapped)
        yield from self._open_at(process, message, list(process.recent), offsets)

    def _open_at(
        self, process: _Process, message: Message, lines: list[_Kept], offsets: list[int]
    ) -> Iterator[LogFailure]:
        found = beginnings().search(message.text)
        if found is None:
            return
        at = max(index for index, offset in enumerate(offsets) if offset <= found.start())
        begun = message.cut(found.start())
        shape = shape_of(begun)
        if shape is None:
            return
        first = lines[at]
        process.recent.clear()
        process.open = _Open(
            begun, shape, first.raw, _place_in(first, found.start() - offsets[at]), first.number, first.logged_at,
            time.monotonic(), searched=found.end() - found.start(),
        )  # fmt: skip
        self._opened += 1
        yield from self._search(process)

    def _go_on(self, process: _Process, kept: _Kept) -> Iterator[LogFailure]:
        opened = process.open
        assert opened is not None
        body = kept.body
        if body == kept.raw and not kept.wrapped:
            body = without_shared_prefix(body, opened.first, opened.begins_at)
        opened.message.add(kept.number, body, wrapped=kept.wrapped)
        opened.lines += 1
        yield from self._search(process)
        if process.open is opened and (opened.lines >= opened.shape.lines or len(opened.message.text) > _LONGEST):
            yield from self._close(process)

    def _search(self, process: _Process) -> Iterator[LogFailure]:
        """Look for the next message in what the open one has not been searched for yet, and for the end of it."""
        while process.open is not None:
            opened = process.open
            text = opened.message.text
            found = beginnings().search(text, opened.searched)
            end = re.compile(opened.shape.ends).search(text) if opened.shape.ends else None
            if end is not None and (found is None or end.end() <= found.start()):
                rest = opened.message.cut(end.end())
                opened.message = opened.message.until(end.end())
                yield from self._close(process)
                yield from self._rest(process, rest, opened)
                return
            if found is None:
                opened.searched = max(opened.searched, len(text) - _OVERLAP)
                return
            rest = opened.message.cut(found.start())
            opened.message = opened.message.until(found.start())
            yield from self._close(process)
            shape = shape_of(rest)
            if shape is None:
                return
            process.open = _Open(
                rest, shape, opened.first, opened.begins_at, rest.line_at(0), opened.logged_at, time.monotonic(),
                searched=found.end() - found.start(),
            )  # fmt: skip
            self._opened += 1

    def _rest(self, process: _Process, rest: Message, before: _Open) -> Iterator[LogFailure]:
        """What stands behind the end of a message: another may begin there."""
        found = beginnings().search(rest.text)
        begun = rest.cut(found.start()) if found is not None else None
        shape = shape_of(begun) if begun is not None else None
        if found is None or begun is None or shape is None:
            return
        process.open = _Open(
            begun, shape, before.first, before.begins_at, begun.line_at(0), before.logged_at, time.monotonic(),
            searched=found.end() - found.start(),
        )  # fmt: skip
        self._opened += 1
        yield from self._search(process)

    def _close(self, process: _Process) -> Iterator[LogFailure]:
        opened = process.open
        assert opened is not None
        process.open = None
        self._opened -= 1
        process.recent.clear()
        failure = failure_in(opened.message)
        if failure is not None:
            yield replace(failure, logged_at=failure.logged_at or opened.logged_at)


_MOST_PROCESSES = 10_000


def _is_wrapped(length_before: int, last: str, body: str) -> bool:
    """Whether a line goes on in the middle of a word of the line before: it was broken at some width."""
    if len(last) < _LEAST_WIDTH or last[-1:].isspace() or body[:1].isspace():
        return False
    return len(last) == length_before or len(last) in _WRAP_WIDTHS


def _place_in(line: _Kept, letters: int) -> int:
    """Where in a raw line the text begins that has some letters of its body in front of it."""
    at = len(line.raw) - len(line.body)
    while letters and at < len(line.raw):
        letters -= not line.raw[at].isspace()
        at += 1
    return at
