"""Including headers, remembered: what a header does depends on little, and thousands of units include the same ones.

A header that registers nothing only edits the macro table. What it does is a function of the macros that its
conditions ask for and of which of the headers below it were included before. Both are noted when it is first obeyed;
whenever they are the same again, the edits are replayed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from kernel_index.errors import Place, PreprocessorError
from kernel_index.preprocessor.branches import obeyed
from kernel_index.preprocessor.calls import Outcomes, Problem
from kernel_index.preprocessor.files import (
    DEFINE,
    IFDEF,
    IFNDEF,
    INCLUDE,
    ONCE,
    UNDEF,
    Instruction,
    SourceFile,
)  # fmt: skip
from kernel_index.preprocessor.headers import Headers
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import identifiers

MAX_INCLUDE_DEPTH = 200
"""GCC's own limit on files within files."""

Report = Callable[[Problem], object]
"""Takes what could not be evaluated."""

Holds = Callable[[SourceFile, Instruction, Report], bool]
"""Evaluates a condition against the macro table of the run; false, and reported, where that cannot be done."""


def edit(macros: dict[str, Macro], edits: Mapping[str, Macro | None]) -> None:
    """Define macros in a table, and undefine those with None."""
    for name, macro in edits.items():
        if macro is None:
            macros.pop(name, None)
        else:
            macros[name] = macro


@dataclass(slots=True)
class State:
    """The macro table, the headers included so far as bits, and how deep inclusions nest at the moment."""

    macros: dict[str, Macro]
    included: int = 0
    depth: int = 0

    def descend(self, file: SourceFile) -> None:
        """A file is entered. Raises PreprocessorError where files include each other without end."""
        self.depth += 1
        if self.depth > MAX_INCLUDE_DEPTH:
            raise PreprocessorError(
                Place(file.path, line=1), f"files include each other more than {MAX_INCLUDE_DEPTH} deep",
                "The file probably includes itself and has no include guard.",
            )  # fmt: skip


@dataclass(slots=True)
class _Effect:
    """What a header did: ``asked`` is what it read of the table as it found it, ``edits`` what it left there."""

    asked: dict[str, Macro | None] = field(default_factory=dict)
    edits: dict[str, Macro | None] = field(default_factory=dict)
    added: int = 0
    problems: dict[Problem, None] = field(default_factory=dict)

    def ask(self, name: str, macros: dict[str, Macro]) -> None:
        if name not in self.edits and name not in self.asked:
            self.asked[name] = macros.get(name)

    def follow(self, inner: _Effect) -> None:
        """Take over what an inner header did."""
        for name, macro in inner.asked.items():
            if name not in self.edits:
                self.asked.setdefault(name, macro)
        self.edits.update(inner.edits)
        self.added |= inner.added
        self.problems.update(inner.problems)


class Inclusions:
    """Obeys headers for all runs of a scan, and remembers what each did."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers
        self._bits: dict[str, int] = {}
        self._below: dict[str, int] = {}
        self._effects: dict[tuple[str, int], list[_Effect]] = {}
        self.outcomes: Outcomes = {}
        """What statements of headers gave, in whichever unit they were expanded first."""

    def bit(self, path: str) -> int:
        """The bit of a header in :attr:`State.included`."""
        bit = self._bits.get(path)
        if bit is None:
            bit = self._bits[path] = 1 << len(self._bits)
        return bit

    def _bits_below(self, header: SourceFile) -> int:
        """The bits of a header and of all that it can include."""
        below = self._below.get(header.path)
        if below is None:
            below = self.bit(header.path)
            seen = {header.path}
            todo = [header]
            while todo:
                for inner in self._inner(todo.pop()):
                    if inner.path not in seen:
                        seen.add(inner.path)
                        known = self._below.get(inner.path)
                        below |= self.bit(inner.path) if known is None else known
                        if known is None:
                            todo.append(inner)
            self._below[header.path] = below
        return below

    def _inner(self, header: SourceFile) -> Iterable[SourceFile]:
        for instruction in header.program:
            if instruction.kind == INCLUDE:
                yield from self._headers.included_by(instruction.argument, header)

    def enter(self, header: SourceFile, state: State, holds: Holds) -> _Effect:
        """Do what including a header does that registers nothing, whatever it includes. Raises PreprocessorError."""
        key = (header.path, state.included & self._bits_below(header))
        known = self._effects.setdefault(key, [])
        macros = state.macros
        get = macros.get
        for effect in known:
            for name, macro in effect.asked.items():  # a loop, for this is where most time goes
                if get(name) is not macro:
                    break
            else:
                edit(macros, effect.edits)
                state.included |= effect.added
                return effect
        effect = self._obey(header, state, holds)
        known.append(effect)
        return effect

    def _obey(self, header: SourceFile, state: State, holds: Holds) -> _Effect:
        effect = _Effect()
        macros = state.macros
        state.descend(header)
        if header.once:
            effect.added = self.bit(header.path)
            state.included |= effect.added
        for _, instruction in obeyed(header.program, lambda i: self._holds(header, i, effect, state, holds)):
            kind = instruction.kind
            if kind in (DEFINE, UNDEF):
                change = {instruction.argument: instruction.macro}
                effect.edits.update(change)
                edit(macros, change)
            elif kind == ONCE:
                bit = self.bit(header.path)
                effect.added |= bit
                state.included |= bit
            elif kind == INCLUDE:
                for inner in self._headers.included_by(instruction.argument, header):
                    if not state.included & self.bit(inner.path):
                        effect.follow(self.enter(inner, state, holds))
        state.depth -= 1
        return effect

    def _holds(self, header: SourceFile, instruction: Instruction, effect: _Effect, state: State, holds: Holds) -> bool:
        if instruction.kind in (IFDEF, IFNDEF):
            effect.ask(instruction.argument, state.macros)
            return holds(header, instruction, effect.problems.setdefault)
        todo = identifiers(instruction.argument)
        seen: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                effect.ask(name, state.macros)
                macro = state.macros.get(name)
                if macro is not None:
                    todo += macro.words
        return holds(header, instruction, effect.problems.setdefault)
