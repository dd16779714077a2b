"""Comparisons of macros with numbers in conditions: which values of a macro are on either side of them."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from kernel_index.preprocessor.expressions import ExpressionError, evaluate
from kernel_index.preprocessor.literals import INTEGER, WORD
from kernel_index.preprocessor.tokens import identifiers, tokenize

_HOLDS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge, ">": operator.gt, "==": operator.eq, "!=": operator.ne, "<=": operator.le, "<": operator.lt,
}  # fmt: skip
_MIRRORED = {">=": "<=", ">": "<", "==": "==", "!=": "!=", "<=": ">=", "<": ">"}
_OPPOSITE = {">=": "<", ">": "<=", "==": "!=", "!=": "==", "<=": ">", "<": ">="}

_SIGN = r"\s*\)?\s*(?P<{0}>[<>]=?|[=!]=)(?![<>=])\s*\(?\s*"
_COMPARISON = re.compile(
    rf"(?<![\w.])(?:(?P<name>{WORD}){_SIGN.format('sign')}(?P<number>{INTEGER})"
    rf"|(?P<left>{INTEGER}){_SIGN.format('turned')}(?P<right>{WORD}))(?![\w.]|\s*[-+*/%(])"
)
_ARITHMETIC = ("+", "-", "*", "/", "%")
_ANY_NUMBER = re.compile(rf"(?<![\w.]){INTEGER}(?![\w.])")
_COMPARES = re.compile(r"(?<![<>])[<>](?![<>])|[=!]=")

_WORD = 32
"""Bits of a number that a macro is likely to be."""

_MAX_VALUES = 16
"""Maximum number of values of a macro that are tried."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``name sign number``; the number as the source spells it."""

    name: str
    sign: str
    number: str

    def holds(self, value: int) -> bool:
        """Whether it is true for a value of the macro."""
        return _HOLDS[self.sign](value, _value(self.number))

    def for_value(self, value: int) -> str:
        """The comparison, or its opposite, that is true for a value of the macro."""
        sign = self.sign if self.holds(value) else _OPPOSITE[self.sign]
        return f"{self.name} {sign} {self.number}"


def comparisons(condition: str, name: str) -> Iterator[Comparison]:
    """The comparisons of a macro with a number in the text of a condition."""
    for match in _COMPARISON.finditer(condition):
        if condition[: match.start()].rstrip().endswith(_ARITHMETIC):
            continue  # what is compared is what it makes with something else
        if match["name"] == name:
            yield Comparison(name, match["sign"], match["number"])
        elif match["right"] == name:
            yield Comparison(name, _MIRRORED[match["turned"]], match["left"])


def values_to_try(name: str, texts: Iterable[str]) -> list[int]:
    """Values for a macro that some conditions compare: one on either side of every comparison, likely ones first.

    The ``texts`` are the conditions, and the bodies of macros that they name. Where there is arithmetic, products of
    the numbers count, too. Nothing where no condition compares the macro.
    """
    texts = list(texts)
    if not any(_compares(name, text) for text in texts):
        return []
    found: dict[int, None] = {}
    for comparison in (c for text in texts for c in comparisons(text, name)):
        number = _value(comparison.number)
        found.update(dict.fromkeys(sorted((number, number + 1, number - 1), key=lambda v: not comparison.holds(v))))
    found.update(dict.fromkeys(numbers_around(texts)))
    return [value for value in found if value >= 0][:_MAX_VALUES]


def numbers_around(texts: Iterable[str]) -> list[int]:
    """The numbers that some conditions name, with what is beside them and what two of them make."""
    numbers = list(dict.fromkeys(_value(number) for text in texts for number in _ANY_NUMBER.findall(text)))
    beside = [value for number in numbers for value in (number, number + 1, number - 1)]
    pairs = [(a, b) for a, b in product(numbers, numbers) if a > 1 and b > 1]
    shifted = [a << b for a, b in pairs if b < _WORD]
    return [value for value in dict.fromkeys((*beside, *(a * b for a, b in pairs), *shifted)) if value >= 0]


def _compares(name: str, text: str) -> bool:
    """Whether a condition compares a macro with a number, or something that it may be a part of."""
    if any(comparisons(text, name)):
        return True
    direct = sum(1 for word in dict.fromkeys(identifiers(text)) for _ in comparisons(text, word))
    unknown = len(_COMPARES.findall(text)) > direct
    return unknown and re.search(rf"\b{name}\b", text) is not None


def _value(number: str) -> int:
    try:
        return evaluate(tokenize(number))
    except ExpressionError:
        return 0
