"""Whether an ``#if`` holds: ``defined`` first, then macros, then arithmetic ([cpp.cond])."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from kernel_index.preprocessor.expand import Expander
from kernel_index.preprocessor.expressions import ExpressionError, evaluate
from kernel_index.preprocessor.macros import Macro, is_identifier
from kernel_index.preprocessor.tokens import identifiers, tokenize

_Key = tuple[str, tuple[Macro | None, ...]]


class Conditions:
    """Evaluates conditions, each once for every set of macros that its words can mean."""

    def __init__(self) -> None:
        self._known: dict[_Key, bool] = {}

    def hold(self, expression: str, macros: Mapping[str, Macro], expander: Expander) -> bool:
        """The truth of an expression. Raises ExpressionError or ExpansionError."""
        words = _words(expression)
        meanings = tuple([macros.get(word) for word in words])
        key = (expression, meanings)
        known = self._known.get(key)
        if known is not None:
            return known
        held = evaluate(expander.expand(_without_defined(expression, macros))) != 0
        if all(m is None or not m.words for m in meanings):
            self._known[key] = held
        return held


@lru_cache(maxsize=4096)
def _words(expression: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(identifiers(expression)))


def _without_defined(expression: str, macros: Mapping[str, Macro]) -> list[str]:
    out: list[str] = []
    tokens = iter(tokenize(expression))
    for token in tokens:
        if token != "defined":
            out.append(token)
            continue
        name = _next_word(tokens)
        if name == "(":
            name = _next_word(tokens)
            closed = _next_word(tokens) == ")"
        else:
            closed = True
        if not (closed and is_identifier(name)):
            raise ExpressionError("'defined' takes a name")
        out.append("1" if name in macros else "0")
    return out


def _next_word(tokens: Iterator[str]) -> str:
    return next((t for t in tokens if t != " "), "")
