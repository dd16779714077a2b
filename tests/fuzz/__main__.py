"""Changed inputs of every kind through the command line: which of them makes it do what it must never do?

Run ``nice python -m tests.fuzz --cases 20000 --seed 1``, or ``--target saved_models`` for one kind. Cases run in
processes of their own, so that a crash and a hang are counted as well. It goes on after a fault, prints the first of
each kind, and ``--first CASE --cases 1 --keep DIR`` makes the input of one case again. The columns of the table are
target, cases, faults, the slowest case, the largest memory, and how many cases left with which exit code.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.judge import MAX_SECONDS, FaultError, judged
from tests.fuzz.targets import TARGETS, emptied

BATCH = 300
"""Cases for one process."""
LIMIT = 4 << 30
"""Address space of such a process: enough for what is allowed, and no danger for the machine."""


def run_batch(target: str, seed: int, first: int, cases: int, folder: Path, report: Path) -> None:
    """Runs cases in this process, and writes a line of JSON for each."""
    os.chdir(folder)
    with report.open("a", buffering=1) as lines:
        for case in range(first, first + cases):
            emptied(folder)
            choose = random.Random(f"{seed} {target} {case}")
            command = TARGETS[target](choose, folder)
            # The line is there before the case begins: a process that dies in it has left its number.
            lines.write(json.dumps({"case": case, "command": list(command.arguments)}) + "\n")
            faulthandler.dump_traceback_later(MAX_SECONDS * 4, exit=True, file=2)
            try:
                outcome = judged(command, folder)
                row: dict[str, float | str] = {
                    "code": outcome.code,
                    "seconds": outcome.seconds,
                    "memory": outcome.memory,
                }
            except FaultError as fault:
                row = {"fault": str(fault)}
            finally:
                faulthandler.cancel_dump_traceback_later()
            lines.write(json.dumps(row) + "\n")


def in_a_process(target: str, seed: int, first: int, cases: int, folder: Path, report: Path) -> int:
    """The same in a process of its own; its exit status, which is not 0 where it died or was ended for hanging."""
    report.write_text("")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))
            run_batch(target, seed, first, cases, folder, report)
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


class Tally:
    """What the cases of one target came to."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.codes: Counter[int] = Counter()
        self.faults: Counter[str] = Counter()
        self.seconds = 0.0
        self.memory = 0

    def fault(self, case: int, command: list[str], text: str) -> None:
        kind = text.partition("\n")[0]
        if kind not in self.faults or self.faults[kind] < 5:
            print(f"{self.target} case {case}: {command}\n  {text}", flush=True)
        self.faults[kind] += 1

    def read(self, report: Path, status: int) -> int:
        """Counts the lines of a report; how many cases they are."""
        rows = [json.loads(line) for line in report.read_text().splitlines()]
        for begun, ended in zip(rows[::2], rows[1::2], strict=False):
            if "fault" in ended:
                self.fault(begun["case"], begun["command"], ended["fault"])
                continue
            self.codes[ended["code"]] += 1
            self.seconds = max(self.seconds, ended["seconds"])
            self.memory = max(self.memory, ended["memory"])
        if len(rows) % 2:
            self.fault(rows[-1]["case"], rows[-1]["command"], f"the process hung or died, status {status}")
        elif status:
            self.fault(-1, [], f"the target itself failed, status {status}")
        return (len(rows) + 1) // 2

    def __str__(self) -> str:
        cases = sum(self.codes.values()) + sum(self.faults.values())
        codes = " ".join(f"{code}: {count:,}" for code, count in sorted(self.codes.items()))
        faults = sum(self.faults.values())
        return f"{self.target:14} {cases:8,} {faults:7} {self.seconds:7.1f} s {self.memory >> 20:6} MB   {codes}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="default: all of them")
    parser.add_argument("--cases", type=int, default=1000, help="of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="the case to begin with")
    parser.add_argument("--keep", type=Path, help="a folder in which the input of the last case stays")
    arguments = parser.parse_args()
    tallies = {name: Tally(name) for name in arguments.target or TARGETS}
    with tempfile.TemporaryDirectory() as place:
        os.environ["OPSELECT_CACHE"] = f"{place}/cache"
        folder = arguments.keep.resolve() if arguments.keep else Path(place, "case")
        folder.mkdir(exist_ok=True)
        last = arguments.first + arguments.cases
        done = dict.fromkeys(tallies, arguments.first)
        started = time.monotonic()
        # In turns, so that what is counted when somebody stops it is of every kind.
        while waiting := [name for name in tallies if done[name] < last]:
            for name in waiting:
                count = min(BATCH, last - done[name])
                report = Path(place, "report")
                status = in_a_process(name, arguments.seed, done[name], count, folder, report)
                done[name] += max(tallies[name].read(report, status), 1)
            counted = sum(done.values()) - arguments.first * len(done)
            print(f"-- {counted:,} cases, {time.monotonic() - started:.0f} s", flush=True)
            for tally in tallies.values():
                print(tally, flush=True)
    return 1 if any(tally.faults for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
