"""The registrations and the whole audit of a library: time and peak memory, against ``nm`` and ``objdump`` of it.

    python benchmarks/bench_binaries.py LIBRARY [--opselect PROGRAM] [--runs 3]

``nm -S`` lists the symbols, and ``objdump -d`` writes the code as instructions, which both are less than an audit says;
``objdump`` is run once only, for it takes minutes. Counted is the fastest of the runs. Memory is the peak resident set
as the kernel counts it, with what of the mapped library was in memory at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path


def measured(command: list[str], output: Path) -> tuple[float, float]:
    """Seconds and megabytes of a command, whose stdout goes to a file."""
    started = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        with output.open("wb") as stdout:
            os.dup2(stdout.fileno(), 1)
            os.execvp(command[0], command)
    _, _, usage = os.wait4(pid, 0)
    return time.perf_counter() - started, usage.ru_maxrss / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("library")
    parser.add_argument("--opselect", default="opselect")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--no-objdump", action="store_true", help="leave out the slow one")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    own = [options.opselect, "audit", options.library, "--json", "--quiet"]
    commands = {"registrations": [*own, "--registrations"], "whole audit": own, "nm -S": ["nm", "-S", options.library]}
    figures: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        outputs = {name: Path(folder, str(number)) for number, name in enumerate(commands)}
        for _ in range(options.runs):
            for name, command in commands.items():
                figure = measured(command, outputs[name])
                figures[name] = min(figure, figures.get(name, figure))
        if not options.no_objdump:
            figures["objdump -d"] = measured(["objdump", "-d", options.library], Path(os.devnull))
        kernels = len(outputs["registrations"].read_text().splitlines())
        registered = json.loads(outputs["whole audit"].read_text())["registered"]
    print(f"{kernels} registrations; registered: {registered}")
    least = figures["nm -S"][0]
    for name, (seconds, megabytes) in figures.items():
        print(f"{name:<14} {seconds:7.2f} s  {megabytes:6.0f} MB  {seconds / least:6.1f} times nm")


if __name__ == "__main__":
    sys.exit(main())
