"""Lines of a log, one after the other → the failures in them: which lines belong together, and to which message."""

from __future__ import annotations

import html
import re
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from opselect.logs.joining import Joining
from opselect.logs.message import LogMessage
from opselect.logs.prefixes import Line, parse_line, without_shared_prefix
from opselect.logs.records import LogFailure
from opselect.logs.shapes import SHAPES, beginnings, failure_in, letters_of_words, longest_reach, shape_of
from opselect.logs.shapes.shape import MessageShape

MEMORY = 8
"""How many lines may lie between the first line of a message and the one in which it is known for one."""

LOOK_BACK = 2 * MEMORY
"""How many lines in front of a word of a message have a say in what is read of it."""

_RECENT_OWN = 6
"""How many lines of one process the beginning of a message may be wrapped over."""

_FARTHEST = 200
"""How many lines of other processes may stand between two of a message."""

_LONGEST = 200_000
"""Maximum number of characters of a message."""

_OVERLAP = 2500
"""How far a beginning may reach back into what was searched, in characters."""

_LONGEST_WORD = 40
"""More than the letters of any word of a message."""

_WIDTHS = frozenset({60, 64, 70, 72, 76, 78, 79, 80, 90, 96, 100, 110, 120, 128, 132, 140, 150, 160, 180, 200})
"""Widths at which programs and windows break lines."""

_IN_WORD = re.compile(r"[A-Za-z0-9_][a-z0-9_]")
_LEAST_WIDTH = 40

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_TYPESET = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'})
_ESCAPED_BREAK = re.compile(r"\\+[nrt](?![A-Za-z]:)")
_ESCAPED_QUOTE = re.compile(r"\\+(?=['\"])")
_ESCAPED_CHARACTER = re.compile(r"\\+u(00[2-7][0-9a-fA-F])")
"""What programs that write JSON escape though they need not: quotes and angle brackets, so that HTML may hold it."""


def plain_line(text: str) -> str:
    """A line without colours, control characters and the escapes of JSON and HTML that logs are passed on in."""
    if not text.isprintable():
        text = _CONTROLS.sub("", _ESCAPES.sub("", text))
    if "&" in text and ";" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPED_CHARACTER.sub(lambda found: chr(int(found[1], 16)), text)
        text = _ESCAPED_QUOTE.sub("", _ESCAPED_BREAK.sub(" ", text))
    return text if text.isascii() else _INVISIBLE.sub("", text.translate(_TYPESET))


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    raw: str
    body: str
    wrapped: bool
    logged_at: str
    letters: str


@dataclass(slots=True, eq=False)
class _Open:
    """A message that may go on, and what bounds it."""

    message: LogMessage
    shape: MessageShape
    first: str
    begins_at: int
    last: int
    logged_at: str
    since: float
    lines: int = 0
    searched: int = 0


@dataclass(slots=True, eq=False)
class _Process:
    recent: deque[_Kept] = field(default_factory=lambda: deque(maxlen=_RECENT_OWN))
    last: _Kept | None = None
    length_before: int = 0
    open: _Open | None = None
    joining: Joining = field(default_factory=Joining)
    word_at: int = -MEMORY - 1
    end: str = ""


