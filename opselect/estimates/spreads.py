"""How far sizes are from what is known of them, learned from files that were compiled.

Sizes differ by factors, so all of this is about natural logarithms of bytes. How often the bands hold,
``python -m tests.conformance.object_sizes`` prints; docs/estimates.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, log
from typing import NamedTuple

CONFIDENCE = 0.9
"""The part of the cases in which the truth is within the band."""

DEVIATIONS = 1.645
"""Standard deviations to each side that hold so many cases of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations of the logarithm of a size: what each file has of its own, and what all have together.

    All files are off together where another release, compiler flag or rule makes everything larger or smaller.
    """

    own: float
    shared: float

    @property
    def both(self) -> float:
        """That of one file."""
        return hypot(self.own, self.shared)

    def with_more(self, other: Spread) -> Spread:
        """The spread where both causes are at work."""
        return Spread(hypot(self.own, other.own), hypot(self.shared, other.shared))


class Registered(NamedTuple):
    """How many kernels and ops a file registers, and of how many classes the kernels are."""

    registrations: int
    classes: int


@dataclass(frozen=True, slots=True)
class Guess:
    """The middle of what the logarithm of a size is expected to be, with its spread."""

    middle: float
    spread: Spread


MEASURED = Spread(0.01, 0.008)
"""The same file compiled again with other headers of third parties, or of another patch release."""

_EMPTY = 400
"""Bytes of an object without any code of its own."""

_PER_REGISTRATION = 150
"""Bytes of one kernel whose class is there anyway."""

_WITHOUT_KERNELS = 4500
"""Bytes of a usual kernel file besides, which do not grow with its kernels: most are of headers."""

_MOST_WITHOUT = 0.6
"""The part of a small file that these are at most."""

_PER_OP = 0.9
"""The power by which a file of definitions grows with its ops."""

_SAME_KERNELS = Spread(0.05, 0.01)
_PER_CHANGE = Spread(0.25, 0.07)
_HELPER_OF_TYPES_ALIKE = Spread(0.15, 0.05)
_HELPER_OF_OTHER_TYPES = Spread(0.5, 0.2)

_FEW_TYPES = frozenset(("android-slim", "android", "ios"))
"""Profiles whose helpers have code for float, int32 and bool only; of the others most have all types."""

_MORE_TYPES = 2.2
"""A helper for all types has so many times the code of one for few."""

_PER_RELEASE = Spread(0.05, 0.015)
_POWER_OF_RELEASES = 0.75
"""Releases change some files much and most not at all: the spread grows faster than that of a sum of small changes."""

_MOST_RELEASES = 30


def in_other_build(
    measured: int, before: Registered, after: Registered, profiles: tuple[str, str] | None
) -> Guess | None:
    """The size of a file that registers ``after`` and has so many bytes where it registers ``before``.

    ``profiles`` are the one that was measured and the other, None where both builds have the same types. A file that
    registers nothing may have code for types all the same. None where what was measured says nothing: an object without
    kernels, of a file that has some here.
    """
    if before == after:
        if profiles is None:
            return Guess(log(measured), Spread(0, 0))
        if before.registrations:
            return Guess(log(measured), _SAME_KERNELS)
        return _helper(measured, *profiles)
    if before.registrations == 0:
        return None
    if after.registrations == 0:
        return Guess(log(_EMPTY), Spread(1.0, 0.3))
    size = _grown(measured, before, after)
    change = abs(log(size / measured))
    return Guess(log(size), _SAME_KERNELS.with_more(Spread(_PER_CHANGE.own * change, _PER_CHANGE.shared * change)))


def _helper(measured: int, before: str, after: str) -> Guess | None:
    """The size of a file without registrations in another profile; None for one that is empty in the first."""
    if measured <= _EMPTY:
        return None
    few_before, few_after = (profile.partition("+")[0] in _FEW_TYPES for profile in (before, after))
    if few_before == few_after:
        return Guess(log(measured), _HELPER_OF_TYPES_ALIKE)
    size = measured * _MORE_TYPES if few_before else measured / _MORE_TYPES
    return Guess(log(size), _HELPER_OF_OTHER_TYPES)


def _grown(measured: int, before: Registered, after: Registered) -> float:
    """The size with more or fewer kernels: each class has code, each registration some bytes, the rest stays."""
    if not before.classes or not after.classes:
        return float(measured * (after.registrations / before.registrations) ** _PER_OP)
    registering = min(before.registrations * _PER_REGISTRATION, measured * _MOST_WITHOUT)
    fixed = min(_WITHOUT_KERNELS, (measured - registering) * _MOST_WITHOUT)
    of_classes = (measured - registering - fixed) * after.classes / before.classes
    return fixed + of_classes + registering * after.registrations / before.registrations


def among_siblings(count: int) -> Spread:
    """How far the size of a file is from the middle one of some others that are made alike."""
    return Spread(0.36, 0.1) if count > 1 else Spread(0.5, 0.15)


def in_other_release(minors: int) -> Spread:
    """How far a size is off that is of a release some minor releases away, besides what its kernels do."""
    far = min(minors, _MOST_RELEASES) ** _POWER_OF_RELEASES
    return Spread(_PER_RELEASE.own * far, _PER_RELEASE.shared * far)


def in_library(library: float, there: int, here: int) -> Guess | None:
    """The size by the bytes that a file has in a desktop library, where it registers ``there`` and here ``here``.

    None where the library has next to nothing of the file: its code went to files that use the same templates.
    """
    if library < log(300):
        return None
    if there == 0:
        return Guess(4.2 + 0.59 * library, Spread(0.7, 0.3))
    if here == 0:
        return Guess(log(_EMPTY), Spread(1.0, 0.3))
    return Guess(1.7 + 0.85 * library + 0.82 * log(here / there), Spread(0.65, 0.3))


def by_registrations(count: int, *, defining: bool) -> Guess:
    """The size by the number of kernels, or of ops for a file that is ``defining`` them; nothing else is known.

    A file beside the definitions that defines none has gradients, of any size.
    """
    if defining and count:
        return Guess(6.7 + 0.9 * log(count + 1), Spread(0.32, 0.08))
    if count == 0:
        return Guess(8.6, Spread(1.8, 0.3))
    return Guess(10.1 + 0.33 * log(count), Spread(1.4, 0.45))
