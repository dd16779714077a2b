"""Constant expressions of C++ as registrations write them: strings, and whole numbers.

What names mean is asked of the caller; nothing here reads a file.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from kernel_index.preprocessor.expressions import ExpressionError, evaluate
from kernel_index.preprocessor.tokens import BLUE, is_string, string_value


class NotEvaluatedError(Exception):
    """An expression whose value the scanner cannot find; the text says which.

    ``unknown_type`` is a C++ type that is no data type the scanner knows; ``op`` is the op that is being registered, if
    that is known.
    """

    def __init__(self, problem: str, unknown_type: str = "") -> None:
        super().__init__(problem)
        self.unknown_type = unknown_type
        self.op = ""


_CONCATENATIONS = frozenset(("StrCat",))
"""Functions that join what they get (``absl::StrCat``, ``strings::StrCat``)."""

_STRING_TYPES = frozenset(("string", "tstring", "string_view", "StringPiece"))
"""Types of which a constructor takes a string as it is."""

_STRING_METHODS = frozenset(("c_str", "data", "str"))
"""Methods that give a string as it is."""

_CASTS = frozenset(("static_cast", "const_cast", "reinterpret_cast"))

_WHOLE_NUMBER_TYPES = frozenset((
    "int", "long", "short", "unsigned", "signed", "char", "size_t", "int8", "int16", "int32", "int64", "uint8",
    "uint16", "uint32", "uint64", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t", "uint32_t",
    "uint64_t",
))  # fmt: skip

_OPENING = {"(": ")", "{": "}", "[": "]", "<": ">"}

Strings = Callable[[str], str]
"""The string that a name means, or a function of that name without parameters. Raises NotEvaluatedError."""

Numbers = Callable[[str], int]
"""The number that a name means. Raises NotEvaluatedError."""


def string_of(tokens: Sequence[str], meaning: Strings) -> str:
    """The value of a string expression. Raises NotEvaluatedError.

    sum = adjacent { "+" adjacent }; adjacent = term { literal }, so that parentheses around literals change nothing:
    a parenthesised string literal is that literal ([expr.prim.paren]).
    """
    bare = plain(tokens)
    if not bare:
        raise NotEvaluatedError("the value of '' is not known")
    if all(map(is_string, bare)):
        return "".join(map(string_value, bare))
    try:
        return _Strings(bare, meaning).whole()
    except RecursionError:
        raise NotEvaluatedError("a string is nested too deeply") from None


def number_of(tokens: Sequence[str], meaning: Numbers) -> int:
    """The value of an expression of whole numbers. Raises NotEvaluatedError."""
    bare = plain(tokens)
    if any(one == other and one in ("-", "+") for one, other in itertools.pairwise(bare)):
        raise NotEvaluatedError(f"'{''.join(bare)}' is no number")
    try:
        return evaluate(_with_numbers(bare, meaning))
    except ExpressionError:
        raise NotEvaluatedError(f"'{''.join(bare)}' is no number") from None


def plain(tokens: Sequence[str]) -> list[str]:
    """Tokens without white space and marks; a ``::`` is one token."""
    found: list[str] = []
    for token in tokens:
        token = token.removeprefix(BLUE)
        if token == ":" and found and found[-1] == ":":
            found[-1] = "::"
        elif token != " ":
            found.append(token)
    return found


def closing(tokens: Sequence[str], at: int) -> int:
    """Where the bracket that opens at a token closes; at the end where it does not."""
    opening, ending = tokens[at], _OPENING[tokens[at]]
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place] == opening) - (tokens[place] == ending)
        if depth == 0:
            return place
    return len(tokens)


def split_arguments(tokens: Sequence[str]) -> list[list[str]]:
    """Tokens split at the commas outside all brackets."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in ("(", "[", "{", "<")) - (token in (")", "]", "}", ">"))
        if token == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def qualified_name(tokens: Sequence[str], at: int) -> tuple[str, int]:
    """The name that begins at a token, with the arguments of its templates, and where it ends; empty where none does.

    name = ["::"] word [ "<" … ">" ] { "::" word [ "<" … ">" ] }; a ``<`` belongs to it if a ``::`` or ``(`` stands
    after its ``>``.
    """
    start = at
    if at < len(tokens) and tokens[at] == "::":
        at += 1
    while at < len(tokens) and tokens[at].isidentifier():
        at += 1
        if at < len(tokens) and tokens[at] == "<":
            end = closing(tokens, at)
            if end + 1 < len(tokens) and tokens[end + 1] in ("::", "("):
                at = end + 1
        if at + 1 >= len(tokens) or tokens[at] != "::" or not tokens[at + 1].isidentifier():
            return joined(tokens[start:at]), at
        at += 1
    return "", start


