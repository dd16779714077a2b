"""The shapes of failures, a table a program that prints them. A new shape is an entry of one of them, and a test."""

from __future__ import annotations

import re
from functools import cache

from opselect.logs.message import LogMessage
from opselect.logs.records import LogFailure
from opselect.logs.shapes import builds, converter, host_tools, loaders, other_runtimes, tensorflow, tflite
from opselect.logs.shapes.shape import MessageShape

SHAPES: tuple[MessageShape, ...] = (
    *tensorflow.SHAPES,
    *tflite.SHAPES,
    *converter.SHAPES,
    *host_tools.SHAPES,
    *other_runtimes.SHAPES,
    *builds.SHAPES,
    *loaders.SHAPES,
)


_FIRST_LETTER = re.compile(r"(?:[A-Za-z'\"]|\\\")(?![?*+{])")
_TOKEN = re.compile(r"\\.|\[\^?\]?[^\]]*\]|.", re.DOTALL)


def _first_letter(pattern: str) -> str:
    """The letter that every text begins with that a pattern matches; empty where there are several."""
    letter = _FIRST_LETTER.match(pattern)
    if letter is None:
        return ""
    depth = 0
    for token in _TOKEN.findall(pattern):
        depth += {"(": 1, ")": -1}.get(token, 0)
        if token == "|" and not depth:
            return ""
    return letter[0]


@cache
def beginnings() -> re.Pattern[str]:
    """A pattern for where a message of any shape begins, for texts without white space."""
    patterns = dict.fromkeys(re.sub(r"\(\?P<\w+>", "(?:", shape.begins) for shape in SHAPES)
    # Those of one first letter under that letter: it is looked at once for all of them at every place of a text.
    by_letter: dict[str, list[str]] = {}
    for pattern in patterns:
        letter = _first_letter(pattern)
        by_letter.setdefault(letter, []).append(pattern.removeprefix(letter))
    groups = (f"{letter}(?:{'|'.join(f'(?:{rest})' for rest in rests)})" for letter, rests in by_letter.items())
    return re.compile("|".join(groups))


def shape_of(message: LogMessage) -> MessageShape | None:
    """The first shape that a message begins as."""
    return next((shape for shape in SHAPES if re.match(shape.begins, message.text)), None)


def failure_in(message: LogMessage) -> tuple[MessageShape, LogFailure] | None:
    """What a message tells of a failure, and the first shape that reads one in it."""
    for shape in SHAPES:
        failure = shape.failure(message)
        if failure is not None:
            return shape, failure
    return None


@cache
def longest_reach() -> int:
    """How many lines above a message the last line of one may stand that it is joined to."""
    return max(shape.reach for shape in SHAPES)


@cache
def words() -> tuple[str, ...]:
    """Words of which every message of a shape has one, sorted."""
    return tuple(sorted({word for shape in SHAPES for word in shape.words}))


@cache
def letters_of_words() -> tuple[str, ...]:
    """The same words without their blanks."""
    return tuple(sorted({"".join(word.split()) for word in words()}))