class LineReader:
    """Reads lines and gives the failures, each when its message is known to be over.

    It is in the same state after any :data:`LOOK_BACK` lines in which no message begins, so that what is far from
    every word of a message need not be read. With ``every_line`` it looks for messages in lines without such a word.
    """

    def __init__(self, *, every_line: bool = False) -> None:
        self._every_line = every_line
        self._processes: dict[str, _Process] = {}
        self._current = ""
        self._prefixed = 0
        self._opened: list[_Process] = []
        self._holding: list[_Process] = []

    @property
    def is_idle(self) -> bool:
        """Whether no message is open, so that lines without any word of one may be passed over."""
        return not self._opened

    def read(self, number: int, text: str, *, goes_on: bool = False) -> Iterator[LogFailure]:
        """The failures whose messages are over with a line; ``goes_on`` if it is the rest of the line before."""
        raw = plain_line(text)
        process, kept = self._place(number, raw, goes_on=goes_on)
        if kept is None:
            return
        if self._opened:
            self._close_outdated(number)
        if process.open is not None:
            self._go_on(process, kept)
        else:
            self._begin(process, kept)
        if self._holding:
            yield from self._taken(before=number - longest_reach())

    def flush(self, older_than: float = 0.0) -> Iterator[LogFailure]:
        """The failures of messages that are open for more than some seconds: they are taken for over."""
        now = time.monotonic()
        for process in list(self._opened):
            while process.open is not None and now - process.open.since >= older_than:
                self._close(process)
        yield from self._taken(older_than=older_than)

    def _taken(self, *, before: int | None = None, older_than: float = 0.0) -> list[LogFailure]:
        """The failures that nothing more is joined to."""
        taken: list[LogFailure] = []
        for process in self._holding:
            taken += process.joining.take(before=before, older_than=older_than)
        self._holding = [process for process in self._holding if process.joining.failures]
        return taken

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
            process.last = None
            return process, None
        last = process.last
        if last is not None and number - last.number > MEMORY:
            process.last = last = None
            process.length_before = 0
        wrapped = goes_on or (last is not None and _is_wrapped(process.length_before, last, line.body))
        process.length_before = len(last.raw) if last is not None else 0
        process.last = _Kept(number, raw, line.body, wrapped, line.logged_at, "".join(line.body.split()))
        return process, process.last

    def _process(self, number: int) -> _Process:
        if len(self._processes) > _MOST_PROCESSES:
            still = {
                k: p
                for k, p in self._processes.items()
                if p.open or p.joining.failures or (p.last and number - p.last.number <= MEMORY)
            }
            self._processes = still
        return self._processes.setdefault(self._current, _Process())

    def _close_outdated(self, number: int) -> None:
        for process in list(self._opened):
            while process.open is not None and number - process.open.last > _FARTHEST:
                self._close(process)

    def _teller(self, process: _Process, nearest: int) -> _Process:
        """Whose failures a message may be joined to: of one without a process those of whoever failed last near it."""
        if process is not self._processes.get(""):
            return process
        near = [each for each in self._holding if each.joining.last_line >= nearest]
        return max(near, key=lambda each: each.joining.last_line, default=process)

    def _begin(self, process: _Process, kept: _Kept) -> None:
        while process.recent and kept.number - process.recent[0].number > MEMORY:
            process.recent.popleft()
        if process.recent and len(process.recent[-1].letters) > _OVERLAP:
            process.recent[-1] = _end_of(process.recent[-1])
        process.recent.append(kept)
        if not self._is_near_word(process, kept):
            return
        found = beginnings().search("".join([each.letters for each in process.recent]))
        if found is not None:
            self._open(process, found)

    def _is_near_word(self, process: _Process, kept: _Kept) -> bool:
        """Whether a word of a message stands in a line of a process, or stood in one shortly before."""
        text = process.end + kept.letters
        process.end = text[-_LONGEST_WORD:]
        if any(word in text for word in letters_of_words()):
            process.word_at = kept.number
        return self._every_line or kept.number - process.word_at <= MEMORY

    def _open(self, process: _Process, found: re.Match[str]) -> None:
        """Open a message whose beginning was found in the recent lines of a process."""
        message = LogMessage()
        offsets = []
        for each in process.recent:
            offsets.append(len(message.text))
            message.add(each.number, each.body, wrapped=each.wrapped)
        start = _start_of(message, found)
        at = bisect_right(offsets, start) - 1
        first = process.recent[at]
        process.recent.clear()
        begins_at = _place_in(first, start - offsets[at])
        self._begun(process, message.cut(start), found.end() - start, first.raw, begins_at, first.logged_at)

    def _begun(
        self, process: _Process, begun: LogMessage, searched: int, first: str, begins_at: int, logged_at: str
    ) -> None:
        shape = shape_of(begun)
        assert shape is not None
        last = begun.line_at(len(begun.text))
        process.open = _Open(begun, shape, first, begins_at, last, logged_at, time.monotonic(), searched=searched)
        self._opened.append(process)
        self._search(process)

    def _go_on(self, process: _Process, kept: _Kept) -> None:
        opened = process.open
        assert opened is not None
        body = kept.body
        is_near_word = self._is_near_word(process, kept)
        begins = is_near_word and beginnings().search(kept.letters) is not None
        if body == kept.raw and not kept.wrapped and not begins:
            # A message of its own may begin as the one before does.
            body = without_shared_prefix(body, opened.first, opened.begins_at)
        opened.message.add(kept.number, body, wrapped=kept.wrapped)
        opened.lines += 1
        opened.last = kept.number
        self._search(process, is_near_word=is_near_word)
        if process.open is opened and (opened.lines >= opened.shape.lines or len(opened.message.text) > _LONGEST):
            self._close(process)

    def _search(self, process: _Process, *, is_near_word: bool = True) -> None:
        """Look for the next message in what the open one has not been searched for yet, and for the end of it."""
        opened = process.open
        if opened is not None:
            text = opened.message.text
            found = beginnings().search(text, opened.searched) if is_near_word else None
            end = re.compile(opened.shape.ends).search(text) if opened.shape.ends else None
            if end is not None and (found is None or end.end() <= found.start()):
                rest = opened.message.cut(end.end())
                opened.message = opened.message.until(end.end())
                self._close(process)
                self._rest(process, rest, opened)
                return
            if found is None:
                if is_near_word:
                    opened.searched = max(opened.searched, len(text) - _OVERLAP)
                return
            start = _start_of(opened.message, found)
            rest = opened.message.cut(start)
            opened.message = opened.message.until(start)
            self._close(process)
            last = process.last
            is_own = last is not None and last.number == rest.line_at(0)
            logged_at = last.logged_at if last is not None and is_own else opened.logged_at
            self._begun(process, rest, found.end() - start, opened.first, opened.begins_at, logged_at)
            return

    def _rest(self, process: _Process, rest: LogMessage, before: _Open) -> None:
        """What stands behind the end of a message: another may begin there."""
        found = beginnings().search(rest.text)
        if found is not None:
            start = _start_of(rest, found)
            self._begun(process, rest.cut(start), found.end() - start, before.first, before.begins_at, before.logged_at)

    def _close(self, process: _Process) -> None:
        opened = process.open
        assert opened is not None
        process.open = None
        self._opened.remove(process)
        process.recent.clear()
        found = failure_in(opened.message)
        if found is not None:
            shape, failure = found
            failure = replace(failure, logged_at=failure.logged_at or opened.logged_at, text=_text(opened))
            process = self._teller(process, failure.lines[0] - shape.reach)
            process.joining.add(shape, failure, opened.message.line_at(len(opened.message.text)))
            if process not in self._holding:
                self._holding.append(process)