def joined(tokens: Sequence[str]) -> str:
    """Tokens as one text, words apart."""
    text = ""
    for token in tokens:
        text += " " + token if text and _is_word(text[-1]) and _is_word(token[0]) else token
    return text


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def last_word(name: str) -> str:
    """The last part of a qualified name, without the arguments of its template."""
    return split_qualified(name)[1].partition("<")[0]


def split_qualified(name: str) -> tuple[str, str]:
    """What stands before the last ``::`` that is in no brackets, and what stands after it."""
    depth = 0
    for at in range(len(name) - 1, 0, -1):
        depth += (name[at] == ">") - (name[at] == "<")
        if depth == 0 and name[at - 1 : at + 1] == "::":
            return name[: at - 1], name[at + 1 :]
    return "", name


class _Strings:
    """Recursive descent over a string expression."""

    def __init__(self, tokens: Sequence[str], meaning: Strings) -> None:
        self._tokens = tokens
        self._at = 0
        self._meaning = meaning

    def whole(self) -> str:
        value = self._sum()
        if self._at < len(self._tokens):
            raise self._unknown()
        return value

    def _unknown(self) -> NotEvaluatedError:
        return NotEvaluatedError(f"the value of '{joined(self._tokens)}' is not known")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _takes(self, token: str) -> bool:
        found = self._peek() == token
        self._at += found
        return found

    def _sum(self) -> str:
        text = self._adjacent()
        while self._takes("+"):
            text += self._adjacent()
        return text

    def _adjacent(self) -> str:
        text = self._term()
        while self._takes("."):
            if self._peek() not in _STRING_METHODS:
                raise self._unknown()
            self._at += 1
            if not (self._takes("(") and self._takes(")")):
                raise self._unknown()
        while self._peek() and is_string(self._peek()):
            text += string_value(self._peek())
            self._at += 1
        return text

    def _term(self) -> str:
        """term = literal | number | "(" sum ")" | cast | type "(" sum ")" | join "(" [ sum { "," sum } ] ")" | name"""
        token = self._peek()
        if token and is_string(token):
            self._at += 1
            return string_value(token)
        if token == "(":
            return self._enclosed(")")
        name, end = qualified_name(self._tokens, self._at)
        if not name:
            raise self._unknown()
        self._at = end
        word = last_word(name)
        if word in _CASTS and self._peek() == "(":
            return self._enclosed(")")
        if word in _STRING_TYPES and self._peek() in ("(", "{"):
            return self._enclosed(_OPENING[self._peek()])
        if word in _CONCATENATIONS and self._takes("("):
            return self._joined_arguments()
        if self._takes("(") and not self._takes(")"):
            raise self._unknown()
        return self._meaning(name)

    def _enclosed(self, ending: str) -> str:
        self._at += 1
        value = self._sum()
        if not self._takes(ending):
            raise self._unknown()
        return value

    def _joined_arguments(self) -> str:
        text = ""
        while not self._takes(")"):
            if self._peek().isdecimal():
                text += self._peek()
                self._at += 1
            else:
                text += self._sum()
            if not self._takes(",") and self._peek() != ")":
                raise self._unknown()
        return text


def _with_numbers(tokens: Sequence[str], meaning: Numbers) -> list[str]:
    """The tokens with numbers in the place of names, and without casts between whole numbers."""
    found: list[str] = []
    at = 0
    while at < len(tokens):
        name, end = qualified_name(tokens, at)
        following = tokens[end] if end < len(tokens) else ""
        if not name:
            found.append(tokens[at])
            at += 1
        elif name in ("true", "false"):
            found.append(name)
            at = end
        elif last_word(name) in _CASTS or (last_word(name) in _WHOLE_NUMBER_TYPES and following in ("(", "{")):
            stop = closing(tokens, end) if following in ("(", "{") else end
            found += ["(", *_with_numbers(tokens[end + 1 : stop], meaning), ")"]
            at = stop + 1
        else:
            found += ["(", *_signed(meaning(name)), ")"]
            at = end + 2 if tokens[end : end + 2] == ["(", ")"] else end
    return found


def _signed(number: int) -> list[str]:
    return ["-", str(-number)] if number < 0 else [str(number)]
