"""Names in messages: where they end, and whether the log has them whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opselect.logs.message import Message

QUOTE = r"(?:\\?['\"`\u2018\u2019]|&#0?39;)"
"""A quote as logs have it: as it was printed, escaped by Python or for the web, or set by a word processor."""

_QUOTED = re.compile(rf"{QUOTE}([^'\"`\u2018\u2019&\\]{{1,400}}){QUOTE}")


def quoted(message: Message, start: int) -> str:
    """The name in quotes that stands at an offset; empty where none does or the log is cut in it."""
    match = _QUOTED.match(message.text, start)
    return match[1] if match else ""


def bare(message: Message, start: int, stops: str = "") -> str:
    """The name without quotes that stands at an offset, up to white space or the pattern ``stops``.

    A name that ends with the text may be cut, but it is all that there is: it is given.
    """
    end = len(message.text)
    if stops and (stop := re.compile(stops).search(message.text, start)):
        end = stop.start()
    return message.word(start, end)


def whole_number(match: re.Match[str], group: str) -> int | None:
    """The number that a group matched; None where there is none, or where the text ends with its digits."""
    digits = match[group]
    if digits is None or match.end(group) == len(match.string) or len(digits) > 9:
        return None
    return int(digits)


def without_flex(name: str) -> str:
    """The op of TensorFlow that a custom operator with the prefix "Flex" runs."""
    return name.removeprefix("Flex")


def listed(text: str, separators: str = ",") -> tuple[str, ...]:
    """The names of a list, each once, in their order."""
    return once(part.strip("'\"` ") for part in re.split(separators, text))


def once(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, without empty ones."""
    return tuple(dict.fromkeys(name for name in names if name))
