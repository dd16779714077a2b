"""Releases of the runtime: TensorFlow Lite, and LiteRT, which goes on with it under versions of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kernel_index.errors import OpselectError
from kernel_index.near_names import near_names
from kernel_index.shown import one_line, shortened

LITERT = "litert-"
"""How releases of LiteRT are spelled: 2.2 is of TensorFlow, and ``litert-2.2`` of 2026."""

_SPELLED = re.compile(r"(?P<litert>litert-)?v?(?P<numbers>\d{1,4}\.\d{1,4}(?:\.\d{1,4})?)", re.ASCII)
_MAX_NEAR = 3
"""Maximum number of releases that an error names."""


@dataclass(frozen=True, slots=True, order=True)
class LiteRelease:
    """A release; in order those of TensorFlow come first, for LiteRT went on after them."""

    is_litert: bool
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        """As it is spelled on the command line: ``2.8.4`` or ``litert-2.2.0``."""
        return f"{LITERT if self.is_litert else ''}{'.'.join(map(str, self.numbers))}"

    @property
    def name(self) -> str:
        """As a sentence calls it."""
        return f"{'LiteRT' if self.is_litert else 'TensorFlow Lite'} {'.'.join(map(str, self.numbers))}"

    @property
    def minor(self) -> LiteRelease:
        """The release without the number of its patch."""
        return LiteRelease(self.is_litert, self.numbers[:2])


def parse_release(text: str) -> LiteRelease | None:
    """The release that a text spells, of two numbers or three; None where it spells none."""
    found = _SPELLED.fullmatch(text.strip())
    if found is None:
        return None
    return LiteRelease(found["litert"] is not None, tuple(map(int, found["numbers"].split("."))))


def find_release(text: str, known: Sequence[LiteRelease]) -> LiteRelease:
    """The known release that a text names; of two numbers the newest patch.

    Raises OpselectError for one that is not known, and names the nearest that are.
    """
    wanted = parse_release(text)
    fitting = [each for each in known if wanted in (each, each.minor)]
    if fitting:
        return max(fitting)
    near = _nearest(wanted, known) if wanted is not None else (max(each for each in known if not each.is_litert),)
    problem = f"no runtime {shortened(one_line(text.strip())) or '(empty)'} of TensorFlow Lite is known"
    swapped = _of_the_same_digits(text.strip(), known)
    ways = (
        f"did you mean {swapped}?"
        if swapped
        else f"nearest: {', '.join(map(str, near))}"
        if wanted is not None
        else "write 2.8 for TensorFlow Lite 2.8, and litert-2.1 for LiteRT 2.1"
    )
    first, last = (min(known, default=None), max((each for each in known if not each.is_litert), default=None))
    litert = [each for each in known if each.is_litert]
    spans = f"Known are {first} to {last}"
    spans += f", and of LiteRT {litert[0]} to {litert[-1]}." if litert else "."
    raise OpselectError(f"{problem}; {ways}\n  {spans}")


def _of_the_same_digits(text: str, known: Iterable[LiteRelease]) -> str:
    """``2.14`` for ``2.41``: what was meant where two digits changed places; empty where there is no such release."""
    near = near_names(text, {str(each) for release in known for each in (release, release.minor)}, at_most=1)
    return next((each for each in near if sorted(each) == sorted(text)), "")


def _nearest(wanted: LiteRelease, known: Iterable[LiteRelease]) -> tuple[LiteRelease, ...]:
    """The last known one before, the first after, both of the same line, and one of the same numbers in the other."""
    line = sorted(each for each in known if each.is_litert == wanted.is_litert)
    before = [each for each in line if each < wanted][-1:]
    after = [each for each in line if each > wanted][:1]
    other = [
        each
        for each in known
        if each.is_litert != wanted.is_litert and wanted.numbers in (each.numbers, each.numbers[:2])
    ][-1:]
    return tuple((before + after + other)[:_MAX_NEAR])
