"""A header and a build list from a cold start, against TensorFlow's own tool for headers: whole processes, in turn.

The two headers are compared byte for byte. Both programs have compiled modules, as after an installation, and find the
graph in the page cache.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, main
from benchmarks.keras_models import frozen
from benchmarks.processes import Cost, cost, in_turn, opselect

RELEASE = "2.14"
RUNS = 3
TOOL = "print_selective_registration_header"
LIST_SHARE = 1 / 15
REASON = "imports are most of it; making their dataclasses is a quarter of all"
SHARES = {"MobileNetV2": (1 / 10, 1 / 10), "VGG16": (1 / 20, 1 / 50)}


def measure(given: Given) -> Measured:
    python = given.tensorflow_python()
    figures: list[Figure] = []
    notes = []
    with tempfile.TemporaryDirectory() as folder:
        for name in SHARES:
            graph = frozen(python, name, Path(folder)).path
            header, lists = Path(folder, f"{name}.header"), Path(folder, f"{name}.lists")
            own = opselect("generate", graph, "--tensorflow", RELEASE, "--quiet")
            own_header = [*own, "--profile", "desktop", "--target", "header", "--compat", RELEASE, "--out", header]
            tool = [python, "-m", f"tensorflow.python.tools.{TOOL}", f"--graphs={graph}"]
            ours, listed, theirs = in_turn(own_header, [*own, "--target", "list", "--out", lists], tool, runs=RUNS)
            figures += _figures(name, ours, listed, theirs)
            printed = Path(folder, "printed.h")
            cost(tool, printed)
            same = printed.read_bytes() == (header / "ops_to_register.h").read_bytes()
            notes.append(f"header of {name}: {'the same bytes' if same else 'DIFFERENT'} as the tool's")
    return Measured(figures, notes=notes)


def _figures(name: str, ours: Cost, listed: Cost, theirs: Cost) -> list[Figure]:
    time_share, memory_share = SHARES[name]
    figures = [
        Figure(f"header of {name}", ours.seconds, "s", TOOL, theirs.seconds, share=time_share, reason=REASON),
        Figure(f"header of {name}: memory", ours.megabytes, "MB", TOOL, theirs.megabytes, share=memory_share),
    ]
    if name == "MobileNetV2":
        what = f"list of {name}"
        figures += [
            Figure(what, listed.seconds, "s", TOOL, theirs.seconds, at_most=0.5, share=LIST_SHARE, reason=REASON),
            Figure(f"{what}: memory", listed.megabytes, "MB", TOOL, theirs.megabytes, at_most=100),
        ]
    return figures


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
