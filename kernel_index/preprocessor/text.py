"""Source text without comments, and its split into directives and the text between them.

Translation phases 2 and 3 of the C++ standard ([lex.phases]), done with a few passes of regular expressions because
nearly all text is only skipped over. Line numbers survive: every newline of the file is still there, as a newline
between directives, as a splice (backslash newline) inside one, or as ``RAW_NEWLINE`` inside a raw string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kernel_index.preprocessor.literals import (
    COMMENT_OR_HEADER,
    HEADER_NAME,
    RAW_GROUP,
    SPLICE,
    SPLICED_TOKENS,
    UNENDED_GROUP,
    finder,
)  # fmt: skip

RAW_NEWLINE = "\x1e"
"""Stands for a newline inside a raw string literal, so that no line of it is taken for a directive."""

_MARKS = ("\x01", "\x02", RAW_NEWLINE)
"""What the preprocessor marks tokens with. No compiler takes them in a source, so there they become ``STRAY``."""

STRAY = "\x7f"

_LINE_END = re.compile(r"\r\n?")
_CLOSE_SPLICE = re.compile(r"\\(?:(?<=\S\\)\n\S|[ \t\f\v]+\n)")
"""A splice with no white space around it, which may stand inside a token, or with blanks that do not count."""

_SPLICED = re.compile(
    rf"(?P<comment>{SPLICED_TOKENS['comment']})|{SPLICED_TOKENS['raw']}|{SPLICED_TOKENS['string']}|"
    rf"{SPLICED_TOKENS['character']}|{SPLICED_TOKENS['number']}|{SPLICED_TOKENS['word']}|{HEADER_NAME}|"
    rf"(?P<splices>(?:{SPLICE})+)|(?P<space>\s)",
    re.DOTALL,
)
_SPLICE = re.compile(SPLICE)


class _SplicedLiteralError(Exception):
    """A literal goes on after a splice, or does not end."""


def text_of(data: bytes) -> str:
    """The text of a source file; a byte order mark in front of it is none of it, as compilers have it."""
    return data.decode("utf-8-sig", "replace")


def without_comments(text: str) -> str:
    """The text with every comment as one space; comments over several lines leave splices to keep the line count.

    A splice is left only where there may be white space: one inside a token goes after that token. Those of
    raw strings are text ([lex.phases]).
    """
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    for mark in _MARKS:
        if mark in text:
            text = text.replace(mark, STRAY)
    if _CLOSE_SPLICE.search(text) is None:
        try:
            return finder(text, COMMENT_OR_HEADER).sub(_without_comment, text)
        except _SplicedLiteralError:
            pass
    return _unspliced(text)


def _without_comment(match: re.Match[str]) -> str:
    found = match[0]
    first = found[0]
    if first == "/":
        newlines = found.count("\n")
        return " " + "\\\n" * newlines if newlines else " "
    if match.lastindex == RAW_GROUP:
        return found.replace("\n", RAW_NEWLINE)
    if match.lastindex == UNENDED_GROUP or (first in "\"'" and "\n" in found):
        raise _SplicedLiteralError
    return found


def _unspliced(text: str) -> str:
    """The same by the rules for spliced text, which are slower."""
    waiting = 0
    """Splices that were taken out of what still goes on."""

    def rewritten(match: re.Match[str]) -> str:
        nonlocal waiting
        found = match[0]
        if match["comment"] is not None:
            lines, waiting = waiting + found.count("\n"), 0
            return " " + "\\\n" * lines
        if match["delimiter"] is not None:
            head, quote, rest = found.partition('"')
            waiting += head.count("\n")
            return _SPLICE.sub("", head) + quote + rest.replace("\n", RAW_NEWLINE)
        if match["space"] is not None:
            lines, waiting = waiting, 0
            return "\\\n" * lines + found
        if "\n" not in found:
            return found
        if match["splices"] is not None and match.string[match.start() - 1 : match.start()].isspace():
            return "\\\n" * found.count("\n")
        waiting += found.count("\n")
        return _SPLICE.sub("", found)

    clean = _SPLICED.sub(rewritten, text)
    # A backslash that ends the file must not become the escape of one.
    return clean + " " * clean.endswith("\\") + "\\\n" * waiting


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: ``argument`` has its splices removed, ``line`` is where its ``#`` stands.

    ``start`` and ``end`` are offsets in the text without comments: of the ``#``'s line and of the newline that ends it.
    """

    keyword: str
    argument: str
    line: int
    start: int
    end: int


_DIRECTIVE = re.compile(r"#(?:[ \t]|\\\n)*(\w*)([^\n]*(?:(?<=\\)\n[^\n]*)*)")
_REST_OF_LINE = re.compile(r"[^\n]*(?:(?<=\\)\n[^\n]*)*")


def directives(text: str) -> list[Directive]:
    """All directives of a text without comments, in order."""
    found = []
    line = 1
    counted = 0
    position = text.find("#")
    while position >= 0:
        start = text.rfind("\n", 0, position) + 1
        before = text[start:position]
        # A comment of several lines may stand before the "#": its splices belong to this line too.
        while start >= 2 and text[start - 2] == "\\" and not before.strip():
            end, start = start - 2, text.rfind("\n", 0, start - 2) + 1
            before = text[start:end]
        if before.strip():
            rest = _REST_OF_LINE.match(text, position)
            assert rest is not None  # the pattern matches anywhere
            position = text.find("#", rest.end())
            continue
        match = _DIRECTIVE.match(text, position)
        assert match is not None  # the pattern matches at every "#"
        line += text.count("\n", counted, position) + text.count(RAW_NEWLINE, counted, position)
        counted = position
        argument = match[2]
        if "\\\n" in argument:
            argument = argument.replace("\\\n", "")
        found.append(Directive(match[1], argument.strip(), line, start, match.end()))
        position = text.find("#", match.end())
    return found


_NEWLINE = re.compile(f"[\n{RAW_NEWLINE}]")


def newlines(text: str) -> list[int]:
    """The offsets of all ends of lines in a text without comments, ascending."""
    return [match.start() for match in _NEWLINE.finditer(text)]


_INCLUDE = re.compile(r'"([^"]+)"|<([^>]+)>')


def include_target(argument: str) -> tuple[str, bool] | None:
    """Path and whether it is quoted of an ``#include``'s argument; None where a macro must be expanded first."""
    match = _INCLUDE.match(argument)
    if match is None:
        return None
    return (match[1], True) if match[1] is not None else (match[2], False)
