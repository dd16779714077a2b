"""How big the indexes are, and what looking up a model's ops costs a process that has just started.

Run ``python benchmarks/bench_index.py``; ``--index FILE`` measures other files than the shipped ones. A look-up is a
whole process: the interpreter starts, imports, opens the index and gets the registrations of 25 ops. Beside it, in
the same run, stand an interpreter that does nothing, and one that gets the same rows from plain JSON by ``json.loads``.
Times are medians of fresh processes that find compiled modules, memory is the peak resident set, read from
``/proc``: Linux only.
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
    print(f"registrations of {len(OPS)} ops, whole process, median of {RUNS}:")
    print(f"  interpreter alone: {nothing:6.1f} ms  {nothing_memory:6.1f} MB")
    print(f"  this index:        {ours:6.1f} ms  {ours_memory:6.1f} MB  {sizes[largest]:8.0f} kB")
    print(f"  json.loads:        {theirs:6.1f} ms  {theirs_memory:6.1f} MB  {json_size:8.0f} kB")
    print(
        f"  json.loads / this: {theirs / ours:6.1f}     {theirs_memory / ours_memory:6.1f}     "
        f"{json_size / sizes[largest]:8.0f}      this / interpreter: {ours / nothing:.1f}"
    )
    within = max(sizes.values()) <= MAX_KILOBYTES and together <= MAX_MEGABYTES_TOGETHER and ours <= MAX_MILLISECONDS
    print(
        f"limits {MAX_KILOBYTES} kB each, {MAX_MEGABYTES_TOGETHER} MB together, {MAX_MILLISECONDS} ms: "
        f"{'kept' if within else 'EXCEEDED'}"
    )
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
