"""One command line in this process, and what it must never do, whatever its input says.

It must leave with 0, 1 or 2 and say why; show nothing that acts on a terminal; end soon; take little memory; and leave
no file behind but those that it was asked for.
"""

from __future__ import annotations

import io
import json
import os
import re
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError
from opselect.cli.main import run
from opselect.models.formats import read_graph

MAX_SECONDS = 20.0
"""Of a processor: how long a machine that does other things lets a case wait says nothing of it."""
MAX_MEMORY = (1 << 30) - (128 << 20)
"""Bytes beyond what the process had: with the 100 MB of an interpreter that has loaded everything less than 1 GB."""

ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f\u2028\u2029\ud800-\udfff]")
OURS = re.compile(r"\x1b\[(?:\d+(?:;\d+)*)?m|\x1b\[\?25[lh]|\x1b\[\d*[AK]|\r")
"""What rich draws with on a terminal. None of :data:`~tests.fuzz.changes.ACTING` is made of it."""

_VOICES = re.compile(r"error: |Usage: |Error: |[\d,]+ of [\d,]+ models could not be read:$")


class FaultError(AssertionError):
    """A command did what it must not do. The first line says which kind of fault, and is alike for all of a kind."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, the files that it was asked to write, and whether a terminal reads what it prints."""

    arguments: Sequence[str]
    outputs: Sequence[str] = ()
    terminal: bool = False
    graph: str = ""
    """The output that is a GraphDef, which must be readable again."""
    as_json: bool = False
    edits: str = ""
    """A folder whose files it may change, and in which it keeps what takes that back."""
    exact: bool = False
    """Whether what is piped are data that must not be changed, as those of a patch."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command line left: exit code, output, seconds of a processor, most bytes of memory that it took."""

    code: int
    out: str
    err: str
    seconds: float
    memory: int


class _Stream(io.TextIOWrapper):
    """A standard stream that is kept in memory."""

    def __init__(self, *, terminal: bool) -> None:
        self.kept = io.BytesIO()
        self._terminal = terminal
        super().__init__(self.kept, "utf-8", errors="backslashreplace", write_through=True)

    def isatty(self) -> bool:
        return self._terminal


def outcome_of(command: Command) -> Outcome:
    """Runs a command line; whatever it raises is the caller's."""
    streams = _Stream(terminal=command.terminal), _Stream(terminal=command.terminal)
    before = sys.stdout, sys.stderr
    had = _resident()
    _forget_peak()
    start = time.process_time()
    sys.stdout, sys.stderr = streams
    try:
        code = run(command.arguments)
    finally:
        sys.stdout, sys.stderr = before
    seconds = time.process_time() - start
    texts = [stream.kept.getvalue().decode("utf-8", "surrogateescape") for stream in streams]
    return Outcome(code, texts[0], texts[1], seconds, max(_peak() - had, 0))


def judged(command: Command, folder: Path) -> Outcome:
    """The outcome of a command line in a folder; FaultError where it did what none may do."""
    before = _files(folder)
    try:
        outcome = outcome_of(command)
    except (Exception, SystemExit) as error:
        raise FaultError(f"{type(error).__name__} left the command: {error}") from error
    _check_words(command, outcome)
    _check_costs(outcome)
    _check_files(command, outcome, folder, before)
    return outcome


def _check_words(command: Command, outcome: Outcome) -> None:
    if outcome.code not in (0, 1, 2) or "internal error" in outcome.err or "Traceback" in outcome.err:
        raise FaultError(f"exit code {outcome.code}\n{outcome.err[-3000:]}")
    for name, text in (("stdout", outcome.out), ("stderr", outcome.err)):
        if command.exact and not command.terminal and name == "stdout":
            continue
        if found := ACTS.findall(OURS.sub("", text) if command.terminal else text):
            raise FaultError(f"{name} acts on a terminal\n{found[:5]}")
    said = OURS.sub("", outcome.err)
    if outcome.code == 2 and not any(map(_VOICES.match, said.splitlines())):
        raise FaultError(f"exit code 2 without a word\n{said[-3000:]}")
    if command.as_json and outcome.code != 2:
        try:
            json.loads(outcome.out)
        except ValueError as error:
            raise FaultError(f"stdout is no JSON\n{error}") from None


def _check_costs(outcome: Outcome) -> None:
    if outcome.seconds > MAX_SECONDS:
        raise FaultError(f"more than {MAX_SECONDS:.0f} s\n{outcome.seconds:.1f} s")
    if outcome.memory > MAX_MEMORY:
        raise FaultError(f"more than {MAX_MEMORY >> 20} MB\n{outcome.memory >> 20} MB")


def _check_files(command: Command, outcome: Outcome, folder: Path, before: set[str]) -> None:
    written = {each for each in _files(folder) - before if not (command.edits and each.startswith(f"{command.edits}/"))}
    asked = {each for each in written for output in command.outputs if each == output or each.startswith(f"{output}/")}
    if written - asked:
        raise FaultError(f"files are left behind\n{sorted(written - asked)[:5]}")
    if outcome.code == 2 and asked:
        raise FaultError(f"exit code 2, and files were written\n{sorted(asked)[:5]}\n{outcome.err[-1000:]}")
    if outcome.code == 0 and command.outputs and not asked:
        raise FaultError("exit code 0, and nothing was written")
    for name in asked:
        if name == command.graph:
            try:
                read_graph(folder / name)
            except InputError as error:
                # A graph that needs no node at all is written as the empty message that it is.
                if (folder / name).stat().st_size:
                    raise FaultError(f"the graph that was written cannot be read\n{error}") from None
        elif not name.endswith(".opselidx") and (
            found := ACTS.findall((folder / name).read_text("utf-8", "surrogateescape"))
        ):
            raise FaultError(f"a file acts on a terminal\n{name}: {found[:5]}")


def _files(folder: Path) -> set[str]:
    return {
        os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118 - ten times as quick for many files
        for place, _, names in os.walk(folder)
        for name in names
    }


_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def _forget_peak() -> None:
    """Lets the largest memory begin anew, where the system can do that."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return


def _resident() -> int:
    return _status("VmRSS")


def _peak() -> int:
    return _status("VmHWM")


def _status(name: str) -> int:
    """Bytes that the system counts for this process; where it tells only the most it ever had, that."""
    try:
        status = _STATUS.read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return int(re.findall(rf"{name}:\s*(\d+)", status)[0]) << 10
