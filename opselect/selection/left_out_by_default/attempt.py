"""What became of trying to prepare a model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opselect.requirements.collect import Requirement


@dataclass(frozen=True, slots=True)
class Attempt:
    """``opselect prepare`` on a model, tried in memory.

    ``command`` is the command line that does it. ``needed`` are the requirements of what it makes; None where it
    did not work, which ``problem`` is about, or where ``too_large`` says why it was not tried.
    """

    command: str
    needed: tuple[Requirement, ...] | None = None
    problem: str = ""
    too_large: str = ""

    def leaves(self, same: Callable[[Requirement], bool]) -> bool:
        """Whether the prepared model, if there is one, still needs something; true where that is not known."""
        return self.needed is None or any(map(same, self.needed))


TryPreparing = Callable[[], Attempt]
"""Tries it when it is called."""
