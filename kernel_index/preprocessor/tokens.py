"""Preprocessing tokens: plain strings, which is what makes expansion fast.

White space between tokens is the token ``" "``. An identifier that must never be expanded again ([cpp.rescan], GCC's
NO_EXPAND) carries the mark ``BLUE`` in front, so that no lookup of a macro name can find it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from kernel_index.preprocessor.literals import STRING, TOKENS, WORD, unescaped
from kernel_index.preprocessor.text import RAW_NEWLINE

BLUE = "\x01"
"""In front of an identifier that was met inside its own expansion."""

_TOKEN = re.compile(
    rf"(?P<space>(?:\s|\\\n)+)|{TOKENS['raw']}|{TOKENS['string']}|{TOKENS['character']}|{TOKENS['word']}|"
    rf"{TOKENS['number']}|\#\#|\.\.\.|[^\s]",
    re.DOTALL,
)

token_at = _TOKEN.match
"""Match one token at an offset of a text without comments; None at the end of the text."""

IDENTIFIER_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$")

_IDENTIFIER = re.compile(WORD)


def identifiers(text: str) -> list[str]:
    """Every identifier-like word of a text, in order, those inside literals included."""
    return _IDENTIFIER.findall(text)


def tokenize(text: str) -> list[str]:
    """The tokens of a text without comments; runs of white space become one ``" "``."""
    found = []
    position = 0
    end = len(text)
    while position < end:
        match = token_at(text, position)
        if match is None:  # a character no token can start with, such as a lone control character
            found.append(text[position])
            position += 1
            continue
        found.append(" " if match.lastgroup == "space" else match[0])
        position = match.end()
    return found


def strip_space(tokens: Sequence[str]) -> list[str]:
    """The tokens without white space at either end."""
    start, end = 0, len(tokens)
    while start < end and tokens[start] == " ":
        start += 1
    while end > start and tokens[end - 1] == " ":
        end -= 1
    return list(tokens[start:end])


def spell(tokens: Iterable[str]) -> str:
    """The text of tokens as ``#`` would spell it, without the escapes of a string literal."""
    return "".join(_single_spaced(tokens)).replace(BLUE, "").strip()


def _single_spaced(tokens: Iterable[str]) -> Iterator[str]:
    """The tokens with one space where several meet: an empty expansion leaves the spaces of both its sides."""
    before = ""
    for token in tokens:
        if token != " " or before != " ":
            yield token
        before = token


def stringify(tokens: Iterable[str]) -> str:
    """The string literal that ``#`` makes of an argument ([cpp.stringize])."""
    parts = []
    for token in _single_spaced(tokens):
        if token[:1] == BLUE:
            parts.append(token[1:])
        elif '"' in token or token[-1:] == "'":
            parts.append(token.replace("\\", "\\\\").replace('"', '\\"'))
        else:
            parts.append(token)
    return '"' + "".join(parts).strip() + '"'


def is_string(token: str) -> bool:
    """Whether a token is a string literal that ends, raw or not; one with a suffix is a call of a function."""
    return token[-1:] == '"' and STRING.fullmatch(token) is not None


def string_value(token: str) -> str:
    """What a string literal holds."""
    prefix, _, rest = token.partition('"')
    if prefix.endswith("R"):
        delimiter_end = rest.index("(")
        return rest[delimiter_end + 1 : -(delimiter_end + 2)].replace(RAW_NEWLINE, "\n")
    return unescaped(rest[:-1])
