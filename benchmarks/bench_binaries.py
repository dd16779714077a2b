"""The registrations and the whole audit of TensorFlow's library of 548 MB, beside ``nm -S`` of it.

``nm -S`` lists the symbols, which is less than an audit says. Whole processes, in turn. Memory is the peak resident
set, with what of the mapped library was in memory at once. The library is that of the environment of ``--python``.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, NotGivenError, main
from benchmarks.processes import cost, in_turn, opselect

RUNS = 3
REASON = "following the functions that register, and making records of them, is most of it; both are Python"
LIBRARY = "libtensorflow_cc.so.2"


def measure(given: Given) -> Measured:
    library = given.package() / LIBRARY
    if not library.is_file():
        raise NotGivenError(f"a TensorFlow with {LIBRARY}, such as tensorflow-cpu 2.14.1: --python PROGRAM")
    audit = opselect("audit", library, "--json", "--quiet")
    listed = [*audit, "--registrations"]
    kernels, whole, theirs = in_turn(listed, audit, ["nm", "-S", library], runs=RUNS)
    with tempfile.TemporaryDirectory() as folder:
        printed = Path(folder, "audit.json")
        cost(audit, printed)
        registered = json.loads(printed.read_text())["registered"]
    size = f"a library of {library.stat().st_size / 1e6:.0f} MB"
    return Measured(
        [
            Figure(f"registrations of {size}", kernels.seconds, "s", "nm -S", theirs.seconds, at_most=3, reason=REASON),
            Figure(f"registrations of {size}: memory", kernels.megabytes, "MB", "nm -S", theirs.megabytes, at_most=350),
            Figure(
                f"audit of {size}, with retained sizes",
                whole.seconds,
                "s",
                "nm -S",
                theirs.seconds,
                at_most=8,
                reason=REASON,
            ),
            Figure(f"audit of {size}: memory", whole.megabytes, "MB", "nm -S", theirs.megabytes, at_most=900),
        ],
        notes=[f"registered in it: {registered}"],
    )


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
