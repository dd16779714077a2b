"""What finding out the needs of 1,000 models of 100 KB costs, beside a plain loop that parses them with protobuf.

Run ``python benchmarks/bench_fleet.py``. The models are written without TensorFlow: networks of some 200 nodes, no two
alike, weights included. Times are the best of three runs of the command line, on all cores and in one process; the loop
only parses. Memory is what all processes of the command line have resident at their peak, together, sampled from
``/proc``: Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_models import DT_FLOAT, attr, write_node, write_weights

ROOT = Path(__file__).resolve().parent.parent
RUNS = 3
FEW = 10
LAYERS = 28
ACTIVATIONS = ("Relu", "Relu6", "Elu", "Softplus", "Tanh", "Sigmoid", "Selu", "Softsign")
MAX_SECONDS = 10
MAX_MEMORY_RATIO = 1.1

PROTOBUF = """
import sys, time
from opselect.models.proto import message_class
message = message_class("GraphDef")
start = time.perf_counter()
for path in open(sys.argv[1]).read().splitlines():
    with open(path, "rb") as file:
        message().ParseFromString(file.read())
print(time.perf_counter() - start)
"""


def write_model(path: Path, number: int) -> None:
    """A network whose names, shapes and activation depend on the number; about 100 KB."""
    float_type = attr("T", DT_FLOAT)
    activation = ACTIVATIONS[number % len(ACTIVATIONS)]
    with path.open("wb") as file:
        write_node(file, "input", "Placeholder", (), attr("dtype", DT_FLOAT))
        last = "input"
        for layer in range(LAYERS):
            name = f"model{number}/layer{layer}"
            write_weights(file, f"{name}/kernel", (1, 1, 24, 30 - number % 3))
            write_weights(file, f"{name}/bias", (30,))
            write_node(file, f"{name}/Conv2D", "Conv2D", (last, f"{name}/kernel"), float_type)
            write_node(file, f"{name}/BiasAdd", "BiasAdd", (f"{name}/Conv2D", f"{name}/bias"), float_type)
            last = f"{name}/{activation}"
            write_node(file, last, activation, (f"{name}/BiasAdd",), float_type)
        write_node(file, "softmax", "Softmax", (last,), float_type)


def resident(group: int) -> int:
    """Bytes resident in all processes of a process group; pages that they share count for each."""
    pages = 0
    for entry in os.listdir("/proc"):  # noqa: PTH208 - sampled many times a second
        if entry.isdecimal():
            try:
                stat = Path("/proc", entry, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended meanwhile
            if int(stat[2]) == group:
                pages += int(stat[21])
    return pages * os.sysconf("SC_PAGE_SIZE")


def command(paths: list[Path], *options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "opselect",
        "requirements",
        *map(str, paths),
        "--tensorflow",
        "2.14",
        "--json",
        *options,
    ]


def seconds(line: list[str]) -> tuple[float, bytes]:
    """The best time of several runs, and what they print."""
    best, printed = float("inf"), b""
    for _ in range(RUNS):
        start = time.perf_counter()
        printed = subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
        best = min(best, time.perf_counter() - start)
    return best, printed


def megabytes(line: list[str]) -> float:
    """The peak of all processes together."""
    peak = 0
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        while process.poll() is None:
            peak = max(peak, resident(process.pid))
            time.sleep(0.01)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, line)
    return peak / 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000, help="how many models")
    count = parser.parse_args().models
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as scratch:
        paths = [Path(scratch) / f"model{number}.pb" for number in range(count)]
        for number, path in enumerate(paths):
            write_model(path, number)
        listing = Path(scratch) / "models.txt"
        listing.write_text("\n".join(map(str, paths)))
        size = sum(path.stat().st_size for path in paths) / count
        ours, printed = seconds(command(paths))
        alone, printed_alone = seconds(command(paths, "--jobs", "1"))
        loop = [sys.executable, "-c", PROTOBUF, str(listing)]
        parsing = min(
            float(subprocess.run(loop, cwd=ROOT, check=True, capture_output=True, text=True).stdout)
            for _ in range(RUNS)
        )
        few = {jobs: megabytes(command(paths[:FEW], "--jobs", jobs)) for jobs in (str(cores), "1")}
        all_of_them = {jobs: megabytes(command(paths, "--jobs", jobs)) for jobs in (str(cores), "1")}
    print(f"{count} models of {size / 1000:.0f} KB on average, {cores} cores")
    print(f"opselect requirements:           {ours:8.2f} s")
    print(f"opselect requirements --jobs 1:  {alone:8.2f} s")
    print(f"protobuf, ParseFromString alone: {parsing:8.2f} s, {ours / parsing:.1f} times faster than all of opselect")
    within = ours <= MAX_SECONDS and printed == printed_alone
    for jobs, at_few in few.items():
        at_all = all_of_them[jobs]
        within &= at_all / at_few <= MAX_MEMORY_RATIO
        print(f"peak memory with --jobs {jobs}: {at_few:.1f} MB at {FEW} models, {at_all:.1f} MB at {count}")
    print(f"limit {MAX_SECONDS} s, memory ratio {MAX_MEMORY_RATIO}: {'kept' if within else 'EXCEEDED'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
