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

_SAME_KERNELS = Spread(0.1, 0.03)
_OTHER_KERNELS = 0.35
_HELPER_IN_OTHER_PROFILE = Spread(0.45, 0.15)

_PER_RELEASE = Spread(0.12, 0.05)
_FARTHEST = Spread(0.6, 0.25)


def in_other_profile(measured: float, before: int, after: int) -> Guess:
    """The size in a profile with ``after`` registrations, measured in one with ``before`` of them.

    A file that registers nothing may have code for types of the profile all the same.
    """
    if before == 0 == after:
        return Guess(measured, _HELPER_IN_OTHER_PROFILE)
    change = log((after + 0.5) / (before + 0.5))
    return Guess(measured + 0.9 * change, _SAME_KERNELS.with_more(Spread(_OTHER_KERNELS * abs(change), 0)))


def in_other_release(measured: float, before: int, after: int, minors: int) -> Guess:
    """The size in a release that is some minor releases away."""
    change = log((after + 0.5) / (before + 0.5))
    far = sqrt(min(minors, 12))
    spread = Spread(min(_PER_RELEASE.own * far, _FARTHEST.own), min(_PER_RELEASE.shared * far, _FARTHEST.shared))
    return Guess(measured + 0.8 * change, spread.with_more(Spread(_OTHER_KERNELS * abs(change), 0)))


def in_library(library: float, there: int, here: int) -> Guess | None:
    """The size by the bytes that a file has in a desktop library, where it registers ``there`` and here ``here``.

    None where the library has next to nothing of the file: its code went to files that use the same templates.
    """
    if library < log(300):
        return None
    if there == 0:
        return Guess(4.1 + 0.6 * library, Spread(0.6, 0.1))
    if here == 0:
        return Guess(log(400), Spread(1.0, 0.3))
    return Guess(1.8 + 0.84 * library + 0.82 * log(here / there), Spread(0.45, 0.1))


def by_registrations(count: int, *, defining: bool) -> Guess:
    """The size by the number of kernels, or of ops for a file that is ``defining`` them; nothing else is known."""
    if defining:
        return Guess(9.0 + 0.8 * log(count + 1), Spread(0.5, 0.15))
    if count == 0:
        return Guess(9.6, Spread(1.5, 0.3))
    return Guess(10.1 + 0.33 * log(count), Spread(1.4, 0.25))
