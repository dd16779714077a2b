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

HEADER_NAME = r"\#[ \t]*include(?:_next)?[ \t]*<[^>\n]*>"
"""An ``#include`` whose ``<name>`` may hold what elsewhere begins a comment or a literal."""

# In the midst of text, a prefix is one only where no identifier ends in it: FOOR"x" is FOOR and "x".
_RAW_PREFIXES = "|".join(rf'(?<={p}R")(?<![\w$]{p}R")' for p in ("", "u8", "u", "U", "L"))
_FOUND_RAW = rf'R"(?:{_RAW_PREFIXES})({_DELIMITER})\(.*?(?:\)\1"|\Z)'
_FOUND_STRING = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_FOUND_CHARACTER = r"'[^'\\\n]*(?:\\.[^'\\\n]*)*'"
_FOUND_SEPARATED = r"(?<![\w$])\.?[0-9][\w.]*(?:'\w[\w.]*)+"
_FOUND_UNENDED = r"""(["'](?:[^\\\n]|\\(?!\n))*)"""

STRING = re.compile(rf'(?:u8|[uUL])?(?:{_FOUND_STRING}|R"({_DELIMITER})\(.*\)\1")', re.DOTALL)
"""A string literal that ends and has no suffix."""

_SEPARATOR = re.compile(r"[0-9](?<!\w[0-9])[\w.]*'\w")

RAW_GROUP, UNENDED_GROUP = 1, 2


@lru_cache(maxsize=256)
def _compiled(expression: str, separators: bool) -> re.Pattern[str]:
    parts = [expression, _FOUND_SEPARATED if separators else "", _FOUND_RAW, _FOUND_STRING, _FOUND_CHARACTER]
    return re.compile("|".join(filter(None, (*parts, _FOUND_UNENDED))), re.DOTALL)


def has_separators(text: str) -> bool:
    """Whether a number of the text may have separators, which look like quotes."""
    return _SEPARATOR.search(text) is not None


def finder(text: str, expression: str = "") -> re.Pattern[str]:
    """A pattern that finds the literals of a text, and what ``expression``, which has no groups, matches outside them.

    Prefixes and suffixes are left to the text around, but for the ``R`` of a raw string. ``lastindex`` of a match is
    ``RAW_GROUP`` for a raw string and ``UNENDED_GROUP`` for another literal that does not end, else None. Numbers are
    found only where their separators could be taken for quotes.
    """
    return _compiled(expression, has_separators(text))
