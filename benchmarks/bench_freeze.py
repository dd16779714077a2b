"""What freezing a VGG16 costs, 553 MB of weights, beside ``cp`` of its data file in the same run.

Run ``python benchmarks/bench_freeze.py``. The checkpoint has the variables of VGG16 with random bytes in them, the
graph the layers and nothing else. Both programs find the bytes in the page cache, and neither waits for the disk. Times
are the best of several fresh processes that take turns; memory is the peak resident set above what the imports take,
read from ``/proc``: Linux only.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import google_crc32c
import numpy as np
from bench_checkpoints import field, masked, varint, write_table

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
MAX_RATIO = 2.0
MAX_MEGABYTES = 100

CONVOLUTIONS = (3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
DENSE = (25088, 4096, 4096, 1000)
FREEZE = """
import json, sys, time
from opselect.usecases.freeze import freeze_to_file
from opselect.models.formats.checkpoint import open_checkpoint
from opselect.models.formats.graphdef_writer import write_graph
from opselect.rewriting.freezing import Options, freeze_model
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
before, start = peak(), time.perf_counter()
freeze_to_file(sys.argv[1], Options(checkpoint=sys.argv[2], outputs=("probs",)), sys.argv[3])
print(json.dumps([time.perf_counter() - start, peak() - before]))
"""


def variables() -> dict[str, tuple[int, ...]]:
    """The variables of VGG16 and their shapes."""
    found: dict[str, tuple[int, ...]] = {}
    for number, (inputs, outputs) in enumerate(pairwise(CONVOLUTIONS)):
        found[f"conv_{number:02}/kernel"] = (3, 3, inputs, outputs)
        found[f"conv_{number:02}/bias"] = (outputs,)
    for number, (inputs, outputs) in enumerate(pairwise(DENSE)):
        found[f"dense_{number}/kernel"] = (inputs, outputs)
        found[f"dense_{number}/bias"] = (outputs,)
    return dict(sorted(found.items()))


def write_checkpoint(prefix: Path) -> None:
    """The variables with random bytes."""
    entries = [(b"", b"\x08\x01\x1a\x02\x08\x01")]
    offset = 0
    random = np.random.default_rng(16)
    with prefix.with_name(f"{prefix.name}.data-00000-of-00001").open("wb") as file:
        for name, dims in variables().items():
            data = random.bytes(4 * int(np.prod(dims)))
            file.write(data)
            shape = b"".join(field(2, b"\x08" + varint(dim)) for dim in dims)
            place = b"\x20" + varint(offset) + b"\x28" + varint(len(data)) + b"\x35" + masked(google_crc32c.value(data))
            entries.append((name.encode(), b"\x08\x01" + field(2, shape) + place))
            offset += len(data)
    write_table(prefix.with_name(f"{prefix.name}.index"), entries)


def write_model(path: Path) -> None:
    """The graph: layers, each fed by the one before, that read their variables."""
    sys.path.insert(0, str(ROOT))
    from kernel_index.datatypes import DataType
    from opselect.models.formats.graphdef_writer import write_graph
    from opselect.models.graph import Graph, Node, Shape

    of_type = {"T": DataType.DT_FLOAT}
    nodes = [Node("input", "Placeholder", attrs={"dtype": DataType.DT_FLOAT})]
    for name, dims in variables().items():
        op = {4: "Conv2D", 2: "MatMul", 1: "BiasAdd"}[len(dims)]
        last = nodes[-1].name
        nodes.append(Node(name, "VariableV2", attrs={"dtype": DataType.DT_FLOAT, "shape": Shape(dims)}))
        nodes.append(Node(f"{name}/read", "Identity", (name,), attrs=of_type))
        nodes.append(Node(f"{name}/use", op, (last, f"{name}/read"), attrs=of_type))
    nodes.append(Node("probs", "Softmax", (nodes[-1].name,), attrs=of_type))
    write_graph(Graph(tuple(nodes)), str(path))


def copied(source: Path, target: Path) -> float:
    """Seconds that ``cp`` of a file takes."""
    start = time.perf_counter()
    subprocess.run(["cp", source, target], check=True)
    return time.perf_counter() - start


def frozen(graph: Path, prefix: Path, target: Path) -> tuple[float, float]:
    """Seconds that freezing takes without the imports, and megabytes above them."""
    command = [sys.executable, "-c", FREEZE, str(graph), str(prefix), str(target)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    seconds, memory = json.loads(done.stdout)
    return seconds, memory


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prefix, graph = folder / "model.ckpt", folder / "graph.pb"
        write_checkpoint(prefix)
        write_model(graph)
        data = prefix.with_name(f"{prefix.name}.data-00000-of-00001")
        ours, theirs = [], []
        for _ in range(RUNS):
            theirs.append(copied(data, folder / "copy"))
            (folder / "copy").unlink()
            ours.append(frozen(graph, prefix, folder / "frozen.pb"))
            size = (folder / "frozen.pb").stat().st_size
            (folder / "frozen.pb").unlink()
    seconds = min(run[0] for run in ours)
    copy = min(theirs)
    memory = max(run[1] for run in ours)
    print(f"VGG16: {size / 1e6:,.0f} MB frozen in {seconds:.2f} s, {memory:.1f} MB of memory")
    print(f"cp: {copy:.2f} s  ratio {seconds / copy:.2f}")
    within = seconds <= MAX_RATIO * copy and memory <= MAX_MEGABYTES
    print(f"limit {MAX_RATIO:g} × cp and {MAX_MEGABYTES} MB: {'kept' if within else 'EXCEEDED'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