_MOST_PROCESSES = 200
_MOST_TEXT = 4000
_MOST_BEFORE = 200
_SAME = 12


def _start_of(message: LogMessage, found: re.Match[str]) -> int:
    """Where a message begins that was found: with the last word of the path that it begins with, if it does so."""
    shape = next(shape for shape in SHAPES if re.compile(shape.begins).match(message.text, found.start()))
    if not shape.name_first:
        return found.start()
    path = _PATH.match(message.text, found.start())
    return message.last_word_at(found.start(), path.end()) if path is not None else found.start()


_PATH = re.compile(r"[\w./+~=-]+")


def _text(opened: _Open) -> str:
    """The message as people read it, with what stands in front of it on its first line; the first of a long one."""
    message, at = opened.message, opened.begins_at
    text = message.sentence(0, min(len(message.text), _MOST_TEXT))
    # What began within another message stands on another line.
    is_first = "".join(opened.first[at : at + len(text)].split())[:_SAME] == message.text[:_SAME]
    return opened.first[max(at - _MOST_BEFORE, 0) : at] + text if is_first else text


def _is_wrapped(length_before: int, last: _Kept, body: str) -> bool:
    """Whether a line goes on in the middle of a word of the line before: it was broken at some width."""
    width = len(last.raw)
    if width < _LEAST_WIDTH or last.raw[-1:].isspace() or body[:1].isspace():
        return False
    # Lines that begin messages of their own may be of one length by chance.
    if width == length_before and not last.logged_at:
        return True
    # One line of such a width alone may be whole, too; a line of its own seldom begins with a small letter.
    return not _WIDTHS.isdisjoint((width, len(last.body))) and _IN_WORD.fullmatch(last.raw[-1] + body[0]) is not None


def _end_of(kept: _Kept) -> _Kept:
    """The end of a very long line: nothing that goes on in the next one begins further in front."""
    body = kept.body[-_OVERLAP:]
    return replace(kept, raw=body, body=body, letters="".join(body.split()))


def _place_in(line: _Kept, letters: int) -> int:
    """Where in a raw line the text begins that has some letters of its body in front of it."""
    at = len(line.raw) - len(line.body)
    while letters and at < len(line.raw):
        letters -= not line.raw[at].isspace()
        at += 1
    return at
