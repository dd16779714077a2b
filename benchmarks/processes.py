"""Whole processes and what they cost, as the kernel counts it."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, seconds of the processor, and the peak of resident memory in megabytes.

    Those of processes that it started count among its processor seconds; the peak is that of the largest of them.
    """

    seconds: float
    core_seconds: float
    megabytes: float


def opselect(*arguments: object) -> list[str]:
    """A command line of this checkout's opselect."""
    return [sys.executable, "-m", "opselect", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """This process's environment, in which compiled modules are kept, as after an installation."""
    kept = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


_START = """
import os, sys, time
output, *command = sys.argv[1:]
started = time.perf_counter()
pid = os.posix_spawnp(command[0], command, os.environ, file_actions=[
    (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
])
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - started
print(os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)
"""
"""Starts a program from a process that is small: what its parent has resident counts as the program's, too."""


def cost(command: Sequence[object], output: Path | None = None, env: Mapping[str, str] | None = None) -> Cost:
    """Runs a command, its stdout to a file; grep does nothing where that is ``/dev/null``.

    Raises:
        subprocess.CalledProcessError: it ended with another exit code than 0.
    """
    line = list(map(str, command))
    with tempfile.TemporaryDirectory() as folder:
        start = [sys.executable, "-S", "-c", _START, str(output or Path(folder, "printed")), *line]
        done = subprocess.run(start, cwd=ROOT, env=env or environment(), capture_output=True, text=True, check=True)
    code, *numbers = done.stdout.split()
    if code != "0":
        raise subprocess.CalledProcessError(int(code), line, stderr=done.stderr)
    return Cost(*map(float, numbers))


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each number by itself."""
    return Cost(
        statistics.median(each.seconds for each in costs),
        statistics.median(each.core_seconds for each in costs),
        statistics.median(each.megabytes for each in costs),
    )


def in_turn(*commands: Sequence[object], runs: int = 5, env: Mapping[str, str] | None = None) -> list[Cost]:
    """The median of each command, run one after the other again and again, after a round that does not count.

    The machine is not always as quick: what runs in turn can be compared.
    """
    rounds = [[cost(command, env=env) for command in commands] for _ in range(runs + 1)]
    return [median(costs) for costs in zip(*rounds[1:], strict=True)]


def memory_of_all(pid: int) -> float:
    """Megabytes of a process and all below it; what several share counts once. Linux only."""
    found = [pid]
    for each in found:
        found += _children(each)
    return sum(map(_proportional_megabytes, found))


def peak_of_all(command: Sequence[object], env: Mapping[str, str] | None = None) -> float:
    """The peak of :func:`memory_of_all` while a command runs, looked at every 20 ms."""
    peak = 0.0
    with subprocess.Popen(
        list(map(str, command)),
        cwd=ROOT,
        env=env or environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while process.poll() is None:
            peak = max(peak, memory_of_all(process.pid))
            time.sleep(0.02)
    return peak


def _children(pid: int) -> list[int]:
    try:
        lists = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []  # it has ended
    return [int(child) for found in lists for child in found.split()]


def _proportional_megabytes(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


_INSIDE = """
import json, sys, time
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1000
{before}
memory, start, cores = peak(), time.perf_counter(), time.process_time()
{work}
print(json.dumps([time.perf_counter() - start, time.process_time() - cores, peak() - memory, result]))
"""


def inside(before: str, work: str, *arguments: object, runs: int = 5) -> tuple[Cost, object]:
    """What ``work`` costs in a fresh process above what ``before``, its imports, has cost; and the ``result`` it sets.

    Both are Python; ``sys.argv`` has the arguments. The medians of several processes, after one that does not count.
    """
    command = [sys.executable, "-c", _INSIDE.format(before=before, work=work), *map(str, arguments)]
    costs, result = [], None
    for _ in range(runs + 1):
        done = subprocess.run(command, cwd=ROOT, env=environment(), check=True, capture_output=True, text=True)
        *numbers, result = json.loads(done.stdout.splitlines()[-1])
        costs.append(Cost(*numbers))
    return median(costs[1:]), result
