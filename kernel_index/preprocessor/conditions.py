"""Whether an ``#if`` holds: ``defined`` first, then macros, then arithmetic ([cpp.cond])."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from kernel_index.preprocessor.expand import Expander
from kernel_index.preprocessor.expressions import ExpressionError, evaluate
from kernel_index.preprocessor.files import IFDEF, IFNDEF, Instruction
from kernel_index.preprocessor.macros import Macro, is_identifier
from kernel_index.preprocessor.tokens import BLUE, identifiers, tokenize

MAX_DEPTH = 100
"""Macros within macros whose ``defined`` counts: far more than any source has."""

_Key = tuple[str, tuple[Macro | None, ...]]


MAX_CONDITION = 100_000
"""Characters of a condition: it is evaluated once for each of the many sets of macros that a scan tries."""


class Conditions:
    """Evaluates conditions, each once for every set of macros that its words can mean."""

    def __init__(self) -> None:
        self._known: dict[_Key, bool] = {}

    def hold(self, condition: Instruction, macros: Mapping[str, Macro], expander: Expander) -> bool:
        """Whether an ``#if``, ``#ifdef``, ``#ifndef`` or ``#elif`` holds. Raises ExpressionError or ExpansionError."""
        expression = condition.argument
        if condition.kind in (IFDEF, IFNDEF):
            return (expression in macros) == (condition.kind == IFDEF)
        if len(expression) > MAX_CONDITION:
            raise ExpressionError(f"it has {len(expression):,} characters, more than {MAX_CONDITION:,}")
        words = _words(expression)
        meanings = tuple([macros.get(word) for word in words])
        key = (expression, meanings)
        known = self._known.get(key)
        if known is not None:
            return known
        held = evaluate(expander.expand(_without_defined(tokenize(expression), macros))) != 0
        if all(m is None or not m.words for m in meanings):
            self._known[key] = held
        return held


@lru_cache(maxsize=4096)
def _words(expression: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(identifiers(expression)))


def _without_defined(
    tokens: Iterable[str], macros: Mapping[str, Macro], within: frozenset[str] = frozenset()
) -> list[str]:
    """The tokens with every ``defined`` replaced by 0 or 1, also in the object-like macros that hold one.

    The standard leaves a ``defined`` that comes out of a macro undefined. GCC and Clang evaluate it, which can only
    be done before its operand is expanded.
    """
    if len(within) > MAX_DEPTH:
        raise ExpressionError("macros with 'defined' are nested too deeply")
    out: list[str] = []
    tokens = iter(tokens)
    for token in tokens:
        if token == "defined":
            out.append(_defined(tokens, macros))
        elif token in within:
            out.append(BLUE + token)
        elif (macro := macros.get(token)) is not None and macro.parameters is None and _holds_defined(macro, macros):
            out += [" ", *_without_defined(tokenize(macro.body), macros, within | {token}), " "]
        else:
            out.append(token)
    return out


def _defined(tokens: Iterator[str], macros: Mapping[str, Macro]) -> str:
    name = _next_word(tokens)
    closed = True
    if name == "(":
        name = _next_word(tokens)
        closed = _next_word(tokens) == ")"
    if not (closed and is_identifier(name)):
        raise ExpressionError("'defined' takes a name")
    return "1" if name in macros else "0"


def _holds_defined(macro: Macro, macros: Mapping[str, Macro]) -> bool:
    """Whether a macro's replacement list has ``defined`` in it, or leads to a list that has."""
    todo = [macro]
    seen: set[str] = set()
    while todo:
        words = todo.pop().words
        if "defined" in words:
            return True
        todo += [inner for word in words - seen if (inner := macros.get(word)) is not None]
        seen |= words
    return False


def _next_word(tokens: Iterator[str]) -> str:
    return next((t for t in tokens if t != " "), "")
