"""A list or a summary that a program prints behind the failures that it is of: one failure, not two."""

from __future__ import annotations

from dataclasses import dataclass, field

from opselect.logs.records import LogFailure
from opselect.logs.shapes.shape import Shape


@dataclass(slots=True)
class Joining:
    """The failures of one process in the order of its lines, those of one failure made one."""

    failures: list[LogFailure] = field(default_factory=list)
    _last_lines: list[int] = field(default_factory=list)

    def add(self, shape: Shape, failure: LogFailure, last_line: int = 0) -> None:
        """Add a failure that a shape read from the lines up to ``last_line``."""
        first = failure.lines[0] if failure.lines else 0
        last_line = max(last_line, first)
        if shape.joins is not None:
            for place in reversed(range(len(self.failures))):
                if first - self._last_lines[place] > shape.reach:
                    break
                joined = shape.joins(self.failures[place], failure)
                if joined is not None:
                    self.failures[place] = joined
                    self._last_lines[place] = last_line
                    return
        self.failures.append(failure)
        self._last_lines.append(last_line)
