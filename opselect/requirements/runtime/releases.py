"""Ranges of TensorFlow releases: which of them do something."""

from __future__ import annotations

from dataclasses import dataclass

Release = tuple[int, int]
"""Major and minor version; patch releases do not differ in what the runtime adds."""


@dataclass(frozen=True, slots=True)
class Span:
    """From ``first`` to ``last``, both included; without ``last`` up to the newest release there is.

    The sources that were read are those of 1.0 to 2.8 and 2.14. What 2.14 has and 2.8 lacks counts from 2.9 on, so
    that a release between them rather has too much. Newer releases are taken to do what 2.14 does.
    """

    first: Release
    last: Release | None = None

    def __contains__(self, release: Release) -> bool:
        return self.first <= release and (self.last is None or release <= self.last)

    def __str__(self) -> str:
        first = "{}.{}".format(*self.first)
        if self.last is None:
            return f"from {first}"
        return first if self.first == self.last else "{} to {}.{}".format(first, *self.last)
