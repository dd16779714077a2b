"""Random headers and units: the cut that scans use, the uncut way and ``g++ -E`` must find the same.

Run ``nice python -m tests.fuzz.headers --cases 2000 --seed 1``. It goes on after a difference, and prints the first.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from kernel_index.errors import PreprocessorError
from tests.kernel_index.preprocessor.header_graphs import Program, difference, expected, random_program

BATCH = 20
"""Programs for one run of the compiler."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare random programs of several units with g++ -E.")
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    runs = calls = 0
    different: list[int] = []
    seeds = range(arguments.seed, arguments.seed + arguments.cases)
    for start in range(0, len(seeds), BATCH):
        batch = seeds[start : start + BATCH]
        programs = [random_program(seed) for seed in batch]
        with tempfile.TemporaryDirectory() as folder:
            found = expected(programs, Path(folder))
        for seed, program, theirs in zip(batch, programs, found, strict=True):
            runs += len(theirs)
            calls += sum(map(len, theirs))
            problem = _difference(program, theirs)
            if problem:
                different.append(seed)
                print(f"seed {seed}" + (f": {problem}" if len(different) == 1 else ""), flush=True)
    agreeing = arguments.cases - len(different)
    print(f"{agreeing} of {arguments.cases} programs agree: {runs} runs of units, {calls} calls")
    return 1 if different else 0


def _difference(program: Program, theirs: list[list[str]]) -> str:
    try:
        return difference(program, theirs)
    except PreprocessorError as problem:
        return f"{problem}\n{program}"


if __name__ == "__main__":
    sys.exit(main())
