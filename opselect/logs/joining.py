"""A list or a summary that a program prints behind the failures that it is of: one failure, not two."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from opselect.logs.records import LogFailure
from opselect.logs.shapes.shape import MessageShape


@dataclass(slots=True)
class _Held:
    failure: LogFailure
    last_line: int
    since: float


@dataclass(slots=True)
class Joining:
    """The failures of one process in the order of its lines, those of one failure made one.

    They are held until nothing can join them any more.
    """

    _held: list[_Held] = field(default_factory=list)

    @property
    def failures(self) -> list[LogFailure]:
        """The failures that are held."""
        return [each.failure for each in self._held]

    @property
    def last_line(self) -> int:
        """The last line of the newest failure that is held; 0 where none is."""
        return max((each.last_line for each in self._held), default=0)

    def add(self, shape: MessageShape, failure: LogFailure, last_line: int = 0) -> None:
        """Add a failure that a shape read from the lines up to ``last_line``."""
        first = failure.lines[0] if failure.lines else 0
        last_line = max(last_line, first)
        now = time.monotonic()
        if shape.joins is None:
            self._held.append(_Held(failure, last_line, now))
            return
        near = [held for held in self._held if first - held.last_line <= shape.reach]
        of_failure = {id(held.failure): held for held in near}
        joined = shape.joins(tuple(held.failure for held in near), failure)
        self._held = [held for held in self._held if id(held.failure) not in of_failure]
        self._held += [of_failure.get(id(each)) or _Held(each, last_line, now) for each in joined]

    def take(self, *, before: int | None = None, older_than: float = 0.0) -> list[LogFailure]:
        """The failures whose last line is before a line, or that are held for some seconds: they are held no more."""
        now = time.monotonic()
        over: list[LogFailure] = []
        held: list[_Held] = []
        for place, each in enumerate(self._held):
            is_over = each.last_line < before if before is not None else now - each.since >= older_than
            if is_over or len(self._held) - place > _MOST_HELD:
                over.append(each.failure)
            else:
                held.append(each)
        self._held = held
        return over


_MOST_HELD = 500
"""A program prints no more failures before its list of them; a whole log may stand in one line."""
