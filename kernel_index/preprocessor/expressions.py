"""The integer expressions of ``#if`` and ``#elif`` ([cpp.cond]): 64-bit, signed or unsigned, evaluated lazily."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence

from kernel_index.preprocessor.literals import unescaped

_MASK = (1 << 64) - 1

Value = tuple[int, bool]
"""A number and whether its type is unsigned."""

_PRECEDENCE = {
    "||": 1, "&&": 2, "|": 3, "^": 4, "&": 5, "==": 6, "!=": 6, "<": 7, ">": 7, "<=": 7, ">=": 7,
    "<<": 8, ">>": 8, "+": 9, "-": 9, "*": 10, "/": 10, "%": 10,
}  # fmt: skip
_TWO_CHARACTERS = frozenset(p for p in _PRECEDENCE if len(p) == 2)
_WORDS = {"and": "&&", "or": "||", "not": "!", "bitand": "&", "bitor": "|", "xor": "^", "compl": "~", "not_eq": "!="}
_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_NO_ESCAPE = re.compile(r"\\x(?![0-9a-fA-F])")


class ExpressionError(Exception):
    """The expression has no value; the text says why."""


def _wrap(value: int, unsigned: bool) -> Value:
    value &= _MASK
    if not unsigned and value >> 63:
        value -= 1 << 64
    return value, unsigned


def _number(token: str) -> Value:
    digits = token.replace("'", "").lower()
    body = digits.rstrip("ul")
    suffix = digits[len(body) :]
    try:
        if body.startswith(("0x", "0b")):
            value = int(body, 0)
        elif body.startswith("0") and len(body) > 1:
            value = int(body, 8)
        else:
            value = int(body)
    except ValueError:
        raise ExpressionError(f"'{token}' is no integer") from None
    return _wrap(value, "u" in suffix or value >> 63 != 0)


def _character(token: str) -> Value:
    body = token[token.index("'") + 1 : -1]
    if not body:
        raise ExpressionError("an empty character constant")
    if _NO_ESCAPE.match(body):
        raise ExpressionError(f"{token} is no character")
    return _wrap(ord(unescaped(body)[-1]), False)


class _Parser:
    """Precedence climbing over the tokens; a branch that is not taken is parsed but not computed."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self._tokens = _joined(tokens)
        self._at = 0

    def result(self) -> int:
        if not self._tokens:
            raise ExpressionError("there is no expression")
        value, _ = self._conditional(True)
        if self._at < len(self._tokens):
            raise ExpressionError(f"'{self._tokens[self._at]}' was not expected")
        return value

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str) -> None:
        if self._peek() != expected:
            raise ExpressionError(f"'{expected}' is missing")
        self._at += 1

    def _conditional(self, live: bool) -> Value:
        """conditional = binary [ "?" conditional ":" conditional ]"""
        condition = self._binary(1, live)
        if self._peek() != "?":
            return condition
        self._at += 1
        chosen = bool(condition[0])
        first = self._conditional(live and chosen)
        self._take(":")
        second = self._conditional(live and not chosen)
        return _wrap((first if chosen else second)[0], first[1] or second[1])

    def _binary(self, lowest: int, live: bool) -> Value:
        left = self._unary(live)
        while (precedence := _PRECEDENCE.get(self._peek(), 0)) >= lowest:
            symbol = self._peek()
            self._at += 1
            needed = live and not (symbol == "&&" and not left[0]) and not (symbol == "||" and left[0])
            right = self._binary(precedence + 1, needed)
            left = _apply(symbol, left, right, live)
        return left

    def _unary(self, live: bool) -> Value:
        token = self._peek()
        self._at += 1
        if token == "(":
            value = self._conditional(live)
            self._take(")")
            return value
        if token == "!":
            return (0 if self._unary(live)[0] else 1), False
        if token in ("-", "+", "~"):
            value = self._unary(live)
            number = -value[0] if token == "-" else ~value[0] if token == "~" else value[0]
            return _wrap(number, value[1])
        if not token:
            raise ExpressionError("it ends too early")
        if token[0].isdigit():
            return _number(token)
        if token[-1] == "'":
            return _character(token)
        if token[0].isalpha() or token[0] in "_$":
            if self._peek() == "(":
                raise ExpressionError(f"'{token}' is no macro with arguments")
            return (1 if token == "true" else 0), False
        raise ExpressionError(f"'{token}' was not expected")


def _joined(tokens: Sequence[str]) -> list[str]:
    """Tokens without white space, the operators of two characters in one piece."""
    out: list[str] = []
    after_space = True
    for token in tokens:
        if token == " ":
            after_space = True
            continue
        token = _WORDS.get(token.removeprefix("\x01"), token.removeprefix("\x01"))
        if out and not after_space and out[-1] + token in _TWO_CHARACTERS:
            out[-1] += token
        else:
            out.append(token)
        after_space = False
    return out


def _apply(symbol: str, left: Value, right: Value, live: bool) -> Value:
    if symbol == "&&":
        return int(bool(left[0]) and bool(right[0])), False
    if symbol == "||":
        return int(bool(left[0]) or bool(right[0])), False
    if symbol in ("<<", ">>"):
        shift = right[0] if symbol == "<<" else -right[0]
        return _wrap(left[0] << min(shift, 64) if shift >= 0 else left[0] >> min(-shift, 64), left[1])
    unsigned = left[1] or right[1]
    a, b = _wrap(left[0], unsigned)[0], _wrap(right[0], unsigned)[0]
    if symbol in _COMPARISONS:
        return int(_COMPARISONS[symbol](a, b)), False
    if symbol in ("/", "%"):
        if b == 0:
            if live:
                raise ExpressionError("division by zero")
            return 0, unsigned
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return _wrap(quotient if symbol == "/" else a - quotient * b, unsigned)
    if symbol in ("+", "-", "*"):
        return _wrap(a + b if symbol == "+" else a - b if symbol == "-" else a * b, unsigned)
    return _wrap(a & b if symbol == "&" else a | b if symbol == "|" else a ^ b, unsigned)


def evaluate(tokens: Sequence[str]) -> int:
    """The value of an expression whose macros are expanded and whose ``defined`` are replaced by 0 or 1.

    Raises ExpressionError where it has none.
    """
    try:
        return _Parser(tokens).result()
    except RecursionError:
        raise ExpressionError("it is nested too deeply") from None
