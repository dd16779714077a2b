"""What 1,000 models of 100 kB need, beside a loop that parses them with protobuf and does nothing else.

The models are networks of some 200 nodes, no two alike, weights included. Whole processes, on all cores and in one
process, which must print the same. Memory is that of all processes together, for 10 models and for all: it must not
grow with their number.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Curve, Figure, Measured
from benchmarks.given import Given, main
from benchmarks.made_models import write_small_model
from benchmarks.processes import cost, in_turn, opselect, peak_of_all

COUNT = 1000
FEW = 10
REASON = "half of it is finding what the runtime may insert, a quarter whether the release loads the model"
SIZES = (250, 500, 1000)
RUNS = 3
PARSE = """
import sys
from opselect.models.proto import message_class
message = message_class("GraphDef")
for path in open(sys.argv[1]).read().splitlines():
    with open(path, "rb") as file:
        message().ParseFromString(file.read())
"""


def measure(_given: Given) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"model{number}.pb") for number in range(COUNT)]
        for number, path in enumerate(paths):
            write_small_model(path, number)
        listing = Path(folder, "models.txt")
        listing.write_text("\n".join(map(str, paths)))
        size = sum(path.stat().st_size for path in paths) / COUNT / 1000
        all_cores, one_core = _needs(paths), [*_needs(paths), "--jobs", "1"]
        ours, alone, parsed = in_turn(all_cores, one_core, [sys.executable, "-c", PARSE, listing], runs=RUNS)
        printed = [Path(folder, name) for name in ("all", "one")]
        for command, output in zip((all_cores, one_core), printed, strict=True):
            cost(command, output)
        same = printed[0].read_bytes() == printed[1].read_bytes()
        jobs = ["--jobs", str(os.cpu_count())]
        many, few = peak_of_all([*_needs(paths), *jobs]), peak_of_all([*_needs(paths[:FEW]), *jobs])
        growth = tuple(cost([*_needs(paths[:size]), "--jobs", "1"]).core_seconds for size in SIZES)
        what = f"requirements of {COUNT:,} models of {size:.0f} kB"
        tool = "protobuf's ParseFromString in a loop"
        return Measured(
            [
                Figure(
                    f"{what}, {os.cpu_count()} cores", ours.seconds, "s", tool, parsed.seconds, at_most=4, reason=REASON
                ),
                Figure(f"{what}, one process", alone.seconds, "s", tool, parsed.seconds),
                Figure(f"{what}: memory", many, "MB", f"opselect with {FEW} models", few, share=1.1),
            ],
            curves=[Curve("requirements, one process", "models of 100 kB", SIZES, growth)],
            notes=[f"several processes and one print {'the same' if same else 'DIFFERENT texts'}"],
        )


def _needs(paths: list[Path]) -> list[str]:
    return opselect("requirements", *paths, "--tensorflow", "2.14", "--json")


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
