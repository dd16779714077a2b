"""The words of ``--transforms``: ``name(argument=value, argument="value") name …``.

Source: ``ParseTransformParameters`` of ``tools/graph_transforms/transform_graph.cc``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kernel_index.errors import InputError
from kernel_index.near_names import typeset_mark

_SPACE = re.compile(r"\s*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9_]+")
_BARE_VALUE = re.compile(r"[A-Za-z0-9\-./_]+")
_QUOTED_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ADVICE = 'Write it like strip_unused_nodes(type=float, shape="1,299,299,3") fold_constants(ignore_errors=true).'


@dataclass(frozen=True, slots=True)
class Step:
    """One transform and its arguments; an argument that is given several times has several values."""

    name: str
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)


def parse_steps(text: str) -> tuple[Step, ...]:
    """``steps = { space, name, [ "(", arguments, ")" ] }``

    Raises InputError with the place in the text, underlined.
    """
    return _Parser(text).steps()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def steps(self) -> tuple[Step, ...]:
        steps = []
        self._take(_SPACE)
        while self._position < len(self._text):
            name = self._expect(_NAME, "the name of a transform")
            steps.append(Step(name, self._arguments() if self._literal("(") else {}))
            self._take(_SPACE)
        if not steps:
            raise self._error("there is no transform")
        return tuple(steps)

    def _arguments(self) -> dict[str, tuple[str, ...]]:
        """``arguments = { [ "," ], space, name, "=", value }``, up to the closing bracket."""
        found: dict[str, tuple[str, ...]] = {}
        while not self._literal(")"):
            self._literal(",")
            self._take(_SPACE)
            name = self._expect(_NAME, "the name of an argument")
            if not self._literal("="):
                raise self._error("'=' is missing")
            found[name] = (*found.get(name, ()), self._value())
        return found

    def _value(self) -> str:
        """``value = '"', { character }, '"' | word``; a stray quote after it is passed over, as upstream does."""
        quoted = _QUOTED_VALUE.match(self._text, self._position)
        if quoted:
            self._position = quoted.end()
            value = quoted[1]
        elif self._text.startswith('"', self._position):
            raise self._error("the quote is never closed")
        else:
            value = self._expect(_BARE_VALUE, "a value")
        self._literal('"')
        self._literal("'")
        return value

    def _expect(self, pattern: re.Pattern[str], what: str) -> str:
        start = self._position
        found = self._take(pattern)
        if not found:
            self._position = start
            raise self._error(f"{what} is missing")
        return found

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match[0]

    def _literal(self, text: str) -> bool:
        if not self._text.startswith(text, self._position):
            return False
        self._position += len(text)
        return True

    def _error(self, problem: str) -> InputError:
        start = self._text.rfind("\n", 0, self._position) + 1
        line = self._text[start:].partition("\n")[0]
        marked = f"{line}\n  {' ' * (self._position - start)}^"
        typeset = typeset_mark(self._text)
        advice = f"{typeset}: type the plain character.\n  {_ADVICE}" if typeset else _ADVICE
        return InputError("--transforms", f"{problem}\n  {marked}", advice)
