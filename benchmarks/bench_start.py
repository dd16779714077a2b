"""How long the command line takes to start: every ``--help``, beside an interpreter that does nothing.

Whole processes, in turn, medians of fifteen.
"""

from __future__ import annotations

import sys

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, main
from benchmarks.processes import in_turn, opselect
from opselect.cli.main import cli

RUNS = 15
MOST_MILLISECONDS = 150


def measure(_given: Given) -> Measured:
    commands = [[], *([name] for name in sorted(cli.modules))]
    *ours, nothing = in_turn(*(opselect(*each, "--help") for each in commands), [sys.executable, "-c", ""], runs=RUNS)
    return Measured(
        [
            Figure(
                " ".join(["opselect", *command, "--help"]),
                own.seconds * 1000,
                "ms",
                "python -c ''",
                nothing.seconds * 1000,
                at_most=MOST_MILLISECONDS,
            )
            for command, own in zip(commands, ours, strict=True)
        ]
    )


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
