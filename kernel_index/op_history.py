"""Which releases of TensorFlow have an op, in words: what the shipped indexes know."""

from __future__ import annotations

from dataclasses import dataclass

from kernel_index import shipped
from kernel_index.profiles import release_number


@dataclass(frozen=True, slots=True)
class History:
    """Where an op is among the shipped releases, seen from a release that lacks it.

    ``text`` is a clause such as ``TensorFlow 1.13 and later have it``. ``later`` is the first release after that one
    with the op, ``earlier`` the last one before it, as minor numbers; empty where there is none. ``stays`` tells
    whether the newest release has it.
    """

    text: str
    later: str
    earlier: str
    stays: bool

    def advice(self, release: str) -> str:
        """What to do about the op where ``release`` is built."""
        if self.later:
            onwards = " or later" if self.stays else ""
            return f"Export the model for TensorFlow {release}, or build TensorFlow {self.later}{onwards}."
        if self.earlier:
            return f"Export the model without it, or build TensorFlow {self.earlier}, the last release that has it."
        # Upstream's release of that number has it: the sources at hand are others.
        return "Export the model without it, or take the op's sources from upstream and scan them with --root DIR."


def history(op: str, release: str) -> History | None:
    """What is known of an op that ``release`` lacks; None where no shipped release has it, as for a custom op.

    Raises IndexFileError for a damaged index.
    """
    having = frozenset(shipped.releases_with(op))
    if not having:
        return None
    here = release_number(release)
    minors = [shipped.minor_of(each) for each in shipped.releases() if each in having]
    later = [minor for minor in minors if release_number(minor) > here]
    earlier = [minor for minor in minors if release_number(minor) < here]
    return History(_text(having), next(iter(later), ""), next(reversed(earlier), ""), shipped.releases()[-1] in having)


def known_span() -> str:
    """The first and the last of the shipped releases: ``1.0 to 2.14``."""
    return _spelled([shipped.minor_of(release) for release in shipped.releases()])


def _text(having: frozenset[str]) -> str:
    runs = _runs(having)
    last = runs[-1][-1]
    if last == shipped.minor_of(shipped.releases()[-1]):
        spelled = [*map(_spelled, runs[:-1]), f"{runs[-1][0]} and later"]
        return f"TensorFlow {' and '.join(spelled)} have it"
    verb = "has" if len(runs) == len(runs[0]) == 1 else "have"
    return f"TensorFlow {' and '.join(map(_spelled, runs))} {verb} it, and it was removed after {last}"


def _runs(having: frozenset[str]) -> list[list[str]]:
    """The minor numbers of releases with an op, those together between which no shipped release lacks it."""
    runs: list[list[str]] = [[]]
    for release in shipped.releases():
        if release in having:
            runs[-1].append(shipped.minor_of(release))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _spelled(run: list[str]) -> str:
    return run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}"
