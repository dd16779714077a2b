"""Text as string literals of C++ and back."""

from __future__ import annotations

import re

_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}

_ESCAPE = re.compile(r"\\(?:(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9a-fA-F]+)|(?P<simple>.))", re.DOTALL)

_SAFE = re.compile(rb"[ !#-\[\]-~]")
"""Bytes that stand for themselves in a literal: printable ASCII but the quote and the backslash."""


def quoted(text: str) -> str:
    """The text as a literal of ASCII characters, its bytes in UTF-8 (lone surrogates as the bytes they stand for).

    Bytes that do not print are escapes of three octal digits, so that what follows is never part of them. The second of
    two question marks is escaped, for with a third character they may be a trigraph.
    """
    parts = []
    for byte in text.encode("utf-8", "surrogateescape"):
        one = bytes((byte,))
        if one in (b'"', b"\\"):
            parts.append("\\" + one.decode())
        elif one == b"?" and parts[-1:] == ["?"]:
            parts.append("\\?")
        else:
            parts.append(one.decode() if _SAFE.fullmatch(one) else f"\\{byte:03o}")
    return f'"{"".join(parts)}"'


def unquoted(literal: str) -> str:
    """The text of a literal, quotes around it. Raises ValueError for an escape that C++ does not have."""
    data = bytearray()
    inner = literal[1:-1]
    end = 0
    for match in _ESCAPE.finditer(inner):
        data += inner[end : match.start()].encode("utf-8", "surrogateescape")
        end = match.end()
        if match["simple"] is not None:
            data += _simple(match["simple"])
            continue
        number = int(match["octal"], 8) if match["octal"] else int(match["hex"], 16)
        if number > 0xFF:
            raise ValueError(f"the escape {match[0]} is of no byte")
        data.append(number)
    data += inner[end:].encode("utf-8", "surrogateescape")
    return data.decode("utf-8", "surrogateescape")


def _simple(character: str) -> bytes:
    if character in "\"'\\?":
        return character.encode()
    if character in _SIMPLE:
        return _SIMPLE[character].encode()
    raise ValueError(f"C++ has no escape \\{character}")
