"""What a benchmark measured: figures beside a public tool's, with their limits, and how times grow."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number of opselect, in ``unit``.

    ``tool`` is the public program that did the same or less in the same run, and ``theirs`` its number. The limit is
    ``at_most`` units, or ``share`` of the tool's number (1.1: a tenth more than it; 1/60: a sixtieth). Without either
    the number is there to be known. ``reason`` says why a limit is missed, where it is known to be.
    """

    what: str
    ours: float
    unit: str
    tool: str = ""
    theirs: float | None = None
    at_most: float | None = None
    share: float | None = None
    reason: str = ""

    @property
    def ratio(self) -> float | None:
        """What opselect takes of what the tool takes."""
        return None if self.theirs is None else self.ours / self.theirs

    @property
    def kept(self) -> bool | None:
        """Whether the limit is kept; None without one."""
        if self.at_most is None and self.share is None:
            return None
        below = self.at_most is None or self.ours <= self.at_most
        return below and (self.share is None or (self.ratio is not None and self.ratio <= self.share))


@dataclass(frozen=True, slots=True)
class Curve:
    """How seconds of the processor grow with the size of the input, ``of`` what; sizes go up.

    Where ``most_growth`` is set, seconds may grow by no more than that from one size to the next.
    """

    what: str
    of: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    most_growth: float | None = None
    reason: str = ""

    @property
    def growth(self) -> tuple[float, ...]:
        """By how much each time is the one before it."""
        return tuple(after / before for before, after in pairwise(self.seconds))

    @property
    def kept(self) -> bool | None:
        """Whether no step grew too much; None without a limit."""
        return None if self.most_growth is None else max(self.growth) <= self.most_growth


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one benchmark has to say. ``notes`` are facts that belong to its figures: sizes and counts."""

    figures: Sequence[Figure] = ()
    curves: Sequence[Curve] = ()
    notes: Sequence[str] = ()

    @property
    def kept(self) -> bool:
        """Whether no limit is missed."""
        return not self.missed

    @property
    def missed(self) -> list[Figure | Curve]:
        """What exceeds its limit."""
        return [*(f for f in self.figures if f.kept is False), *(c for c in self.curves if c.kept is False)]

    def to_json(self) -> dict[str, object]:
        return dataclasses.asdict(self)

    @staticmethod
    def of_json(rows: Mapping[str, Any]) -> Measured:
        """What :meth:`to_json` made, also when it was read from a file, where tuples are lists."""
        curves = [{**row, "sizes": tuple(row["sizes"]), "seconds": tuple(row["seconds"])} for row in rows["curves"]]
        return Measured(
            tuple(Figure(**row) for row in rows["figures"]), tuple(Curve(**row) for row in curves), rows["notes"]
        )


def amount(number: float, unit: str) -> str:
    """A number as people read it: three digits that count, and its unit."""
    digits = 0 if number >= 100 else 1 if number >= 10 else 2
    return f"{number:,.{digits}f} {unit}"


def times(ratio: float) -> str:
    """A ratio as people say it: ``1/24`` or ``1.30 ×``."""
    return f"{ratio:.2f} ×" if ratio >= 1 / 1.95 else f"1/{1 / ratio:.0f}"


def limit(figure: Figure) -> str:
    """What a figure must not exceed, in words."""
    parts = []
    if figure.at_most is not None:
        parts.append(f"≤ {figure.at_most:g} {figure.unit}")
    if figure.share is not None:
        parts.append(f"≤ {times(figure.share)} {figure.tool}")
    return ", ".join(parts)


def verdict(kept: bool | None) -> str:
    return {None: "", True: "kept", False: "MISSED"}[kept]


def text(measured: Measured) -> str:
    """All of it for a terminal, a line a figure."""
    lines = list(measured.notes)
    for figure in measured.figures:
        parts = [f"{figure.what}: {amount(figure.ours, figure.unit)}"]
        if figure.theirs is not None and figure.ratio is not None:
            parts.append(f"{figure.tool}: {amount(figure.theirs, figure.unit)}, {times(figure.ratio)}")
        lines.append("  ".join(filter(None, [*parts, limit(figure), verdict(figure.kept)])))
    for curve in measured.curves:
        points = ", ".join(f"{size:,}: {took:.2f} s" for size, took in zip(curve.sizes, curve.seconds, strict=True))
        grew = ", ".join(f"{growth:.1f}" for growth in curve.growth)
        lines.append(f"{curve.what} ({curve.of}) {points}; grew {grew}  {verdict(curve.kept)}".rstrip())
    return "\n".join(lines)
