"""The expected size of some source files of one build, with a band in which the truth is in most cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, hypot, sqrt

from kernel_index.shipped.sizes import SizeTable, all_sizes, sizes_of
from opselect.estimates.kept_classes import Share, share_of
from opselect.estimates.known_sizes import KnownSizes, is_of, of_release
from opselect.estimates.records import Basis, CompiledAs, FileEstimate, FileToCompile, SizeEstimate
from opselect.estimates.spreads import CONFIDENCE, DEVIATIONS, Guess

_LEAST = 64
"""Bytes by which even an object is off that was measured."""

_MOST_SKEWED = 1.4
"""Beyond it the mean of a skewed distribution is over 2.6 times its middle, which few files would make likely."""


def measured_files(release: str, profile: str) -> frozenset[str]:
    """The files whose objects were measured in just this build: what they register need not be asked.

    Raises IndexFileError for a damaged table.
    """
    return frozenset(path for table in sizes_of(release) for path in table.files if is_of(path, table, profile))


@dataclass(frozen=True, slots=True)
class _Part:
    """A file's expected bytes, and by how many they may be off: what it has of its own, and with all others."""

    file: FileEstimate
    own: tuple[float, float]
    shared: tuple[float, float]


def estimate(
    files: Iterable[FileToCompile],
    release: str,
    profile: str,
    tables: Sequence[SizeTable] | None = None,
) -> SizeEstimate | None:
    """The expected size of source files in a build of a release and profile, None where no table is of objects.

    ``tables`` are those that are asked; without them those that are shipped. A file that is there twice counts once.
    Files are added up as independent, but for what those have in common that are known in the same way. Raises
    IndexFileError for a damaged table.
    """
    if tables is None:
        known = KnownSizes(sizes_of(release), all_sizes, release, profile)
    else:
        known = KnownSizes(of_release(tables, release), lambda: tables, release, profile)
    made = known.compiled_as()
    if made is None:
        return None
    distinct = {file.path: file for file in files}
    unknown = tuple(sorted(path for path, file in distinct.items() if file.own))
    parts = [_part(file, known) for _, file in sorted(distinct.items()) if not file.own]
    total = sum(part.file.bytes for part in parts)
    below, above = (_off(parts, side) for side in (0, 1))
    return SizeEstimate(
        total,
        max(0, int(total - below)),
        int(total + above) + 1 if parts else 0,
        CONFIDENCE,
        CompiledAs(made.compiler, made.architecture, made.flags, profile, release),
        tuple(part.file for part in parts),
        unknown,
    )


def _off(parts: Sequence[_Part], side: int) -> float:
    """By how many bytes a sum is off to one side.

    What files have of their own evens out, what those of one basis have together does not. A norm of the two: with
    more files neither end of the band is ever smaller.
    """
    by_basis: dict[Basis, float] = {}
    for part in parts:
        by_basis[part.file.basis] = by_basis.get(part.file.basis, 0.0) + part.shared[side]
    return hypot(*(part.own[side] for part in parts), *by_basis.values())


def _part(file: FileToCompile, known: KnownSizes) -> _Part:
    guess, basis = known.guess(file)
    size = _mean(guess)
    whole, common = _off_alone(guess, size), _off_together(guess, size)
    share = Share(1, 1, 1) if file.kept is None else share_of(file.kept, file.registrations, known.by_class(file.path))
    left = share.middle
    count = size * left
    unsure = size * (left - share.low), size * (share.high - left)
    below, above = (hypot(whole[side] * left, unsure[side]) for side in (0, 1))
    off = min(below, count), above
    shared = min(common[0] * left, off[0]), min(common[1] * left, off[1])
    return _Part(
        FileEstimate(file.path, round(count), round(count - off[0]), round(count + off[1]), basis),
        (sqrt(off[0] ** 2 - shared[0] ** 2), sqrt(off[1] ** 2 - shared[1] ** 2)),
        shared,
    )


def _mean(guess: Guess) -> float:
    """The mean of sizes whose logarithms are spread about a middle: larger than the middle, for large ones are rare."""
    return exp(guess.middle + min(guess.spread.both, _MOST_SKEWED) ** 2 / 2)


def _off_alone(guess: Guess, size: float) -> tuple[float, float]:
    """By how many bytes one file may be below and above its expected size."""
    low, high = (exp(guess.middle + side * DEVIATIONS * guess.spread.both) for side in (-1, 1))
    return size - low + _LEAST, max(high - size, 0.0) + _LEAST


def _off_together(guess: Guess, size: float) -> tuple[float, float]:
    """By how many of these bytes it is off when all that are known in the same way are."""
    low, high = (exp(side * DEVIATIONS * guess.spread.shared) for side in (-1, 1))
    return size * (1 - low), size * (high - 1)
