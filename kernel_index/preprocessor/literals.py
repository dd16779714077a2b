"""The literals of C++, and what else hides quotes: one grammar for all who read sources.

It is the standard's: string and character literals with their prefixes, escapes and suffixes ([lex.string],
[lex.ccon], [lex.ext]), raw strings, numbers with separators ([lex.ppnumber]), comments ([lex.comment]) and the names
of headers ([lex.header]). A literal that does not end goes to the end of its line, a raw string or a comment to the
end of the file, as GCC reads them.

A rule is written once and used in two ways: to match a token where one begins (:data:`TOKENS`), and to find what hides
quotes in the midst of text (:func:`finder`). :data:`SPLICED_TOKENS` are the same rules for text in which a line may be
spliced between any two characters.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from functools import lru_cache

SPLICE = r"\\[ \t\f\v]*\n"
"""A backslash at the end of a line; GCC and Clang let blanks follow it, as the standard does since C++23."""

_SUFFIX = r"(?:_[\w$]*|(?:sv?|[hdy]|min|[mun]s|i[fl]?)(?![\w$]))?"
"""Of a user-defined literal. Those of programs begin with ``_``; any other word is a macro, as in ``"%"PRId64``."""

_DELIMITER = r"[^()\\\s]{0,16}"


def _rules(splice: str) -> Mapping[str, str]:
    """The grammar as regular expressions; ``splice`` is what may stand between two characters of a token."""
    s = splice
    prefix = rf"(?:u{s}8{s}|[uUL]{s})?"

    def quoted(quote: str) -> str:
        plain = rf"[^{quote}\\\n]+"
        escape = rf"\\(?![ \t\f\v]*\n){s}(?:[^\n]|\Z)"
        # A splice comes first: after an escaped backslash it is none.
        return rf"{quote}(?:{s}(?:{plain}|{escape}))*{s}(?:{quote}(?:{s}{_SUFFIX})?)?"

    return {
        "comment": rf"/{s}/(?:{SPLICE}|[^\n])*|/{s}\*.*?(?:\*{s}/|\Z)",
        # What splices a raw string holds is undone: only its prefix may have any.
        "raw": rf'{prefix}R{s}"(?P<delimiter>{_DELIMITER})\(.*?(?:\)(?P=delimiter)"{_SUFFIX}|\Z)',
        "string": prefix + quoted('"'),
        "character": prefix + quoted("'"),
        "number": rf"\.?{s}[0-9](?:{s}(?:[eEpP]{s}[+-]|'{s}\w|[\w.]))*",
        "word": rf"[A-Za-z_$](?:{s}[\w$])*",
    }


TOKENS = _rules("")
"""For text without comments and splices: where a token of a kind begins, its expression matches it."""

SPLICED_TOKENS = _rules(f"(?:{SPLICE})*")
"""For text as it is in a file."""

WORD = TOKENS["word"]
"""An identifier; GCC and Clang take ``$`` for a letter."""

INTEGER = r"(?:0[xX][\da-fA-F']+|0[bB][01']+|\d[\d']*)[uUlL]*"
"""Of the numbers those that an ``#if`` can compute with ([lex.icon])."""

HEADER_NAME = r"\#[ \t]*include(?:_next)?[ \t]*<[^>\n]*>"
"""An ``#include`` whose ``<name>`` may hold what elsewhere begins a comment or a literal."""

COMMENT_OR_HEADER = rf"//[^\n]*(?:(?<=\\)\n[^\n]*)*|/\*.*?(?:\*/|\Z)|{HEADER_NAME}"
"""What :func:`finder` is given to find comments: the rule ``comment``, for text whose splices stand between tokens."""

# In the midst of text, a prefix is one only where no identifier ends in it: FOOR"x" is FOOR and "x".
_RAW_PREFIXES = "|".join(rf'(?<={p}R")(?<![\w$]{p}R")' for p in ("", "u8", "u", "U", "L"))
_FOUND_RAW = rf'R"(?:{_RAW_PREFIXES})({_DELIMITER})\(.*?(?:\)\1"|\Z)'
_FOUND_STRING = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_FOUND_CHARACTER = r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'"
_FOUND_NUMBER = r"(?<![\w$])\.?[0-9](?:[eEpP][+-]|'\w|[\w.])*"
_FOUND_UNENDED = r"""(["'](?:[^\\\n]|\\(?!\n))*)"""

STRING = re.compile(rf'(?:u8|[uUL])?(?:{_FOUND_STRING}|R"({_DELIMITER})\(.*\)\1")', re.DOTALL)
"""A string literal that ends and has no suffix."""

_ODD_NUMBER = re.compile(r"""[0-9](?<!\w[0-9])(?:[eEpP][+-]|[\w.])*(?:'\w|(?<=R)")""")

RAW_GROUP, UNENDED_GROUP = 1, 2


@lru_cache(maxsize=256)
def _compiled(expression: str, numbers: bool) -> re.Pattern[str]:
    parts = [expression, _FOUND_NUMBER if numbers else "", _FOUND_RAW, _FOUND_STRING, _FOUND_CHARACTER]
    return re.compile("|".join(filter(None, (*parts, _FOUND_UNENDED))), re.DOTALL)


def has_odd_numbers(text: str) -> bool:
    """Whether a number of the text may have separators, which look like quotes, or end like the prefix ``R``: 1e+R."""
    return _ODD_NUMBER.search(text) is not None


def finder(text: str, expression: str = "") -> re.Pattern[str]:
    """A pattern that finds the literals of a text, and what ``expression``, which has no groups, matches outside them.

    Prefixes and suffixes are left to the text around, but for the ``R`` of a raw string. ``lastindex`` of a match is
    ``RAW_GROUP`` for a raw string and ``UNENDED_GROUP`` for another literal that does not end, else None. Numbers are
    found only where one has characters that could be taken for a quote or a prefix.
    """
    return _compiled(expression, has_odd_numbers(text))


_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-fA-F]+)|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_SIMPLE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def unescaped(text: str) -> str:
    """What stands between the quotes of a literal, with every escape replaced by what it means ([lex.ccon])."""
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(escape: re.Match[str]) -> str:
    octal, hexadecimal, short, long, simple = escape.groups()
    if simple:
        return _SIMPLE_ESCAPES.get(simple, simple)
    number = int(octal, 8) if octal else int(hexadecimal or short or long, 16)
    # A number that is no character must not reach what is written as UTF-8.
    return chr(number) if number < 0xD800 or 0xDFFF < number <= sys.maxunicode else "\ufffd"
