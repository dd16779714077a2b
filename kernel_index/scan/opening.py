"""Values of macros with which branches open: tried on the conditions alone, before a whole unit is run with them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations, islice, product

from kernel_index.preprocessor.branches import chain_of, condition_words
from kernel_index.preprocessor.conditions import Conditions
from kernel_index.preprocessor.expand import Expander, ExpansionError
from kernel_index.preprocessor.expressions import ExpressionError
from kernel_index.preprocessor.files import ELSE, Instruction
from kernel_index.preprocessor.literals import WORD
from kernel_index.preprocessor.macros import Macro
from kernel_index.scan.comparisons import numbers_around

Values = tuple[tuple[str, str | None], ...]
"""Macros with the values that they would need: None for one that must be undefined."""

_MAX_TRIED = 4000
"""Maximum number of combinations that are tried for one branch: a hundred take milliseconds."""

_MAX_VALUES = 30

_MAX_TOGETHER = 4
"""Maximum number of macros that get another value at once."""


def values_that_open(
    program: Sequence[Instruction], branches: Sequence[int], macros: Mapping[str, Macro], base: Collection[str]
) -> Values:
    """The fewest macros, with values, that open all of some branches of a program at once; nothing where none do.

    ``macros`` are those at the end of a run without them, ``base`` the names of those that the sources did not define.
    They may name others, as a version that is computed of its parts does.
    """
    links = [link for branch in branches for link in chain_of(program, branch)]
    texts = [program[i].argument for i in links]
    named = dict.fromkeys(word for branch in branches for word in condition_words(program, branch))
    free = dict(named)
    for name in named:
        for macro in _meant(name, macros):
            texts.append(macro.body)
            free |= dict.fromkeys(w for w in sorted(macro.words - {*(macro.parameters or ())}) if w not in macros)
    called = {m[1] for text in texts for m in re.finditer(rf"(?<![\w$])({WORD})\s*\(", text)}
    texts += [macro.body for name in sorted(called) for macro in _meant(name, macros)]
    numbers = [str(number) for number in numbers_around(texts)][:_MAX_VALUES]
    changeable = [n for n in free if n not in called and (n in base or n not in macros)]
    choices = {name: _choices(name in macros, numbers) for name in changeable}
    conditions = Conditions()
    for values in islice(_combinations(choices), _MAX_TRIED):
        if _opens(program, branches, _with(macros, values), conditions):
            return values
    return ()


def _meant(name: str, macros: Mapping[str, Macro]) -> Iterator[Macro]:
    """The macro of a name, and those that its replacement list leads to."""
    todo, seen = [name], set[str]()
    while todo:
        word = todo.pop()
        if word in macros and word not in seen:
            seen.add(word)
            yield macros[word]
            todo += sorted(macros[word].words)


def _choices(defined: bool, numbers: Iterable[str]) -> list[str | None]:
    return [*((None,) if defined else ()), "1", *(number for number in numbers if number != "1")]


def _combinations(choices: Mapping[str, Sequence[str | None]]) -> Iterator[Values]:
    for count in range(1, min(len(choices), _MAX_TOGETHER) + 1):
        for names in combinations(choices, count):
            for values in product(*(choices[name] for name in names)):
                yield tuple(zip(names, values, strict=True))


def _with(macros: Mapping[str, Macro], values: Values) -> dict[str, Macro]:
    changed = {name for name, _ in values}
    found = {name: macro for name, macro in macros.items() if name not in changed}
    return found | {name: Macro(name, None, value) for name, value in values if value is not None}


def _opens(
    program: Sequence[Instruction], branches: Sequence[int], macros: Mapping[str, Macro], conditions: Conditions
) -> bool:
    """Whether each of the branches is the first of its chain whose condition holds."""
    for branch in branches:
        if next((i for i in chain_of(program, branch) if _holds(program[i], macros, conditions)), None) != branch:
            return False
    return True


def _holds(branch: Instruction, macros: Mapping[str, Macro], conditions: Conditions) -> bool:
    try:
        return branch.kind == ELSE or conditions.hold(branch, macros, Expander(macros))
    except (ExpressionError, ExpansionError):
        return False
