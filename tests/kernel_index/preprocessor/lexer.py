"""A lexer of C++ that is slow and obvious: the standard's phases 2 and 3 a character at a time, to compare with."""

from __future__ import annotations

from collections.abc import Sequence

PREFIXES = ("u8", "u", "U", "L", "")
WORD_START = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$")
WORD = WORD_START | frozenset("0123456789")
STANDARD_SUFFIXES = ("s", "sv", "h", "d", "y", "min", "ms", "us", "ns", "i", "if", "il")


class _Text:
    """A text whose splices are undone, each character with its place in the text as it was."""

    def __init__(self, text: str) -> None:
        self.original = text
        self.characters: list[str] = []
        self.places: list[int] = []
        at = 0
        while at < len(text):
            end = at + 1
            while text[at] == "\\" and end < len(text) and text[end] in " \t\f\v":
                end += 1
            if text[at] == "\\" and end < len(text) and text[end] == "\n":
                at = end + 1
                continue
            self.characters.append(text[at])
            self.places.append(at)
            at += 1
        self.places.append(len(text))
        self.at = 0

    def ahead(self, text: str) -> bool:
        return self.characters[self.at : self.at + len(text)] == list(text)

    def take(self) -> str:
        self.at += 1
        return self.characters[self.at - 1]

    def peek(self) -> str:
        return self.characters[self.at] if self.at < len(self.characters) else ""

    def go_on_at(self, place: int) -> None:
        """Goes on at a place in the text as it was."""
        self.at = next(i for i, found in enumerate(self.places) if found >= place)


def reference_tokens(source: str) -> list[str]:
    """The preprocessing tokens of a text, one character operators only but for ``##`` and ``...``."""
    text = _Text(source)
    tokens: list[str] = []
    while text.peek():
        if text.peek().isspace():
            text.take()
        elif text.ahead("//"):
            while text.peek() not in ("", "\n"):
                text.take()
        elif text.ahead("/*"):
            text.at += 2
            while text.peek() and not text.ahead("*/"):
                text.take()
            text.at = min(text.at + 2, len(text.characters))
        else:
            tokens.append(_token(text))
    return tokens


def _token(text: _Text) -> str:
    for prefix in PREFIXES:
        if text.ahead(f'{prefix}R"'):
            raw = _raw(text, prefix)
            if raw:
                return raw
        for quote in "\"'":
            if text.ahead(prefix + quote):
                return _quoted(text, prefix, quote)
    found = text.take()
    if found in WORD_START:
        return found + _word(text)
    if found.isdigit() or (found == "." and text.peek().isdigit()):
        return found + _number(text)
    for operator in ("##", "..."):
        if operator[0] == found and text.ahead(operator[1:]):
            text.at += len(operator) - 1
            return operator
    return found


def _word(text: _Text) -> str:
    found = ""
    while text.peek() and text.peek() in WORD:
        found += text.take()
    return found


def _number(text: _Text) -> str:
    found = ""
    while text.peek():
        following = text.peek()
        if following in "eEpP":
            found += text.take()
            if text.peek() and text.peek() in "+-":
                found += text.take()
        elif following == "'":
            if "".join(text.characters[text.at + 1 : text.at + 2]) not in WORD - {"$"} | {"."} - {"."}:
                break
            if text.at + 1 >= len(text.characters):
                break
            found += text.take() + text.take()
        elif following in (WORD - {"$"}) or following == ".":
            found += text.take()
        else:
            break
    return found


def _suffix(text: _Text) -> str:
    start = text.at
    found = _word(text) if text.peek() and text.peek() in WORD_START else ""
    if found.startswith("_") or found in STANDARD_SUFFIXES:
        return found
    text.at = start
    return ""


def _quoted(text: _Text, prefix: str, quote: str) -> str:
    text.at += len(prefix) + 1
    found = prefix + quote
    while text.peek() not in ("", "\n"):
        following = text.take()
        found += following
        if following == quote:
            return found + _suffix(text)
        if following == "\\" and text.peek() not in ("", "\n"):
            found += text.take()
    return found


def _raw(text: _Text, prefix: str) -> str:
    """A raw string, for which the text counts as it was; nothing where its delimiter is none."""
    place = text.places[text.at + len(prefix) + 1] + 1
    opening = text.original.find("(", place)
    delimiter = text.original[place:opening]
    if opening < 0 or len(delimiter) > 16 or any(c.isspace() or c in ")\\" for c in delimiter):
        return ""
    closing = text.original.find(f'){delimiter}"', opening)
    end = len(text.original) if closing < 0 else closing + len(delimiter) + 2
    text.go_on_at(end)
    found = f'{prefix}R"{text.original[place:end]}'
    return found + _suffix(text) if closing >= 0 else found


def joined(tokens: Sequence[str]) -> str:
    """Tokens on a line each."""
    return "\n".join(tokens)
