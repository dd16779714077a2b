"""Macro expansion: arguments, ``#`` and ``##``, rescanning, and no macro inside itself ([cpp.subst], [cpp.rescan]).

The order of things follows GCC's libcpp where the standard leaves it open: a macro is enabled again as soon as the
scan has left its replacement list, also while it looks for the ``(`` of a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from kernel_index.preprocessor.macros import Macro, MacroSyntaxError, Step
from kernel_index.preprocessor.tokens import BLUE, IDENTIFIER_START, stringify, strip_space, tokenize

MAX_STEPS = 1_000_000
"""An expansion that reads more tokens than this will not end in useful time."""

MAX_DEPTH = 100
"""Arguments within arguments: more levels than this are a macro that calls itself through its arguments.

A level takes five frames of Python's stack, of which the headers around need their part (``MAX_INCLUDE_DEPTH``).
"""

SINK_ARGUMENTS = 2
"""Sinks are macros of the form ``(builder, ...)``."""

Handler = Callable[[str, list[list[str]]], Sequence[str]]
"""Called with a sink and its fully expanded arguments; what it returns stands in its place."""


class ExpansionError(Exception):
    """A call that cannot be expanded; the text says why."""


class EndlessExpansionError(ExpansionError):
    """An expansion that was given up: it would never end."""


class _Frame:
    """A token list being scanned; ``name`` is the macro it came from, disabled until the scan leaves it."""

    __slots__ = ("at", "name", "tokens")

    def __init__(self, tokens: Sequence[str], name: str | None) -> None:
        self.tokens = tokens
        self.at = 0
        self.name = name


class Expander:
    """Expands token streams against a table of macros.

    ``sinks`` are names that act as variadic macros whose expansion is reported to the ``handler`` instead: the calls
    that a scan looks for. ``builtins`` compute macros such as ``__LINE__``.
    """

    def __init__(
        self,
        macros: Mapping[str, Macro],
        sinks: AbstractSet[str] = frozenset(),
        handler: Handler | None = None,
        builtins: Mapping[str, Callable[[], str]] | None = None,
    ) -> None:
        self._macros = macros
        self._sinks = sinks
        self._handler = handler
        self._special = frozenset(sinks).union(builtins or ())
        self._builtins: Mapping[str, Callable[[], str]] = builtins or {}
        self._disabled: set[str] = set()
        self._steps = 0
        self._depth = 0
        self.used: dict[str, Macro | None] = {}
        """Every identifier that was looked up, with what it meant: all that the outcome depends on."""

    @property
    def active(self) -> AbstractSet[str]:
        """The names of the macros whose expansion is under way."""
        return self._disabled

    def expand(self, tokens: Sequence[str]) -> list[str]:
        """All tokens of a list that stands by itself, such as a condition, expanded. Raises ExpansionError.

        Whatever is being expanded around it, or was given up before, plays no part.
        """
        around = self._disabled, self._depth, self._steps
        self._disabled, self._depth, self._steps = set(), 0, 0
        try:
            return self._expanded(tokens)
        finally:
            self._disabled, self._depth, self._steps = around

    def _expanded(self, tokens: Sequence[str]) -> list[str]:
        """An argument, expanded while the macros around it stay disabled."""
        if self._macros.keys().isdisjoint(tokens) and self._special.isdisjoint(tokens):
            used = self.used
            for token in tokens:
                if token not in used and token[:1] in IDENTIFIER_START:
                    used[token] = None
            self._steps += len(tokens)
            return list(tokens)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise EndlessExpansionError("the expansion never ends: its arguments nest without end")
        try:
            return list(self._scan(_Lookahead(None), [_Frame(tokens, None)]))
        finally:
            self._depth -= 1

    def stream(self, source: TokenSource) -> Iterator[str]:
        """Expand the tokens of a source as they are asked for. Raises ExpansionError."""
        self._disabled = set()
        self._depth = 0
        self._steps = 0
        return self._scan(_Lookahead(source), [])

    def _scan(self, source: _Lookahead, frames: list[_Frame]) -> Iterator[str]:
        macros, sinks, builtins, used, disabled = self._macros, self._sinks, self._builtins, self.used, self._disabled
        while True:
            while frames and frames[-1].at >= len(frames[-1].tokens):
                self._leave(frames)
            if frames:
                frame = frames[-1]
                token = frame.tokens[frame.at]
                frame.at += 1
            else:
                outer = source.next_outermost()
                if outer is None:
                    return
                token = outer
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise EndlessExpansionError(f"the expansion never ends: it was given up after {MAX_STEPS} tokens")
            if token[:1] not in IDENTIFIER_START:
                yield token
                continue
            if token in sinks:
                arguments = self._arguments(source, frames, token, SINK_ARGUMENTS)
                if arguments is None:
                    yield token
                else:
                    assert self._handler is not None  # whoever names sinks handles them
                    yield from self._handler(token, [self._expanded(strip_space(a)) for a in arguments])
                continue
            macro = macros.get(token)
            if token not in used:
                used[token] = macro
            if macro is None:
                yield builtins[token]() if token in builtins else token
            elif token in disabled:
                yield BLUE + token
            elif macro.parameters is None:
                self._enter(frames, macro, self._replacement(macro, ()))
            else:
                arguments = self._arguments(source, frames, token, len(macro.parameters) if macro.variadic else -1)
                if arguments is None:
                    yield token
                else:
                    self._enter(frames, macro, self._replacement(macro, self._fitted(macro, arguments)))

    def _enter(self, frames: list[_Frame], macro: Macro, replacement: list[str]) -> None:
        self._disabled.add(macro.name)
        frames.append(_Frame(replacement, macro.name))

    def _leave(self, frames: list[_Frame]) -> None:
        name = frames.pop().name
        if name is not None:
            self._disabled.discard(name)

    def _arguments(self, source: _Lookahead, frames: list[_Frame], name: str, most: int) -> list[list[str]] | None:
        """The arguments of the call that follows; None where no call follows.

        Commas split them until there are ``most``; the last one keeps the commas that follow.
        """
        if not self._opens(source, frames):
            return None
        disabled = self._disabled
        arguments: list[list[str]] = [[]]
        current = arguments[0]
        depth = 1
        while True:
            while frames and frames[-1].at >= len(frames[-1].tokens):
                self._leave(frames)
            if frames:
                frame = frames[-1]
                token = frame.tokens[frame.at]
                frame.at += 1
            else:
                outer = source.next_token()
                if outer is None:
                    raise ExpansionError(f"the call of {name} does not end")
                token = outer
            self._steps += 1
            if token == "(":
                depth += 1
            elif token == ")":
                depth -= 1
                if depth == 0:
                    return arguments
            elif token == "," and depth == 1 and len(arguments) != most:
                current = []
                arguments.append(current)
                continue
            elif token in disabled:
                token = BLUE + token
            current.append(token)

    def _opens(self, source: _Lookahead, frames: list[_Frame]) -> bool:
        """Whether the next token is ``(``, which is then consumed; white space before another one is given back."""
        spaces = False
        opens = False
        while True:
            while frames and frames[-1].at >= len(frames[-1].tokens):
                self._leave(frames)
            if not frames:
                opens = source.opens()
                break
            frame = frames[-1]
            token = frame.tokens[frame.at]
            if token == " ":
                frame.at += 1
                spaces = True
                continue
            opens = token == "("
            frame.at += opens
            break
        if spaces and not opens:
            frames.append(_Frame((" ",), None))
        return opens

    @staticmethod
    def _fitted(macro: Macro, arguments: list[list[str]]) -> list[list[str]]:
        """One argument a parameter; the pack of a variadic macro may be absent."""
        parameters = macro.parameters
        assert parameters is not None  # called for function-like macros only
        wanted = len(parameters)
        if wanted == 0 and len(arguments) == 1 and not strip_space(arguments[0]):
            return []
        if macro.variadic and len(arguments) == wanted - 1:
            return [*arguments, []]
        if len(arguments) != wanted:
            raise ExpansionError(f"{macro.name} takes {wanted} arguments, the call has {len(arguments)}")
        return arguments

    def _replacement(self, macro: Macro, arguments: Sequence[list[str]]) -> list[str]:
        try:
            steps = macro.steps
        except MacroSyntaxError as problem:
            raise ExpansionError(f"{macro.name}: {problem}") from None
        return self._substituted(macro, steps, arguments, {})

    def _substituted(
        self, macro: Macro, steps: Sequence[Step], arguments: Sequence[list[str]], expanded: dict[int, list[str]]
    ) -> list[str]:
        out: list[str] = []
        pasting = False
        for step in steps:
            kind = step.kind
            if kind == "text":
                piece = [step.value]
            elif kind == "paste":
                pasting = True
                continue
            elif kind == "argument":
                if step.parameter not in expanded:
                    expanded[step.parameter] = strip_space(self._expanded(arguments[step.parameter]))
                piece = expanded[step.parameter]
            elif kind == "raw":
                piece = strip_space(arguments[step.parameter])
                if pasting and out and out[-1] == "," and macro.variadic and step.parameter == len(arguments) - 1:
                    # GNU's ", ## __VA_ARGS__": no pasting; the comma goes where the pack is empty, and else the
                    # white space in front of the pack is that of the call.
                    pasting = False
                    if not piece:
                        out.pop()
                        continue
                    out += arguments[step.parameter]
                    continue
                piece = piece or [""]
            elif kind == "string":
                piece = [stringify(arguments[step.parameter])]
            else:
                present = bool(strip_space(self._expanded(arguments[-1])))
                piece = self._substituted(macro, step.steps, arguments, expanded) if present else [""]
            if pasting:
                pasting = False
                left = out.pop() if out else ""
                right = piece[0] if piece else ""
                out += _pasted(left, right)
                out += piece[1:]
            else:
                out += piece
        return [t for t in out if t]


class TokenSource(Iterator[str], Protocol):
    """Tokens that are read as the expansion needs them."""

    def mark_outermost(self) -> None:
        """Called when the last token that was read is scanned outside any macro's replacement or argument."""


class _Lookahead:
    """A source, or nothing, with tokens that were read too early put back."""

    __slots__ = ("_ahead", "_source")

    def __init__(self, source: TokenSource | None) -> None:
        self._source = source
        self._ahead: list[str] = []

    def next_token(self) -> str | None:
        """The next token, None at the end; for an argument of a call."""
        if self._ahead:
            return self._ahead.pop()
        return next(self._source, None) if self._source is not None else None

    def next_outermost(self) -> str | None:
        """The next token, None at the end, where it stands at the outermost level."""
        token = self.next_token()
        if token is not None and self._source is not None:
            self._source.mark_outermost()
        return token

    def opens(self) -> bool:
        """Whether ``(`` comes next, which is then consumed; white space before anything else stays."""
        spaces = False
        while (token := self.next_token()) is not None:
            if token == "(":
                return True
            if token != " ":
                self._ahead.append(token)
                break
            spaces = True
        if spaces:
            self._ahead.append(" ")
        return False


def _pasted(left: str, right: str) -> list[str]:
    """``left ## right``: one token where they form one, else both, as GCC goes on after its error."""
    left, right = left.removeprefix(BLUE), right.removeprefix(BLUE)
    joined = tokenize(left + right)
    return [left + right] if len(joined) <= 1 else joined
