"""Which text of a file a build profile compiles, with both branches of what a profile does not decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kernel_index.preprocessor.conditions import Conditions
from kernel_index.preprocessor.expand import Expander, ExpansionError
from kernel_index.preprocessor.expressions import ExpressionError
from kernel_index.preprocessor.files import (
    ELIF,
    ELSE,
    ENDIF,
    IFDEF,
    IFNDEF,
    OPENING,
    Instruction,
    SourceFile,
    own_condition_words,
)  # fmt: skip
from kernel_index.preprocessor.macros import Macro

_ONE = Macro("?", None, "1")


class ActiveText:
    """Evaluates conditions for one set of macros. Names in ``open_names`` may be defined or not."""

    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self._macros = macros
        self._conditions = Conditions()
        self._known: dict[tuple[int, str, frozenset[str]], bool | None] = {}

    def holds(self, kind: int, argument: str, open_names: Collection[str]) -> bool | None:
        """Whether a condition holds; None where that depends on an open name."""
        if kind in (IFDEF, IFNDEF):
            if argument in self._macros:
                return kind == IFDEF
            return None if argument in open_names else kind == IFNDEF
        first = self._evaluated(argument, ())
        if not open_names:
            return first
        return first if first is self._evaluated(argument, open_names) else None

    def _evaluated(self, argument: str, defined: Collection[str]) -> bool | None:
        macros = {**dict.fromkeys(defined, _ONE), **self._macros} if defined else self._macros
        try:
            return self._conditions.hold(argument, macros, Expander(macros))
        except (ExpressionError, ExpansionError):
            return None

    def taken(self, file: SourceFile, open_names: Collection[str]) -> tuple[int, ...]:
        """The instructions of a file whose text is active, or may be."""
        taken: list[int] = []
        # Of each open conditional: whether its text is active now, whether a branch surely was, whether the outside is.
        chains: list[tuple[bool, bool, bool]] = []
        active = True
        for index, instruction in enumerate(file.program):
            kind = instruction.kind
            if kind in OPENING:
                held = self._branch(instruction, open_names) if active else False
                chains.append((held is not False, held is True, active))
                active = active and held is not False
            elif kind in (ELIF, ELSE) and chains:
                _, done, outside = chains[-1]
                held = False
                if outside and not done:
                    held = self._branch(instruction, open_names) if kind == ELIF else True
                active = outside and held is not False
                chains[-1] = (active, done or held is True, outside)
            elif kind == ENDIF and chains:
                active = chains.pop()[2]
            if active:
                taken.append(index)
        return tuple(taken)

    def _branch(self, instruction: Instruction, open_names: Collection[str]) -> bool | None:
        if instruction.kind in (IFDEF, IFNDEF):
            return self.holds(instruction.kind, instruction.argument, open_names)
        words = own_condition_words(instruction)
        names = frozenset(w for w in words if w in open_names and w not in self._macros)
        key = (0, instruction.argument, names)
        if key not in self._known:
            self._known[key] = self.holds(instruction.kind, instruction.argument, names)
        return self._known[key]
