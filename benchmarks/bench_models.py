"""What reading, needing and inspecting a 553 MB frozen VGG16 costs, beside protobuf's own parser on the same file.

Run ``python benchmarks/bench_models.py``; ``--model FILE`` measures another binary GraphDef. The synthetic graph has
VGG16's layers and sizes and is written without TensorFlow. Times are the best of five fresh processes, memory is the
peak resident set above what the imports take, read from ``/proc``: Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
MAX_SECONDS = 0.3
MAX_MEGABYTES = 60

CONV_CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
DENSE = (("fc1", 25088, 4096), ("fc2", 4096, 4096), ("predictions", 4096, 1000))
DT_FLOAT = b"\x30\x01"

MEASURE = """
import json, sys, time
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
{imports}
before, start = peak(), time.perf_counter()
{work}
print(json.dumps([time.perf_counter() - start, peak() - before, nodes]))
"""
OPSELECT = MEASURE.format(
    imports="from opselect.models.formats import read_graph\n"
    "from opselect.requirements.collect import collect_requirements",
    work="graph = read_graph(sys.argv[1])\nneeded = collect_requirements(graph, 'model', index=None)\n"
    "nodes = sum(item.count for item in needed.items)",
)
INSPECT = MEASURE.format(
    imports="import io\nfrom contextlib import redirect_stdout\nfrom opselect.cli.main import run",
    work="with redirect_stdout(io.StringIO()) as printed:\n    code = run(['inspect', sys.argv[1], '--json'])\n"
    "nodes = sum(json.loads(printed.getvalue())['op_counts'].values())",
)
PROTOBUF = MEASURE.format(
    imports="from opselect.models.proto import message_class\nmessage = message_class('GraphDef')()",
    work="message.ParseFromString(open(sys.argv[1], 'rb').read())\nnodes = len(message.node)",
)


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def head(field: int, size: int) -> bytes:
    """What stands before a length-delimited field."""
    return varint(field << 3 | 2) + varint(size)


def string(field: int, text: str) -> bytes:
    return head(field, len(text)) + text.encode()


def attr(name: str, value: bytes) -> bytes:
    entry = string(1, name) + head(2, len(value)) + value
    return head(5, len(entry)) + entry


def write_node(file: BinaryIO, name: str, op: str, inputs: tuple[str, ...], *attrs: bytes) -> None:
    body = string(1, name) + string(2, op) + b"".join(string(3, i) for i in inputs) + b"".join(attrs)
    file.write(head(1, len(body)) + body)


def write_weights(file: BinaryIO, name: str, shape: tuple[int, ...]) -> None:
    """A Const of floats, its content streamed, and the Identity downstream of it that freezing leaves."""
    size = 4
    for dim in shape:
        size *= dim
    dims = b"".join(head(2, len(varint(dim)) + 1) + b"\x08" + varint(dim) for dim in shape)
    tensor_head = b"\x08\x01" + head(2, len(dims)) + dims + head(4, size)
    value_head = head(8, len(tensor_head) + size) + tensor_head
    key = string(1, "value") + head(2, len(value_head) + size)
    entry_head = head(5, len(key) + len(value_head) + size) + key + value_head
    node_head = string(1, f"{name}/resource") + string(2, "Const") + attr("dtype", DT_FLOAT)
    file.write(head(1, len(node_head) + len(entry_head) + size) + node_head + entry_head)
    chunk = bytes(range(256)) * 4096
    file.writelines(chunk[: min(len(chunk), size - start)] for start in range(0, size, len(chunk)))
    write_node(file, name, "Identity", (f"{name}/resource",), attr("T", DT_FLOAT))


def layers() -> Iterator[tuple[str, tuple[int, ...]]]:
    channels = 3
    for block, widths in enumerate(CONV_CHANNELS, 1):
        for number, width in enumerate(widths, 1):
            yield f"block{block}_conv{number}", (3, 3, channels, width)
            channels = width
    for name, inputs, outputs in DENSE:
        yield name, (inputs, outputs)


def write_vgg16(path: Path) -> None:
    """A graph like keras.applications.VGG16, frozen."""
    with path.open("wb") as file:
        float_type = attr("T", DT_FLOAT)
        write_node(file, "input", "Placeholder", (), attr("dtype", DT_FLOAT))
        last = "input"
        for name, shape in layers():
            op = "Conv2D" if len(shape) == 4 else "MatMul"
            write_weights(file, f"{name}/kernel", shape)
            write_weights(file, f"{name}/bias", shape[-1:])
            write_node(file, f"{name}/{op}", op, (last, f"{name}/kernel"), float_type)
            write_node(file, f"{name}/BiasAdd", "BiasAdd", (f"{name}/{op}", f"{name}/bias"), float_type)
            last = f"{name}/Relu"
            write_node(file, last, "Relu", (f"{name}/BiasAdd",), float_type)
        write_node(file, "softmax", "Softmax", (last,), float_type)


def measure(program: str, path: Path) -> tuple[float, float, int]:
    """Best seconds and peak megabytes of several runs, and the number of nodes seen."""
    best = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", program, path], cwd=ROOT, check=True, capture_output=True, text=True
        )
        best.append(json.loads(done.stdout))
    return min(run[0] for run in best), max(run[1] for run in best), best[0][2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a binary GraphDef to measure in place of the synthetic VGG16")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = arguments.model.resolve() if arguments.model else Path(scratch) / "vgg16.pb"
        if not arguments.model:
            write_vgg16(path)
        size = path.stat().st_size / 1e6
        ours, ours_memory, nodes = measure(OPSELECT, path)
        inspected, inspected_memory, _ = measure(INSPECT, path)
        theirs, theirs_memory, _ = measure(PROTOBUF, path)
    print(f"{path.name}: {size:.0f} MB, {nodes} nodes")
    print(f"opselect, read_graph and collect_requirements: {ours * 1000:8.1f} ms  {ours_memory:8.1f} MB")
    print(f"opselect inspect --json:                       {inspected * 1000:8.1f} ms  {inspected_memory:8.1f} MB")
    print(f"protobuf, ParseFromString:                     {theirs * 1000:8.1f} ms  {theirs_memory:8.1f} MB")
    ratio, memory_ratio = theirs / ours, theirs_memory / max(ours_memory, 0.1)
    print(f"ratio:                                         {ratio:8.1f}     {memory_ratio:8.1f}")
    within = max(ours, inspected) <= MAX_SECONDS and max(ours_memory, inspected_memory) <= MAX_MEGABYTES
    print(f"limit {MAX_SECONDS * 1000:.0f} ms and {MAX_MEGABYTES} MB: {'kept' if within else 'EXCEEDED'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
