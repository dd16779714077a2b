"""Names in messages: where they end, and whether the log has them whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

from opselect.logs.message import LogMessage

QUOTE = r"\\?['\"`]"
"""A quote as logs have it: as it was printed, or escaped by Python."""

_QUOTED = re.compile(rf"{QUOTE}([^'\"`\\]{{1,400}}){QUOTE}")


def quoted(message: LogMessage, start: int) -> str:
    """The name in quotes that stands at an offset; empty where none does or the log is cut in it."""
    match = _QUOTED.match(message.text, start)
    return match[1] if match else ""


def bare(message: LogMessage, start: int, stops: str = "") -> str:
    """The name without quotes that stands at an offset, up to white space or the pattern ``stops``.

    A name that ends with the text may be cut, but it is all that there is: it is given.
    """
    end = len(message.text)
    if stops and (stop := re.compile(stops).search(message.text, start)):
        end = stop.start()
    return message.word(start, end)


def last_word(message: LogMessage, start: int, end: int) -> tuple[str, dict[str, object]]:
    """The name that ends at an offset, without what stands in front of it on the line before; and its own line."""
    word = message.sentence(start, end).rpartition(" ")[2]
    return word, {"lines": (message.line_at(end - len(word)),)}


def whole_number(match: re.Match[str], group: str) -> int | None:
    """The number that a group matched; None where there is none, or where the text ends with its digits."""
    digits = match[group]
    if digits is None or match.end(group) == len(match.string) or len(digits) > 9:
        return None
    return int(digits)


def without_flex(name: str) -> str:
    """The op of TensorFlow that a custom operator with the prefix "Flex" runs."""
    return name.removeprefix("Flex")


def listed(message: LogMessage, start: int) -> tuple[str, ...]:
    """The names that stand between commas from an offset on, each once, up to the first that no comma follows.

    One in quotes, or with a comma, a bracket or a full stop behind it, is whole even where the log broke it.
    """
    names = []
    while match := _NAME.match(message.text, start):
        end = match.end()
        is_whole = match["quoted"] is not None or message.text[end : end + 1] in {",", "]", "}"}
        is_whole = is_whole or match[0].find(".") == len(match[0]) - 1
        if not is_whole or message.sentence(start, end).count(" ") > 1:
            end = start + len(message.word(start, end))
        names.append(message.text[start:end].strip("'\"`"))
        start = end + 1
        if message.text[end:start] != ",":
            break
    return once(names)


def once(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, without empty ones."""
    return tuple(dict.fromkeys(name for name in names if name))


_NAME = re.compile(r"(?P<quoted>'[^',]{1,400}'|\"[^\",]{1,400}\")|(?:(?!Details:)[\w>.:/+-])+")
"""A name of a list; the converter goes on with "Details:" in the next line, which may be taken for its end."""
