"""Each target makes cases that come far enough, and whatever a command must not do is seen."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from opselect.cli.main import cli
from opselect.cli.shared.screen import beneath
from opselect.models.proto import message_class
from tests.fuzz import judge, kills
from tests.fuzz.__main__ import Tally, in_a_process
from tests.fuzz.changes import ACTING, changed_message, fields_of, message_of
from tests.fuzz.judge import Command, FaultError, judged
from tests.fuzz.targets import MODELS, TARGETS, emptied

CASES = 20


@pytest.mark.parametrize("target", TARGETS)
def test_a_few_cases_of_each_target(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    codes: Counter[int] = Counter()
    for case in range(CASES):
        emptied(tmp_path)
        command = TARGETS[target](random.Random(f"1 {target} {case}"), tmp_path)
        codes[judged(command, tmp_path).code] += 1
    assert codes.total() == CASES
    assert codes[0] + codes[1], "every input was refused"


Action = Callable[[object], int]


def _prints(text: str, code: int = 0, *, err: bool = False) -> Action:
    def action(_: object) -> int:
        # Past the screen, as a defect in it would be.
        beneath(sys.stderr if err else sys.stdout).write(text)
        return code

    return action


def _writes(name: str, text: str = "", code: int = 0) -> Action:
    def action(_: object) -> int:
        Path(name).write_text(text)
        if code:
            sys.stderr.write("error: odd")
        return code

    return action


def _fails(_: object) -> int:
    raise LookupError("odd")


@pytest.mark.parametrize(
    ("action", "fault"),
    [
        *((_prints(f"a{acting}b"), "stdout acts on a terminal") for acting in ACTING),
        (_prints("a\x1b[2;3Hb", err=True), "stderr acts on a terminal"),
        (_prints("error: odd", 3, err=True), "exit code 3"),
        (_prints("odd", 2, err=True), "exit code 2 without a word"),
        (_fails, "exit code 3"),
        (_writes("left"), "files are left behind"),
        (_writes("out", "\x1b]0;x\x07"), "a file acts on a terminal"),
        (_writes("out", code=2), "exit code 2, and files"),
        (lambda _: 0, "exit code 0, and nothing was written"),
    ],
)
@pytest.mark.parametrize("terminal", [False, True])
def test_faults_are_seen(
    action: Action, fault: str, terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "invoke", action)
    with pytest.raises(FaultError, match=fault):
        judged(Command(("explain", "--list"), ("out",), terminal), tmp_path)


@pytest.mark.parametrize("limit", ["MAX_SECONDS", "MAX_MEMORY"])
def test_costs_are_seen(limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, limit, -1)
    with pytest.raises(FaultError, match="more than -1"):
        judged(Command(("explain", "--list")), tmp_path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="cases run in forked processes")
def test_a_case_in_which_the_process_dies_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def target(*_: object) -> Command:
        return Command(("explain", "OPS103"))

    def dies(*_: object) -> None:
        os._exit(11)

    monkeypatch.setitem(TARGETS, "graphs", target)
    tally = Tally("graphs")
    folder = tmp_path / "case"
    folder.mkdir()
    assert tally.read(tmp_path / "report", in_a_process("graphs", 1, 0, 3, folder, tmp_path / "report")) == 3
    assert tally.codes == {0: 3}
    monkeypatch.setattr("tests.fuzz.__main__.judged", dies)
    assert tally.read(tmp_path / "report", in_a_process("graphs", 1, 3, 3, folder, tmp_path / "report")) == 1
    assert tally.faults.total() == 1
    assert "graphs case 3" in capsys.readouterr().out


def test_messages_come_apart_and_together() -> None:
    data = (MODELS / "while_v1.pb").read_bytes()
    fields = fields_of(data)
    assert fields is not None
    assert message_of(fields) == data
    descriptor = message_class("GraphDef").DESCRIPTOR
    changed = {changed_message(data, descriptor, random.Random(seed)) for seed in range(50)}
    assert len(changed) > 45
    assert sum(fields_of(each) is not None for each in changed) > 40


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace says which system calls there are")
@pytest.mark.parametrize("command", ["write", "undo"])
def test_an_edit_that_is_killed_at_some_system_calls(command: str) -> None:
    assert kills.check(command, every=7) >= 2
