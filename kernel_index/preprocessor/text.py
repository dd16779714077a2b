"""Source text without comments, and its split into directives and the text between them.

Translation phases 2 and 3 of the C++ standard ([lex.phases]), done with a few passes of regular expressions because
nearly all text is only skipped over. Line numbers survive: every newline of the file is still there, as a newline
between directives, as a splice (backslash newline) inside one, or as ``RAW_NEWLINE`` inside a raw string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RAW_NEWLINE = "\x1e"
"""Stands for a newline inside a raw string literal, so that no line of it is taken for a directive."""

_MARKS = ("\x01", "\x02", RAW_NEWLINE)
"""What the preprocessor marks tokens with. No compiler takes them in a source, so there they become ``STRAY``."""

STRAY = "\x7f"

_LITERALS = r"""R"([^()\\\s]{0,16})\(.*?\)\1"|"[^"\\\n]*(?:\\.[^"\\\n]*)*"|'[^'\\\n]*(?:\\.[^'\\\n]*)*'"""
_COMMENTS = r"//[^\\\n]*(?:\\.[^\\\n]*)*|/\*.*?(?:\*/|\Z)"
_SKIPPED = re.compile(rf"{_COMMENTS}|{_LITERALS}", re.DOTALL)
_SKIPPED_WITH_SEPARATORS = re.compile(rf"{_COMMENTS}|{_LITERALS}|\b[0-9][\w.]*(?:'\w+)+", re.DOTALL)
_DIGIT_SEPARATOR = re.compile(r"[0-9a-fA-F]'[0-9a-fA-F]")
_LINE_END = re.compile(r"\r\n?")


def _without_comment(match: re.Match[str]) -> str:
    found = match[0]
    first = found[0]
    if first == "/":
        newlines = found.count("\n")
        return " " + "\\\n" * newlines if newlines else " "
    if first == "R" and "\n" in found:
        # Phase 3 undoes splices inside raw strings, so a backslash there stays a backslash.
        return found.replace("\n", RAW_NEWLINE)
    return found


def without_comments(text: str) -> str:
    """The text with every comment as one space; comments over several lines leave splices to keep the line count."""
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
    for mark in _MARKS:
        if mark in text:
            text = text.replace(mark, STRAY)
    pattern = _SKIPPED_WITH_SEPARATORS if _DIGIT_SEPARATOR.search(text) else _SKIPPED
    return pattern.sub(_without_comment, text)


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


_DIRECTIVE = re.compile(r"#[ \t]*(\w*)([^\\\n]*(?:\\.[^\\\n]*)*)", re.DOTALL)


def directives(text: str) -> list[Directive]:
    """All directives of a text without comments, in order."""
    found = []
    line = 1
    counted = 0
    position = text.find("#")
    while position >= 0:
        line_start = text.rfind("\n", 0, position) + 1
        before = text[line_start:position]
        if before.isspace() or not before or not before.replace("\\\n", "").strip():
            match = _DIRECTIVE.match(text, position)
            assert match is not None  # the pattern matches at every "#"
            # A comment of several lines may stand before the "#": its splices belong to this line too.
            while line_start >= 2 and text[line_start - 2] == "\\" and not text[: line_start - 2].endswith("\\"):
                line_start = text.rfind("\n", 0, line_start - 2) + 1
            if text[line_start:position].replace("\\\n", "").strip():
                position = text.find("#", position + 1)
                continue
            line += text.count("\n", counted, position) + text.count(RAW_NEWLINE, counted, position)
            counted = position
            argument = match[2]
            if "\\\n" in argument:
                argument = argument.replace("\\\n", "")
            found.append(Directive(match[1], argument.strip(), line, line_start, match.end()))
            position = text.find("#", match.end())
        else:
            position = text.find("#", position + 1)
    return found


def line_at(text: str, offset: int) -> int:
    """The line, counted from 1, of an offset in a text without comments."""
    return 1 + text.count("\n", 0, offset) + text.count(RAW_NEWLINE, 0, offset)


_INCLUDE = re.compile(r'"([^"]+)"|<([^>]+)>')


def include_target(argument: str) -> tuple[str, bool] | None:
    """Path and whether it is quoted of an ``#include``'s argument; None where a macro must be expanded first."""
    match = _INCLUDE.match(argument)
    if match is None:
        return None
    return (match[1], True) if match[1] is not None else (match[2], False)
