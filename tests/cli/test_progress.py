"""What somebody at a terminal sees of work that takes long, and that nobody else sees anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

_WORK = """\
import threading
from opselect.cli.shared import console
from opselect.cli.shared.screen import screens
console._PATIENCE = 0.0
shown = threading.Event()
drawn = console.progress_bar
def bar(*arguments, **options):
    found = drawn(*arguments, **options)
    shown.set()
    return found
console.progress_bar = bar
with screens(), console.ConsoleWatch(quiet={quiet}, waiting={waiting}) as watch:
    if {waits}:
        shown.wait()
    watch.progress("Reading", 1, 2)
    watch.warning("what is unclear")
    if {waits}:
        shown.clear()
        watch.progress("Reading", 2, 2)
        shown.wait()
"""


def _run(quiet: bool, waiting: bool, waits: bool) -> str:
    """What a terminal shows of work that tells nothing for a while, and then of a part."""
    import pty

    ours, theirs = pty.openpty()
    program = _WORK.format(quiet=quiet, waiting=waiting, waits=waits)
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    subprocess.run([sys.executable, "-c", program], stdout=theirs, stderr=theirs, env=environment, cwd=ROOT, check=True)
    os.close(theirs)
    printed = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        printed += part
    os.close(ours)
    return printed.decode()


def test_work_that_tells_nothing_is_shown_after_a_while() -> None:
    printed = _run(quiet=False, waiting=False, waits=True)
    assert "Working" in printed
    assert printed.index("Working") < printed.index("Reading")
    assert "2/2" in printed
    assert printed.rindex("Working") > printed.rindex("Reading"), "after a part that is done, too"
    assert "warning: what is unclear" in printed


@pytest.mark.parametrize(("quiet", "waiting"), [(True, False), (False, True)])
def test_nothing_of_the_kind_for_who_wants_none_or_waits(quiet: bool, waiting: bool) -> None:
    printed = _run(quiet=quiet, waiting=waiting, waits=False)
    assert "Working" not in printed
    assert ("Reading" in printed) == (not quiet)
