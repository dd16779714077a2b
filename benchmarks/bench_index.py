"""How big the indexes are, and what looking up a model's ops costs a process that has just started.

A look-up is a whole process: the interpreter starts, imports, opens the largest index and gets the registrations of 25
ops. Beside it stands one that gets the same rows from plain JSON by ``json.loads``. Looking up what the kernel files of
these ops cannot be linked without is timed inside a fresh process, from opening the index on; beside it stands networkx
with the same edges from plain JSON, its import not counted.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.figures import Figure, Measured
from benchmarks.given import Given, main
from benchmarks.processes import in_turn, inside
from kernel_index import shipped
from kernel_index.store import StoredIndex, open_index

RUNS = 20
PROFILE = "android"
REASON = "the imports of dataclasses and pathlib are most of what is above an interpreter that does nothing"

OPS = (
    "Abs", "Add", "AvgPool", "BiasAdd", "Cast", "ConcatV2", "Conv2D", "DepthwiseConv2dNative", "ExpandDims",
    "FusedBatchNorm", "GatherV2", "Identity", "MatMul", "MaxPool", "Mean", "Mul", "Pad", "Relu6", "Reshape",
    "ResizeBilinear", "Softmax", "Squeeze", "StridedSlice", "Sub", "Transpose",
)  # fmt: skip

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
CLOSURE = (
    (
        "from pathlib import Path\nfrom kernel_index.dependencies import DependencyGraph\n"
        "from kernel_index.store import open_index"
    ),
    "graph = DependencyGraph(open_index(Path(sys.argv[1])), sys.argv[2])\nresult = len(graph.closure(sys.argv[3:]))",
)
BY_NETWORKX = (
    "from networkx import DiGraph, descendants",
    (
        "with open(sys.argv[1], encoding='utf-8') as file:\n    graph = DiGraph(json.load(file))\n"
        "result = len(set().union(*(descendants(graph, path) for path in sys.argv[3:] if path in graph)))"
    ),
)


def plain_json(index: StoredIndex) -> str:
    """All registrations, by op, as plain JSON."""
    return json.dumps({op: [dataclasses.asdict(r) for r in index.registrations(op)] for op in index.op_names()})


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


def measure(_given: Given) -> Measured:
    paths = [shipped.find(release) for release in shipped.releases()]
    sizes = {path: path.stat().st_size / 1000 for path in paths}
    largest = max(paths, key=sizes.__getitem__)
    index = open_index(largest)
    with tempfile.TemporaryDirectory() as folder:
        rows, needs = Path(folder, "rows.json"), Path(folder, "needs.json")
        rows.write_text(plain_json(index), encoding="utf-8")
        needs.write_text(edges(index), encoding="utf-8")
        ours, theirs, nothing = in_turn(
            [sys.executable, "-c", LOOK_UP, largest, *OPS],
            [sys.executable, "-c", PLAIN_JSON, rows, *OPS],
            [sys.executable, "-c", ""],
            runs=RUNS,
        )
        files = kernel_files(index)
        closure, _ = inside(*CLOSURE, largest, PROFILE, *files, runs=RUNS)
        by_networkx, _ = inside(*BY_NETWORKX, needs, PROFILE, *files, runs=RUNS)
        json_size = rows.stat().st_size / 1000
    look_up, link = f"{len(OPS)} ops from a cold process", f"what {len(files)} kernel files need to be linked"
    return Measured(
        [
            Figure(f"largest of {len(paths)} indexes", sizes[largest], "kB", "plain JSON", json_size, at_most=150),
            Figure("all indexes together", sum(sizes.values()) / 1000, "MB", at_most=4),
            Figure(look_up, ours.seconds * 1000, "ms", "json.loads", theirs.seconds * 1000, at_most=50, reason=REASON),
            Figure(f"{look_up}: memory", ours.megabytes, "MB", "json.loads", theirs.megabytes),
            Figure(link, closure.seconds * 1000, "ms", "networkx", by_networkx.seconds * 1000, at_most=20),
        ],
        notes=[f"an interpreter that does nothing takes {nothing.seconds * 1000:.0f} ms"],
    )


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
