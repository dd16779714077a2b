"""How big the indexes are, and what looking up a model's ops costs a process that has just started.

Run ``python benchmarks/bench_index.py``; ``--index FILE`` measures other files than the shipped ones. A look-up is a
whole process: the interpreter starts, imports, opens the index and gets the registrations of 25 ops. Beside it, in
the same run, stand an interpreter that does nothing, and one that gets the same rows from plain JSON by ``json.loads``.
Times are medians of fresh processes that find compiled modules, memory is the peak resident set, read from
``/proc``: Linux only.

Looking up what the kernel files of these ops cannot be linked without is timed inside a fresh process, from opening
the index on; beside it stands networkx with the same edges from plain JSON, its import not counted.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from kernel_index import shipped  # noqa: E402 — found by the line above
from kernel_index.store import StoredIndex, open_index  # noqa: E402

RUNS = 20
MAX_KILOBYTES = 150
MAX_MEGABYTES_TOGETHER = 4
MAX_MILLISECONDS = 50
MAX_DEPENDENCY_MILLISECONDS = 20
PROFILE = "android"

OPS = (
    "Abs", "Add", "AvgPool", "BiasAdd", "Cast", "ConcatV2", "Conv2D", "DepthwiseConv2dNative", "ExpandDims",
    "FusedBatchNorm", "GatherV2", "Identity", "MatMul", "MaxPool", "Mean", "Mul", "Pad", "Relu6", "Reshape",
    "ResizeBilinear", "Softmax", "Squeeze", "StridedSlice", "Sub", "Transpose",
)  # fmt: skip

PEAK = """
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
NOTHING = "pass"
LOOK_UP = """
import sys
from pathlib import Path
from kernel_index.store import open_index
index = open_index(Path(sys.argv[1]))
for op in sys.argv[2:]:
    index.registrations(op)
"""
PLAIN_JSON = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    rows = json.loads(file.read())
for op in sys.argv[2:]:
    rows.get(op)
"""
DEPENDENCIES = """
import sys, time
from pathlib import Path
from kernel_index.dependencies import DependencyGraph
from kernel_index.store import open_index
start = time.perf_counter()
graph = DependencyGraph(open_index(Path(sys.argv[1])), sys.argv[2])
graph.closure(sys.argv[3:])
print((time.perf_counter() - start) * 1000)
"""
BY_NETWORKX = """
import json, sys, time
from networkx import DiGraph, descendants
start = time.perf_counter()
with open(sys.argv[1], encoding="utf-8") as file:
    graph = DiGraph(json.load(file))
set().union(*(descendants(graph, path) for path in sys.argv[3:] if path in graph))
print((time.perf_counter() - start) * 1000)
"""


def measure(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Median milliseconds and peak megabytes of a process."""
    command = [sys.executable, "-c", program + PEAK, *arguments]
    seconds, peaks = [], []
    for run in range(RUNS + 1):
        start = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
        if run:  # the first one compiles modules
            seconds.append(time.perf_counter() - start)
            peaks.append(int(done.stdout) / 1024)
    return statistics.median(seconds) * 1000, max(peaks)


def plain_json(index: StoredIndex) -> str:
    """All registrations, by op, as plain JSON."""
    return json.dumps({op: [dataclasses.asdict(r) for r in index.registrations(op)] for op in index.op_names()})


def inside(program: str, arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    """Median of the milliseconds that a process prints."""
    command = [sys.executable, "-c", program, *arguments]
    runs = [
        float(subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout)
        for _ in range(RUNS + 1)
    ]
    return statistics.median(runs[1:])  # the first one compiles modules


def kernel_files(index: StoredIndex) -> list[str]:
    """The source files that register CPU kernels of the ops."""
    found = (r for op in OPS for r in index.registrations(op) if r.device == "CPU" and PROFILE in r.profiles)
    return sorted({r.source for r in found})


def edges(index: StoredIndex) -> str:
    """Which source file needs which, as plain JSON."""
    return json.dumps(
        {
            file: [dependency.file for dependency in found if PROFILE in dependency.profiles]
            for file, found in index.dependencies.items()
        }
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", type=Path, nargs="+", help="index files to measure in place of the shipped ones")
    arguments = parser.parse_args()
    paths = [path.resolve() for path in arguments.index or map(shipped.find, shipped.releases())]
    sizes = {path: path.stat().st_size / 1000 for path in paths}
    for path, size in sizes.items():
        index = open_index(path)
        print(f"{index.release:>8}: {size:6.1f} kB, {len(index.op_names())} ops")
    together = sum(sizes.values()) / 1000
    print(f"together: {together:6.2f} MB")
    largest = max(paths, key=sizes.__getitem__)
    with tempfile.TemporaryDirectory() as scratch:
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(Path(scratch) / "compiled")
        text = Path(scratch) / "index.json"
        text.write_text(plain_json(open_index(largest)), encoding="utf-8")
        nothing, nothing_memory = measure(NOTHING, [], environment)
        ours, ours_memory = measure(LOOK_UP, [str(largest), *OPS], environment)
        theirs, theirs_memory = measure(PLAIN_JSON, [str(text), *OPS], environment)
        json_size = text.stat().st_size / 1000
        files = kernel_files(open_index(largest))
        text.write_text(edges(open_index(largest)), encoding="utf-8")
        needs = inside(DEPENDENCIES, [str(largest), PROFILE, *files], environment)
        by_networkx = inside(BY_NETWORKX, [str(text), PROFILE, *files], environment)
    print(f"registrations of {len(OPS)} ops, whole process, median of {RUNS}:")
    print(f"  interpreter alone: {nothing:6.1f} ms  {nothing_memory:6.1f} MB")
    print(f"  this index:        {ours:6.1f} ms  {ours_memory:6.1f} MB  {sizes[largest]:8.0f} kB")
    print(f"  json.loads:        {theirs:6.1f} ms  {theirs_memory:6.1f} MB  {json_size:8.0f} kB")
    print(
        f"  json.loads / this: {theirs / ours:6.1f}     {theirs_memory / ours_memory:6.1f}     "
        f"{json_size / sizes[largest]:8.0f}      this / interpreter: {ours / nothing:.1f}"
    )
    print(f"what their {len(files)} kernel files need to be linked, inside the process, median of {RUNS}:")
    print(f"  this index: {needs:6.1f} ms")
    print(f"  networkx:   {by_networkx:6.1f} ms, and its import      this / networkx: {needs / by_networkx:.1f}")
    within = (
        max(sizes.values()) <= MAX_KILOBYTES
        and together <= MAX_MEGABYTES_TOGETHER
        and ours <= MAX_MILLISECONDS
        and needs <= MAX_DEPENDENCY_MILLISECONDS
    )
    print(
        f"limits {MAX_KILOBYTES} kB each, {MAX_MEGABYTES_TOGETHER} MB together, {MAX_MILLISECONDS} ms, "
        f"{MAX_DEPENDENCY_MILLISECONDS} ms: {'kept' if within else 'EXCEEDED'}"
    )
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
