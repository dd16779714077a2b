"""Macro definitions and their replacement lists ([cpp.replace])."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kernel_index.preprocessor.literals import WORD
from kernel_index.preprocessor.tokens import IDENTIFIER_START, identifiers, strip_space, tokenize

_HEAD = re.compile(rf"({WORD})(\(([^)]*)\))?")

VA_ARGS = "__VA_ARGS__"
VA_OPT = "__VA_OPT__"


class MacroSyntaxError(Exception):
    """A ``#define`` that no compiler accepts; the text says why."""


@dataclass(frozen=True, slots=True)
class Step:
    """One element of a replacement list, ready for substitution.

    ``kind`` is ``text`` (``value`` stands for itself), ``argument`` (fully expanded), ``raw`` (an operand of ``##``),
    ``string`` (``#parameter``), ``paste`` (``##``) or ``option`` (``__VA_OPT__``, whose content is ``steps``).
    """

    kind: str
    value: str = ""
    parameter: int = -1
    steps: tuple[Step, ...] = ()


class Macro:
    """A macro; two of them are the same definition only if they are the same object.

    ``parameters`` is None for an object-like macro; a variadic one has ``__VA_ARGS__`` (or GNU's named pack) last.
    The replacement list is taken apart only when the macro is first expanded: most never are.
    """

    __slots__ = ("_steps", "_words", "body", "name", "parameters", "variadic")

    def __init__(self, name: str, parameters: tuple[str, ...] | None, body: str, variadic: bool = False) -> None:
        self.name = name
        self.parameters = parameters
        self.body = body
        self.variadic = variadic
        self._steps: tuple[Step, ...] | None = None
        self._words: frozenset[str] | None = None

    def __repr__(self) -> str:
        parameters = "" if self.parameters is None else f"({', '.join(self.parameters)})"
        return f"#define {self.name}{parameters} {self.body}"

    @property
    def words(self) -> frozenset[str]:
        """The identifiers of the replacement list."""
        if self._words is None:
            self._words = frozenset(identifiers(self.body))
        return self._words

    @property
    def steps(self) -> tuple[Step, ...]:
        """The replacement list, ready for substitution. Raises MacroSyntaxError."""
        if self._steps is None:
            self._steps = _steps(strip_space(tokenize(self.body)), self.parameters, self.variadic)
        return self._steps


def parse_define(argument: str) -> Macro:
    """The macro that the text after ``#define`` defines. Raises MacroSyntaxError."""
    head = _HEAD.match(argument)
    if head is None:
        raise MacroSyntaxError("a macro name must be an identifier")
    name, has_parameters, inside = head[1], head[2], head[3]
    body = argument[head.end() :]
    if has_parameters is None:
        if body.startswith("("):
            raise MacroSyntaxError(f"the parameters of {name} do not end")
        return Macro(name, None, body)
    parameters = [p.strip() for p in inside.split(",")] if inside.strip() else []
    variadic = bool(parameters) and parameters[-1].endswith("...")
    if variadic:
        parameters[-1] = parameters[-1][:-3].strip() or VA_ARGS
    if not all(_HEAD.fullmatch(p) for p in parameters) or len(set(parameters)) < len(parameters):
        raise MacroSyntaxError(f"the parameters of {name} are no list of names")
    return Macro(name, tuple(parameters), body, variadic)


def _steps(tokens: Sequence[str], parameters: tuple[str, ...] | None, variadic: bool) -> tuple[Step, ...]:
    positions = {name: i for i, name in enumerate(parameters)} if parameters is not None else {}
    steps: list[Step] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token == "##":
            while steps and steps[-1] == _SPACE:
                steps.pop()
            if not steps or at + 1 >= len(tokens):
                raise MacroSyntaxError("'##' cannot stand at either end of a replacement list")
            if steps[-1].kind == "argument":
                steps[-1] = Step("raw", parameter=steps[-1].parameter)
            steps.append(_PASTE)
            at += 1
            while at < len(tokens) and tokens[at] == " ":
                at += 1
            continue
        pasted = bool(steps) and steps[-1] is _PASTE
        if token == "#" and parameters is not None:
            at += 1
            while at < len(tokens) and tokens[at] == " ":
                at += 1
            if at >= len(tokens) or tokens[at] not in positions:
                raise MacroSyntaxError("'#' is not followed by a macro parameter")
            steps.append(Step("string", parameter=positions[tokens[at]]))
        elif token in positions:
            steps.append(Step("raw" if pasted else "argument", parameter=positions[token]))
        elif token == VA_OPT and variadic:
            end = _closing(tokens, at)
            inner = strip_space(tokens[tokens.index("(", at) + 1 : end])
            if VA_OPT in inner:
                raise MacroSyntaxError(f"{VA_OPT} cannot stand inside another one")
            steps.append(Step("option", steps=_steps(inner, parameters, variadic)))
            at = end
        else:
            steps.append(_SPACE if token == " " else Step("text", token))
        at += 1
    return tuple(steps)


_SPACE = Step("text", " ")
_PASTE = Step("paste")


def _closing(tokens: Sequence[str], at: int) -> int:
    depth = 0
    for i in range(at + 1, len(tokens)):
        if tokens[i] == "(":
            depth += 1
        elif tokens[i] == ")":
            depth -= 1
            if depth == 0:
                return i
        elif depth == 0 and tokens[i] != " ":
            break
    raise MacroSyntaxError(f"{VA_OPT} is not followed by parentheses")


def is_identifier(token: str) -> bool:
    """Whether a token is an identifier that may name a macro."""
    return token[:1] in IDENTIFIER_START and token[-1:] not in "\"'"
