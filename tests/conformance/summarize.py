"""Compare what ``opselect inspect --format summarize_graph`` prints with what TensorFlow's own tool printed.

    python -m tests.conformance.summarize ORACLE_FOLDER

prints a line a case and how many are equal. The folder has a ``MANIFEST.json`` whose records of the tool
``summarize_graph`` name its arguments and a file with its output.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import io
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from opselect.cli.main import run

TOOL = "summarize_graph"
_OP_COUNTS = re.compile(r"(?<=Op types used: ).*")


@dataclass(frozen=True, slots=True)
class Case:
    """One run of TensorFlow's tool: its arguments, relative to the folder, and what it printed."""

    name: str
    arguments: tuple[str, ...]
    expected: str


def read_cases(oracle: Path) -> list[Case]:
    """All runs of the tool that the folder has."""
    records = json.loads((oracle / "MANIFEST.json").read_text())["cases"]
    return [
        Case(record["id"], tuple(record["args"]), (oracle / record["expected"][0]["path"]).read_text())
        for record in records
        if record["tool"] == TOOL
    ]


def comparable(text: str) -> str:
    """The text with ops of the same count in alphabetical order: TensorFlow sorts them by count alone, unstably."""

    def in_order(match: re.Match[str]) -> str:
        counts = [entry.split(" ", 1) for entry in match[0].split(", ")]
        return ", ".join(" ".join(entry) for entry in sorted(counts, key=lambda entry: (-int(entry[0]), entry[1])))

    return _OP_COUNTS.sub(in_order, text)


def differences(case: Case, oracle: Path) -> list[str]:
    """What our text has and TensorFlow's has not, and the other way round; empty for equal texts."""
    printed = io.StringIO()
    with _inside(oracle), contextlib.redirect_stdout(printed):
        code = run(["inspect", *case.arguments, "--format", TOOL])
    if code:
        return [f"exit code {code}"]
    ours, theirs = comparable(printed.getvalue()), comparable(case.expected)
    return list(
        difflib.unified_diff(theirs.splitlines(), ours.splitlines(), "TensorFlow", "opselect", lineterm="", n=0)
    )


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oracle", type=Path, metavar="ORACLE_FOLDER")
    oracle = parser.parse_args().oracle.resolve()
    cases = read_cases(oracle)
    equal = 0
    for case in cases:
        found = differences(case, oracle)
        equal += not found
        print(f"{'differs' if found else 'equal  '}  {case.name}")
        for line in found:
            print(f"    {line}")
    print(f"{equal} of {len(cases)} equal")
    return 0 if equal == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
