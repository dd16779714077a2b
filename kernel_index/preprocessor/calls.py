"""What expanding a statement gives: the calls of sinks, and what could not be evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kernel_index.preprocessor.macros import Macro


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be evaluated, with its place."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class SinkCall:
    """One call of a sink: its arguments fully expanded, and the expanded tokens after it up to the semicolon.

    ``file`` and ``line`` are those of the outermost macro call, ``instruction`` is the directive of that file before
    it. ``via`` are the macros that were being expanded when the sink was called.
    """

    sink: str
    arguments: tuple[tuple[str, ...], ...]
    trailing: tuple[str, ...]
    file: str
    line: int
    instruction: int = field(compare=False)
    via: tuple[Macro, ...] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What expanding a statement gave, every macro it depended on, and where it ended."""

    used: Mapping[str, Macro | None]
    calls: tuple[SinkCall, ...]
    problems: tuple[Problem, ...]
    end: int


Outcomes = dict[tuple[str, int], list[Outcome]]
"""The outcomes of statements, by file and offset."""
