"""What somebody at a terminal sees of work that takes long, and that nobody else sees anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parents[2]

_SHOWN = """\
import contextlib
import importlib
import sys
import threading
from opselect.cli import main
from opselect.cli.shared import console
from opselect.cli.shared.screen import screens
console._PATIENCE = 0.0
shown = threading.Event()
drawn = console.progress_bar
@contextlib.contextmanager
def bar(*arguments, **options):
    with drawn(*arguments, **options) as progress:
        shown.set()
        yield progress
    shown.clear()
console.progress_bar = bar
"""
"""Has a flag say whether a bar is there, which comes at once where nothing is told."""

_WORK = """\
with screens(), console.ConsoleWatch(quiet={quiet}, waiting={waiting}) as watch:
    if {waits}:
        shown.wait()
    watch.progress("Reading", 1, 2)
    watch.warning("what is unclear")
    if {waits}:
        watch.progress("Reading", 2, 2)
        shown.wait()
"""


_COMMAND = """\
*path, name = {names!r}
holder = importlib.import_module({module!r})
for part in path:
    holder = getattr(holder, part)
work = getattr(holder, name)
seen = []
def slow(*arguments, **options):
    seen.append(shown.wait(20))
    return work(*arguments, **options)
setattr(holder, name, slow)
code = main.run({arguments!r})
sys.exit(code or (0 if seen and all(seen) else 9))
"""
"""Runs a command of which one function takes as long as it is not shown that something goes on."""


def _run(quiet: bool, waiting: bool, waits: bool, term: str = "xterm") -> str:
    """What a terminal shows of work that tells nothing for a while, and then of a part."""
    return _on_a_terminal(_WORK.format(quiet=quiet, waiting=waiting, waits=waits), term)


def _on_a_terminal(program: str, term: str = "xterm", stdout: IO[bytes] | None = None) -> str:
    """What a terminal shows of a program whose stderr it is, and its stdout where that is nothing else."""
    import pty

    ours, theirs = pty.openpty()
    environment = os.environ | {"TERM": term, "COLUMNS": "100"}
    program_line = [sys.executable, "-c", _SHOWN + program]
    with subprocess.Popen(program_line, stdout=stdout or theirs, stderr=theirs, env=environment, cwd=ROOT) as running:
        os.close(theirs)
        printed = _read_to_the_end(ours)
    assert running.returncode == 0
    return printed.decode()


def _read_to_the_end(ours: int) -> bytes:
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
    return printed


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


@pytest.mark.parametrize("term", ["dumb", "unknown", "DUMB"])
def test_nothing_moves_on_a_terminal_without_escape_codes(term: str) -> None:
    printed = _run(quiet=False, waiting=False, waits=False, term=term)
    assert printed.splitlines() == ["warning: what is unclear"]


def test_the_bar_is_taken_away_at_the_end() -> None:
    printed = _run(quiet=False, waiting=False, waits=True)
    assert printed.endswith("\x1b[2K"), "the line of the bar is erased"
    assert printed.rindex("\x1b[?25h") > printed.rindex("\x1b[?25l"), "the cursor is there again"


def test_what_is_no_terminal_is_shown_no_work() -> None:
    program = _WORK.format(quiet=False, waiting=False, waits=False)
    printed = subprocess.run(
        [sys.executable, "-c", _SHOWN + program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert (printed.stdout, printed.stderr) == ("", "warning: what is unclear\n")


def test_a_file_gets_what_is_printed_to_it_beside_a_bar(tmp_path: Path) -> None:
    program = _WORK.format(quiet=False, waiting=False, waits=True)
    program += "    console.print_line('a line')\n    console.print_data('of data')\n"
    with (tmp_path / "stdout").open("wb") as stdout:
        shown = _on_a_terminal(program, stdout=stdout)
    assert "Working" in shown
    assert (tmp_path / "stdout").read_text() == "a line\nof data"


_LIBRARY = "fixtures/audit/libruntime.so"
_INDEX = "fixtures/kernel_tree.opselidx"


@pytest.mark.parametrize(
    ("module", "name", "line"),
    [
        ("opselect.usecases.examine_place", "examine_models", "doctor fixtures/models/tiny_mobilenet.pb"),
        ("opselect.audit.audited", "Audit._counted", f"audit {_LIBRARY} --index {_INDEX}"),
        ("opselect.report.of_audit", "audit_document", f"audit {_LIBRARY} --index {_INDEX} --html PAGE"),
        ("kernel_index.store", "write_index", "index scan fixtures/kernel_tree --no-cache --jobs 1 -o PAGE"),
        ("kernel_index.store", "write_index", f"index from-binary {_LIBRARY} --base {_INDEX} -o PAGE"),
        (
            "kernel_index.store",
            "write_index",
            f"index scan --base {_INDEX} --root fixtures/kernel_tree/tensorflow -o PAGE",
        ),
    ],
)
def test_long_work_of_a_command_is_shown(module: str, name: str, line: str, tmp_path: Path) -> None:
    arguments = line.replace("PAGE", str(tmp_path / "page")).split()
    program = _COMMAND.format(module=module, names=name.split("."), arguments=arguments)
    assert "Working" in _on_a_terminal(program)
