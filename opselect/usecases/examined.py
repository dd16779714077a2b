"""What an examination of an installation or a place says of one thing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kernel_index.shown import without_secrets

State = Literal["ok", "note", "problem"]
"""``note``: nothing is wrong, but something is not there that somebody may want."""


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing: ``area`` groups it with others, ``advice`` says what to do, empty where there is nothing to do."""

    state: State
    area: str
    name: str
    text: str
    advice: str = ""

    def to_be_shown(self) -> Examined:
        """The same as it may be shown to anybody: no secrets of URLs, and ``~`` for the home folder."""
        name, text, advice = map(_private, (self.name, self.text, self.advice))
        return Examined(self.state, self.area, name, text, advice)


def _private(text: str) -> str:
    try:
        home = str(Path.home())
    except RuntimeError:
        home = ""
    shown = without_secrets(text)
    # A home that is the root of all would be in every path.
    return shown.replace(home + os.sep, "~" + os.sep) if len(home) > 1 else shown
