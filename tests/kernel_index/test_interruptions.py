"""Signals that come while files are written: nothing is left, or all of it is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import FrameType

import pytest

from kernel_index import whole_files
from kernel_index.interruptions import Uninterrupted
from kernel_index.processes import helpers
from kernel_index.whole_files import WholeFiles, write_whole

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The handlers of the command line, and those of pytest afterwards."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _leave)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def test_signals_wait_until_the_block_is_left() -> None:
    done = []

    def work() -> None:
        with Uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_first_of_several_signals_counts() -> None:
    def work() -> None:
        with Uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SystemExit) as left:
        work()
    assert left.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is _leave


def test_blocks_within_blocks_wait_for_the_outermost() -> None:
    done = []

    def work() -> None:
        with Uninterrupted():
            with Uninterrupted():
                os.kill(os.getpid(), signal.SIGINT)
            done.append("after the inner one")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["after the inner one"]


def test_what_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_other_threads_change_no_handlers() -> None:
    found: list[object] = []

    def work() -> None:
        with Uninterrupted():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


def _write_two(folder: Path) -> None:
    with WholeFiles() as files:
        for name in ("a", "b"):
            files.open(folder / name).write(b"new")


@pytest.mark.parametrize("at", range(2))
def test_renames_are_made_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """Ctrl-C at the first and at the second rename of two."""
    replaced: list[Path] = []
    replace = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if len(replaced) == at:
            os.kill(os.getpid(), signal.SIGINT)
        replaced.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    for name in ("a", "b"):
        (tmp_path / name).write_text("old")
    with pytest.raises(KeyboardInterrupt):
        _write_two(tmp_path)
    assert [(tmp_path / name).read_text() for name in ("a", "b")] == ["new", "new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_nothing_is_left_of_a_file_that_was_just_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception between the making of a temporary file and the note that it is open."""

    def interrupted(descriptor: int, *_: object) -> object:
        os.close(descriptor)
        raise KeyboardInterrupt

    with monkeypatch.context() as changed:
        changed.setattr(os, "fdopen", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_whole(tmp_path / "a", b"new")
    assert len(list(tmp_path.iterdir())) == 1
    whole_files._remove_unfinished()
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    program = (
        "import os, signal\nfrom kernel_index import whole_files\n"
        "fdopen = os.fdopen\n"
        "def made(*a, **k):\n    file = fdopen(*a, **k)\n    os.kill(os.getpid(), signal.SIGINT)\n    return file\n"
        "os.fdopen = made\n"
        "whole_files.write_whole('a', b'new')\n"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=environment, capture_output=True)
    assert done.returncode == -signal.SIGINT
    assert list(tmp_path.iterdir()) == []


def test_no_helper_is_half_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a process is given its work, which starts it, waits until it is noted as started."""
    done = []

    def submitted(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        done.append("noted")

    def work() -> None:
        with helpers(1, "spawn") as pool:
            pool.submit(int)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submitted)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["noted"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_helpers_do_not_put_off_what_ends_them(number: signal.Signals) -> None:
    """They are forked while signals are put off, and heed them nevertheless; Ctrl-C is for who started them."""
    before = signal.signal(number, _leave)
    try:
        with helpers(1, "fork") as pool:
            assert pool.submit(signal.getsignal, number).result() is signal.SIG_DFL
            assert pool.submit(signal.getsignal, signal.SIGINT).result() is signal.SIG_IGN
    finally:
        signal.signal(number, before)
