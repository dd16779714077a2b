"""Programs started as somebody starts them in a shell, whatever started the tests."""

from __future__ import annotations

import os
import signal


def plain_environment(**more: str) -> dict[str, str]:
    """The environment without what measures coverage: that has words of its own on stderr when a signal ends it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")} | more


def heed_signals() -> None:
    """For a program about to start: what a shell runs in the background ignores Ctrl-C, what ``nohup`` runs a closed
    terminal, and so would its children."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
