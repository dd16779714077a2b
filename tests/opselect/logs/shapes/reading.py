"""Reads a text with one table of shapes, without the search and the prefixes that the reader of logs is about."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opselect.logs.joining import Joining
from opselect.logs.line_reader import plain_line
from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure
from opselect.logs.shapes.shape import MessageShape


def read(shapes: Iterable[MessageShape], text: str, *, width: int = 0) -> list[LogFailure]:
    """The failures of a text; with a ``width`` its lines are broken there, in the middle of words, too."""
    whole = LogMessage()
    for number, line in enumerate(text.splitlines(), 1):
        line = plain_line(line)
        for at in range(0, max(len(line), 1), width or max(len(line), 1)):
            piece = line[at : at + (width or max(len(line), 1))]
            in_word = at > 0 and not line[at - 1].isspace() and not piece[:1].isspace()
            whole.add(number, piece, wrapped=in_word)
    starts = _starts(list(shapes), whole.text)
    ends = [start for start, _ in starts[1:]] + [len(whole.text)]
    joining = Joining()
    for (start, shape), end in zip(starts, ends, strict=False):
        message = whole.until(end).cut(start)
        last = message.line_at(0) + shape.lines - 1
        if beyond := [at for at in range(len(message.text)) if message.line_at(at) > last]:
            message = message.until(beyond[0])
        failure = shape.failure(message)
        if failure is not None:
            joining.add(shape, failure, message.line_at(len(message.text)))
    return joining.failures


def one(shapes: Iterable[MessageShape], text: str, *, width: int = 0) -> LogFailure:
    """The only failure of a text."""
    failures = read(shapes, text, width=width)
    assert len(failures) == 1, failures
    return failures[0]


def _starts(shapes: list[MessageShape], text: str) -> list[tuple[int, MessageShape]]:
    any_of_them = re.compile("|".join(f"(?:{re.sub(r'[(][?]P<[a-z_]+>', '(?:', shape.begins)})" for shape in shapes))
    return [
        (match.start(), next(each for each in shapes if re.match(each.begins, text[match.start() :])))
        for match in any_of_them.finditer(text)
    ]
