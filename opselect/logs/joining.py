"""A list or a summary that a program prints behind the failures that it is of: one failure, not two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from opselect.logs.records import LogFailure

FARTHEST = 400
"""Maximum number of lines between a failure and what is printed behind it about it."""


def summed_up(failures: Iterable[LogFailure]) -> Iterator[LogFailure]:
    """The failures of a log in the order of its lines, with those made one that are of one failure."""
    recent: list[LogFailure] = []
    for each in failures:
        while recent and each.lines[0] - recent[0].lines[-1] > FARTHEST:
            yield recent.pop(0)
        if each.joins is None:
            recent.append(each)
            continue
        near = (at for at, other in enumerate(recent) if each.lines[0] - other.lines[-1] <= each.reach)
        start = next(near, len(recent))
        recent[start:] = each.joins(tuple(recent[start:]), each)
    yield from recent
