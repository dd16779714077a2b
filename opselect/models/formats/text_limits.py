"""What protobuf's parser of text needs help with: literals of many megabytes, and memory that does not suffice.

The parser matches a whole literal at once, which takes 150 bytes of memory for each of its characters. What it makes of
the text is made by compiled code, which ends the process where the system gives it no memory.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator

_LONG_LINE = 20_000
"""Characters; no literal goes over the end of a line."""
_OUTSIDE = re.compile(r"""#.*|[^"'#]{1,4096}""")
_INSIDE = {
    quote: re.compile(
        rf"(?:[^\\{quote}]|\\(?:[0-7]{{1,3}}|[xX][0-9a-fA-F]{{1,2}}|u[0-9a-fA-F]{{4}}|U[0-9a-fA-F]{{8}}|.)){{1,4096}}"
    )
    for quote in ('"', "'")
}
"""A piece of a literal, escapes in it whole."""


def in_pieces(text: str) -> str:
    """The same text with long literals as several, which mean the same: ``"abc"`` is ``"a" "bc"``."""
    if len(text) < _LONG_LINE:
        return text
    lines = text.split("\n")
    long = [number for number, line in enumerate(lines) if len(line) >= _LONG_LINE]
    for number in long:
        lines[number] = "".join(_pieces(lines[number]))
    return "\n".join(lines) if long else text


def _pieces(line: str) -> Iterator[str]:
    at = 0
    while at < len(line):
        quote = line[at]
        if quote not in _INSIDE:
            match = _OUTSIDE.match(line, at)
            assert match is not None  # what is no quote begins one of both
            yield match[0]
            at = match.end()
            continue
        yield quote
        at += 1
        between = ""
        while (match := _INSIDE[quote].match(line, at)) is not None:
            yield between + match[0]
            at = match.end()
            between = f"{quote} {quote}"
        if at < len(line):
            # The closing quote; a backslash at the end of the line is left for the parser to complain about.
            yield line[at]
            at += 1


_SMALL = 1 << 20
"""Bytes of text for which there is always memory."""
_PER_CHARACTER, _PER_LINE, _PER_MESSAGE, _PER_QUOTE = 3, 90, 130, 20
"""Bytes that the parser and its message take at most, as measured: two times more than is common."""


def check_memory(text: str) -> None:
    """Raises MemoryError where the system would not give the memory that the text may take while it is parsed."""
    if len(text) < _SMALL:
        return
    messages = text.count("{") + text.count("<")
    quotes = text.count('"') + text.count("'")
    needed = len(text) * _PER_CHARACTER + text.count("\n") * _PER_LINE + messages * _PER_MESSAGE + quotes * _PER_QUOTE
    try:
        mmap.mmap(-1, needed).close()
    except (OSError, ValueError, OverflowError):
        raise MemoryError from None
