"""How far sizes are from what is known of them, learned from files that were compiled.

Sizes differ by factors, so all of this is about natural logarithms of bytes. How often the bands hold,
``python -m tests.conformance.object_sizes`` prints; docs/estimates.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, log, sqrt

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


@dataclass(frozen=True, slots=True)
class Guess:
    """The middle of what the logarithm of a size is expected to be, with its spread."""

    middle: float
    spread: Spread


MEASURED = Spread(0.008, 0.004)
"""The same file compiled again with other headers of third parties, or of another patch release."""

_EMPTY = 400
"""Bytes of an object without any code of its own."""

_WITHOUT_KERNELS = 4700
"""Bytes of a usual kernel file that do not grow with its kernels: what registers them, and what headers bring along."""

_MOST_WITHOUT = 0.7
"""The part of a small file that is so much at most."""

_SAME_KERNELS = Spread(0.05, 0.01)
_PER_CHANGE = Spread(0.2, 0.05)
_HELPER_OF_OTHER_TYPES = Spread(0.3, 0.1)

_PER_RELEASE = Spread(0.06, 0.015)
_MOST_RELEASES = 30


def in_other_build(measured: int, before: int, after: int, *, same_types: bool) -> Guess | None:
    """The size of a file with ``after`` registrations that has so many bytes with ``before`` of them.

    A file that registers nothing may have code for types all the same, so that it is known where these are the
    ``same_types``. None where what was measured says nothing: an object without kernels, of a file that has some here.
    """
    if before == after:
        if same_types:
            return Guess(log(measured), Spread(0, 0))
        if before:
            return Guess(log(measured), _SAME_KERNELS)
        return Guess(log(measured), _HELPER_OF_OTHER_TYPES) if measured > _EMPTY else None
    if before == 0:
        return None
    if after == 0:
        return Guess(log(_EMPTY), Spread(1.0, 0.3))
    fixed = min(_WITHOUT_KERNELS, measured * _MOST_WITHOUT)
    size = fixed + (measured - fixed) * after / before
    change = abs(log(size / measured))
    return Guess(log(size), _SAME_KERNELS.with_more(Spread(_PER_CHANGE.own * change, _PER_CHANGE.shared * change)))


def in_other_release(minors: int) -> Spread:
    """How far a size is off that is of a release some minor releases away, besides what its kernels do."""
    far = sqrt(min(minors, _MOST_RELEASES))
    return Spread(_PER_RELEASE.own * far, _PER_RELEASE.shared * far)


def in_library(library: float, there: int, here: int) -> Guess | None:
    """The size by the bytes that a file has in a desktop library, where it registers ``there`` and here ``here``.

    None where the library has next to nothing of the file: its code went to files that use the same templates.
    """
    if library < log(300):
        return None
    if there == 0:
        return Guess(4.2 + 0.59 * library, Spread(0.65, 0.25))
    if here == 0:
        return Guess(log(_EMPTY), Spread(1.0, 0.3))
    return Guess(1.7 + 0.85 * library + 0.82 * log(here / there), Spread(0.6, 0.25))


def by_registrations(count: int, *, defining: bool) -> Guess:
    """The size by the number of kernels, or of ops for a file that is ``defining`` them; nothing else is known."""
    if defining:
        return Guess(6.7 + 0.9 * log(count + 1), Spread(0.32, 0.08))
    if count == 0:
        return Guess(8.6, Spread(2.0, 0.3))
    return Guess(10.1 + 0.33 * log(count), Spread(1.4, 0.25))
