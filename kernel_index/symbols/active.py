"""Which text of a file a build profile compiles, with both branches of what a profile does not decide."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kernel_index.preprocessor.branches import obeyed, own_condition_words
from kernel_index.preprocessor.conditions import Conditions
from kernel_index.preprocessor.expand import Expander, ExpansionError
from kernel_index.preprocessor.expressions import ExpressionError
from kernel_index.preprocessor.files import IFDEF, IFNDEF, Instruction, SourceFile
from kernel_index.preprocessor.macros import Macro

_ONE = Macro("?", None, "1")


class ActiveText:
    """Evaluates conditions for one set of macros. Names in ``open_names`` may be defined or not."""

    def __init__(self, macros: Mapping[str, Macro]) -> None:
        self._macros = macros
        self._conditions = Conditions()
        self._known: dict[tuple[str, frozenset[str]], bool | None] = {}

    def taken(self, file: SourceFile, open_names: Collection[str]) -> tuple[int, ...]:
        """The instructions of a file whose text is active, or may be."""
        return tuple(index for index, _ in obeyed(file.program, lambda condition: self._holds(condition, open_names)))

    def _holds(self, condition: Instruction, open_names: Collection[str]) -> bool | None:
        """Whether a condition holds; None where that depends on an open name."""
        if condition.kind in (IFDEF, IFNDEF):
            name = condition.argument
            if name in open_names and name not in self._macros:
                return None
            return self._conditions.hold(condition, self._macros, Expander(self._macros))
        names = frozenset(w for w in own_condition_words(condition) if w in open_names and w not in self._macros)
        key = (condition.argument, names)
        if key not in self._known:
            held = self._evaluated(condition, ())
            self._known[key] = held if not names or held is self._evaluated(condition, names) else None
        return self._known[key]

    def _evaluated(self, condition: Instruction, defined: Collection[str]) -> bool | None:
        macros = {**dict.fromkeys(defined, _ONE), **self._macros} if defined else self._macros
        try:
            return self._conditions.hold(condition, macros, Expander(macros))
        except (ExpressionError, ExpansionError):
            return None
