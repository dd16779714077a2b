"""What listing a 2 GB checkpoint and reading one variable of it costs, beside NumPy on the same names and bytes.

Run ``python benchmarks/bench_checkpoints.py``; ``--checkpoint PREFIX`` measures another one, without the comparison.
The synthetic checkpoint has 3,000 variables, most of its data file is a hole. NumPy lists names and shapes of an
``.npz`` with as many arrays, and reads the bytes of the variable with ``np.fromfile``, which checks no checksum. Times
are the best of five fresh processes without their imports, memory is the peak resident set above what the imports take,
read from ``/proc``: Linux only.
"""

from __future__ import annotations

import argparse
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import google_crc32c
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
MAX_SECONDS = 0.2
MAX_MEGABYTES = 40

VARIABLES = 3000
COLUMNS = 1024
ROWS = 170
LARGE = "tower/dense_250/kernel/Adam_1"
LARGE_ROWS = 25_000
BLOCK = 1 << 18
MAGIC = bytes.fromhex("57fb808b247547db")

MEASURE = """
import json, sys, time
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
{imports}
before, start = peak(), time.perf_counter()
{work}
print(json.dumps([time.perf_counter() - start, peak() - before, result]))
"""
OPSELECT = "from opselect import open_checkpoint"
LIST = MEASURE.format(
    imports=OPSELECT,
    work="checkpoint = open_checkpoint(sys.argv[1])\n"
    "result = len([(name, checkpoint.shapes[name], checkpoint.dtypes[name]) for name in checkpoint])",
)
READ = MEASURE.format(
    imports=f"{OPSELECT}\ncheckpoint = open_checkpoint(sys.argv[1])",
    work="result = checkpoint[sys.argv[2]].nbytes",
)
LIST_NPZ = MEASURE.format(
    imports="import numpy as np",
    work="arrays = np.load(sys.argv[1])\nresult = len([(name, arrays[name].shape) for name in arrays.files])",
)
FROM_FILE = MEASURE.format(
    imports="import numpy as np",
    work="result = np.fromfile(sys.argv[1], np.uint8, int(sys.argv[3]), offset=int(sys.argv[2])).nbytes",
)


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def masked(crc: int) -> bytes:
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFF_FFFF)


def sealed(content: bytes) -> bytes:
    return content + b"\0" + masked(google_crc32c.value(content + b"\0"))


def block(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A block that writes every key in full."""
    out = bytearray()
    restarts = []
    for key, value in entries:
        restarts.append(len(out))
        out += b"\0" + varint(len(key)) + varint(len(value)) + key + value
    return bytes(out) + struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))


def write_table(path: Path, entries: list[tuple[bytes, bytes]]) -> None:
    out = bytearray()
    index: list[tuple[bytes, bytes]] = []
    held: list[tuple[bytes, bytes]] = []
    for number, entry in enumerate(entries, 1):
        held.append(entry)
        if number == len(entries) or sum(len(key) + len(value) for key, value in held) > BLOCK:
            content = block(held)
            index.append((entry[0], varint(len(out)) + varint(len(content))))
            out += sealed(content)
            held = []
    start, content = len(out), block(index)
    handles = varint(0) + varint(0) + varint(start) + varint(len(content))
    path.write_bytes(bytes(out) + sealed(content) + handles.ljust(40, b"\0") + MAGIC)


def names() -> list[str]:
    """Names as an optimizer's slots make them, three of which belong to one variable."""
    slots = ("kernel", "kernel/Adam", "kernel/Adam_1", "bias", "bias/Adam", "bias/Adam_1")
    return sorted(f"tower/dense_{number}/{slot}" for number in range(VARIABLES // len(slots)) for slot in slots)


def write_checkpoint(prefix: Path) -> None:
    """Variables of zeros, but for the large one, whose bytes are really there."""
    zeros = google_crc32c.value(bytes(ROWS * COLUMNS * 4))
    entries = [(b"", b"\x08\x01\x1a\x02\x08\x01")]
    offset = 0
    with prefix.with_name(f"{prefix.name}.data-00000-of-00001").open("wb") as file:
        for name in names():
            rows, crc = (LARGE_ROWS, 0) if name == LARGE else (ROWS, zeros)
            size = rows * COLUMNS * 4
            if name == LARGE:
                data = np.random.default_rng(1).bytes(size)
                file.seek(offset)
                file.write(data)
                crc = google_crc32c.value(data)
            dims = b"".join(field(2, b"\x08" + varint(dim)) for dim in (rows, COLUMNS))
            place = b"\x20" + varint(offset) + b"\x28" + varint(size) + b"\x35" + masked(crc)
            entries.append((name.encode(), b"\x08\x01" + field(2, dims) + place))
            offset += size
        file.truncate(offset)
    write_table(prefix.with_name(f"{prefix.name}.index"), entries)


def measure(program: str, *arguments: object) -> tuple[float, float, int]:
    """Best seconds and peak megabytes of several runs, and what was counted."""
    best = []
    for _ in range(RUNS):
        command = [sys.executable, "-c", program, *map(str, arguments)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        best.append(json.loads(done.stdout))
    return min(run[0] for run in best), max(run[1] for run in best), best[0][2]


def compare(folder: Path) -> bool:
    prefix = folder / "model.ckpt"
    write_checkpoint(prefix)
    data = prefix.with_name(f"{prefix.name}.data-00000-of-00001")
    listed, memory, count = measure(LIST, prefix)
    print(f"{prefix.name}: {data.stat().st_size / 1e6:,.0f} MB, {count:,} variables")
    print(f"opselect, names, shapes and types: {listed * 1000:8.1f} ms  {memory:8.1f} MB")
    np.savez(folder / "same.npz", **{f"{number}": np.zeros((1, 1), np.float32) for number in range(count)})
    npz, npz_memory, _ = measure(LIST_NPZ, folder / "same.npz")
    print(f"numpy, names and shapes of an npz: {npz * 1000:8.1f} ms  {npz_memory:8.1f} MB  ratio {npz / listed:.1f}")

    sys.path.insert(0, str(ROOT))
    from opselect import open_checkpoint

    stored = open_checkpoint(prefix).stored(LARGE)
    assert stored is not None
    read, read_memory, size = measure(READ, prefix, LARGE)
    plain, plain_memory, _ = measure(FROM_FILE, data, stored.offset, stored.length)
    print(f"opselect, a variable of {size / 1e6:.0f} MB:    {read * 1000:8.1f} ms  {read_memory:8.1f} MB")
    print(
        f"numpy.fromfile, the same bytes:    {plain * 1000:8.1f} ms  {plain_memory:8.1f} MB  ratio {plain / read:.1f}"
    )
    within = listed <= MAX_SECONDS and memory <= MAX_MEGABYTES
    print(f"limit {MAX_SECONDS * 1000:.0f} ms and {MAX_MEGABYTES} MB for listing: {'kept' if within else 'EXCEEDED'}")
    return within


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint to list in place of the synthetic one")
    arguments = parser.parse_args()
    if arguments.checkpoint:
        seconds, memory, count = measure(LIST, arguments.checkpoint.resolve())
        print(f"{arguments.checkpoint.name}: {count:,} variables in {seconds * 1000:.1f} ms and {memory:.1f} MB")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        return 0 if compare(Path(scratch)) else 1


if __name__ == "__main__":
    sys.exit(main())
