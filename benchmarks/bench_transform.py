"""What stripping a 553 MB frozen VGG16 costs, beside ``cp`` of the same file.

Run ``python benchmarks/bench_transform.py``; ``--folder DIR`` says where the files go, in the end the disk decides. The
graph is that of ``bench_models.py``. Times are the best of five, a run of each after the other, memory is the peak
resident set above what the imports take, read from ``/proc``: Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_models import MEASURE, ROOT, write_vgg16

RUNS = 5
MAX_RATIO = 2.0
MAX_MEGABYTES = 100
STRIP = 'strip_unused_nodes(type=float, shape="1,224,224,3")'
TRANSFORM = MEASURE.format(
    imports="from opselect.cli.main import run",
    work="nodes = run(['transform', *sys.argv[1:], '--inputs=input', '--outputs=softmax', "
    f"'--transforms={STRIP}', '--quiet'])",
)


def copied(source: Path, target: Path) -> float:
    """Seconds that ``cp`` takes."""
    target.unlink(missing_ok=True)
    start = time.perf_counter()
    subprocess.run(["cp", source, target], check=True)
    return time.perf_counter() - start


def stripped(source: Path, target: Path) -> tuple[float, float]:
    """Seconds and peak megabytes that stripping takes."""
    target.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", TRANSFORM, source, target], cwd=ROOT, check=True, capture_output=True, text=True
    )
    seconds, megabytes, code = json.loads(done.stdout)
    if code:
        sys.exit(done.stderr)
    return seconds, megabytes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the graph and its copies are written")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as scratch:
        source, target = Path(scratch) / "vgg16.pb", Path(scratch) / "copy.pb"
        write_vgg16(source)
        size = source.stat().st_size / 1e6
        runs = [(copied(source, target), *stripped(source, target)) for _ in range(RUNS)]
    copy, strip = min(run[0] for run in runs), min(run[1] for run in runs)
    memory = max(run[2] for run in runs)
    print(f"{source.name}: {size:.0f} MB")
    print(f"cp:                                    {copy * 1000:8.1f} ms")
    print(f"opselect transform strip_unused_nodes: {strip * 1000:8.1f} ms  {memory:8.1f} MB")
    print(f"ratio:                                 {strip / copy:8.2f}")
    within = strip / copy <= MAX_RATIO and memory <= MAX_MEGABYTES
    print(f"limit {MAX_RATIO:.1f} and {MAX_MEGABYTES} MB: {'kept' if within else 'EXCEEDED'}")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
