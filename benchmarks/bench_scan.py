"""What scanning a checkout in all profiles costs, beside one pass of ``g++ -E`` over the same source files.

    python -m benchmarks.bench_scan TREE... --include DIR [--files 100 | --all]

``DIR`` is the include folder of a TensorFlow package, which has the headers of Abseil, Eigen and protobuf that a
checkout lacks. Every scan is cold: the best of three fresh processes, nothing stored, one process a core. Memory is
the peak of the proportional set size, summed over the scan's processes and read from ``/proc`` every 20 ms: Linux only.
``g++ -E`` runs in as many processes at once, over a sample of the scanned CPU sources that is evenly spread, and its
time is scaled by their number. Files are in the page cache for both. Seconds of cores, which is what the processes
used, say more than the clock where other programs run.

A scan also finds which files cannot be linked without which others, and ``g++ -E`` has no part in that. What that costs
is measured by itself too, on one core, reading the files included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_index.preprocessor.files import Files
from kernel_index.source_tree import SEARCH, SourceTree, open_tree

RUNS = 3
MAX_MEGABYTES = 400
MIN_RATIO = 40
MAX_DEPENDENCY_SECONDS = 10

SCAN = """
import json, os, sys, time
from pathlib import Path
from kernel_index.scan import scan_tree
start, before = time.perf_counter(), os.times()
scan = scan_tree(Path(sys.argv[1]))
cores = sum(os.times()[:4]) - sum(before[:4])
print(json.dumps([time.perf_counter() - start, cores, len(scan.registrations), scan.missing_headers]))
"""
DEPENDENCIES = """
import sys, time
from pathlib import Path
from kernel_index.preprocessor.files import Files
from kernel_index.profiles import profiles
from kernel_index.scan.type_lists import type_lists
from kernel_index.source_tree import SEARCH, open_tree
from kernel_index.base_library import is_base
from kernel_index.symbols.linking import linked
from kernel_index.symbols.unit_symbols import UnitSymbolReader
tree = open_tree(Path(sys.argv[1]))
start = time.perf_counter()
files, builds = Files(tree.root, SEARCH), profiles(tree.release)
reader = UnitSymbolReader(files, builds)
sources = [unit.path for unit in tree.units if not (unit.gpu_only or is_base(unit.path))]
symbols = {path: reader.read(file) for path in sources if (file := files.get(path)) is not None}
found = linked(symbols, builds, type_lists(files, builds))
print(time.perf_counter() - start, sum(map(len, found.values())))
"""


@dataclass(frozen=True, slots=True)
class Scan:
    """One cold scan: seconds by the clock and of all cores, peak megabytes, registrations, headers the tree lacks."""

    seconds: float
    core_seconds: float
    megabytes: float
    registrations: int
    missing: tuple[str, ...]


def children(pid: int) -> list[int]:
    try:
        lists = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return []  # it has ended
    return [int(child) for found in lists for child in found.split()]


def processes(root: int) -> list[int]:
    """A process and all below it."""
    found = [root]
    for pid in found:
        found += children(pid)
    return found


def proportional_megabytes(pid: int) -> float:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024


def scan_once(root: Path) -> Scan:
    peak = 0.0
    with subprocess.Popen([sys.executable, "-c", SCAN, root], stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(proportional_megabytes, processes(process.pid))))
            time.sleep(0.02)
        assert process.stdout is not None  # it is piped
        seconds, cores, registrations, missing = json.loads(process.stdout.read())
    return Scan(seconds, cores, peak, registrations, tuple(missing))


def best_scan(root: Path) -> Scan:
    """The fastest of several scans, with the highest peak of them all."""
    scans = [scan_once(root) for _ in range(RUNS)]
    best = min(scans, key=lambda scan: scan.seconds)
    return replace(best, megabytes=max(scan.megabytes for scan in scans))


def scanned_megabytes(tree: SourceTree) -> float:
    """The size of the source files that are scanned and of every file of the tree that they can include."""
    files = Files(tree.root, SEARCH)
    todo = [file for unit in tree.units if (file := files.get(unit.path)) is not None]
    seen = {file.path for file in todo}
    for file in todo:
        for header in files.included(file):
            if header.path not in seen:
                seen.add(header.path)
                todo.append(header)
    return sum((tree.root / path).stat().st_size for path in seen) / 1e6


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """``g++ -E`` over all CPU sources as a sample of ``files`` foretells it, of which it did not finish ``failed``."""

    seconds: float
    core_seconds: float
    files: int
    failed: int


def preprocess(tree: SourceTree, include: Path, missing: Sequence[str], count: int | None) -> Preprocessing:
    """Run the compiler's preprocessor; ``missing`` are headers that an empty file may stand for."""
    paths = [unit.path for unit in tree.units if not unit.gpu_only]
    size = min(count or len(paths), len(paths))
    sample = [paths[i * len(paths) // size] for i in range(size)]
    with tempfile.TemporaryDirectory() as stubs:
        for name in missing:
            # Searched after everything else: an empty file stands in only for what is nowhere to be found.
            stub = Path(stubs, name).resolve()
            if stub.is_relative_to(Path(stubs).resolve()):
                stub.parent.mkdir(parents=True, exist_ok=True)
                stub.touch()
        command = ["g++", "-E", "-w", "-std=c++17", "-DNDEBUG", "-I.", f"-I{include.resolve()}", "-idirafter", stubs]
        command += ["-o", os.devnull]

        def run(path: str) -> bool:
            done = subprocess.run([*command, path], cwd=tree.root, check=False, capture_output=True)
            return b"fatal error" not in done.stderr  # after any other error it goes on to the end

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            start, before = time.perf_counter(), os.times()
            succeeded = sum(pool.map(run, sample))
            seconds, after = time.perf_counter() - start, os.times()
    cores = sum(after[2:4]) - sum(before[2:4])
    scale = len(paths) / size
    return Preprocessing(seconds * scale, cores * scale, size, size - succeeded)


def dependencies(root: Path) -> tuple[float, int]:
    """The best of the seconds that finding the dependencies of all sources takes, and how many there are."""
    command = [sys.executable, "-c", DEPENDENCIES, str(root)]
    runs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(RUNS)]
    return min(float(seconds) for seconds, _ in runs), int(runs[0][1])


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure scans of TensorFlow checkouts, beside g++ -E.")
    parser.add_argument("trees", type=Path, nargs="+", help="checkouts of TensorFlow")
    parser.add_argument("--include", type=Path, help="the include folder of a TensorFlow package; without it no g++ -E")
    parser.add_argument("--files", type=int, default=100, help="so many files for g++ -E (default: %(default)s)")
    parser.add_argument("--all", action="store_true", help="all files for g++ -E: minutes a release")
    arguments = parser.parse_args()
    kept = True
    growth: list[str] = []
    for root in arguments.trees:
        tree = open_tree(root)
        scan, megabytes = best_scan(root), scanned_megabytes(tree)
        growth.append(f"{tree.release} {1000 * scan.core_seconds / megabytes:.0f}")
        kept &= scan.megabytes <= MAX_MEGABYTES
        print(
            f"{tree.release}: {len(tree.units)} source files, {megabytes:.1f} MB with headers; {scan.registrations} "
            f"registrations in {scan.seconds:.2f} s ({scan.core_seconds:.1f} s of cores), peak {scan.megabytes:.0f} MB",
            flush=True,
        )
        seconds, count = dependencies(root)
        kept &= seconds <= MAX_DEPENDENCY_SECONDS
        print(f"    {count} dependencies by themselves: {seconds:.2f} s on one core", flush=True)
        if arguments.include is not None:
            theirs = preprocess(tree, arguments.include, scan.missing, None if arguments.all else arguments.files)
            ratio, core_ratio = theirs.seconds / scan.seconds, theirs.core_seconds / scan.core_seconds
            kept &= ratio >= MIN_RATIO
            print(
                f"    one pass of g++ -E: {theirs.seconds:.0f} s, from {theirs.files} files ({theirs.failed} failed)\n"
                f"    the scan takes 1/{ratio:.0f} of that, by seconds of cores 1/{core_ratio:.0f}",
                flush=True,
            )
    print(f"ms of a core per MB: {', '.join(growth)}")
    limits = f"{MAX_MEGABYTES} MB, {MAX_DEPENDENCY_SECONDS} s for dependencies"
    if arguments.include is not None:
        limits += f", 1/{MIN_RATIO} of g++ -E"
    print(f"limit {limits}: {'kept' if kept else 'EXCEEDED'}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
