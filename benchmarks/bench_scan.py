"""Scanning a checkout in all profiles, cold and warm, beside one pass of ``g++ -E`` over the same source files.

    python -m benchmarks.bench_scan --tree PATH [--tree PATH…] --python PROGRAM

The environment of PROGRAM has the headers of Abseil, Eigen and protobuf that a checkout lacks. ``g++ -E`` runs in as
many processes at once as there are cores, over a sample of the CPU sources that is evenly spread, and its time is
scaled by their number; the sample and the scan take turns. A scan is a whole process, with a cache that is empty when
it is cold and full when it is warm; files are in the page cache for both. Memory is that of all its processes
together.

A scan also finds which files cannot be linked without which others, and ``g++ -E`` has no part in that; what that takes
by itself is measured, too. Several checkouts show how scans grow with the bytes that are scanned.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.figures import Curve, Figure, Measured
from benchmarks.given import Given, main
from benchmarks.processes import Cost, cost, environment, in_turn, inside, median, peak_of_all
from kernel_index.preprocessor.files import Files
from kernel_index.source_tree import SEARCH, SourceTree, open_tree

RUNS = 3
SAMPLE = 60
SHARE = 1 / 60
COLD = "the preprocessor is Python, most of it regular expressions; finding dependencies has no part in g++ -E"
WARM = "all files of the checkout are compared by their stamps, and the kept result is read"

SCAN = """
import sys
from pathlib import Path
from kernel_index.scan import default_cache, scan_tree
scan = scan_tree(Path(sys.argv[1]), cache=default_cache())
print(*scan.missing_headers, sep="\\n")
"""
DEPENDENCIES = (
    (
        "from pathlib import Path\n"
        "from kernel_index.base_library import is_base\n"
        "from kernel_index.preprocessor.files import Files\n"
        "from kernel_index.profiles import profiles\n"
        "from kernel_index.scan.type_lists import type_lists\n"
        "from kernel_index.source_tree import SEARCH, open_tree\n"
        "from kernel_index.symbols.linking import linked\n"
        "from kernel_index.symbols.unit_symbols import UnitSymbolReader\n"
        "tree = open_tree(Path(sys.argv[1]))"
    ),
    (
        "files, builds = Files(tree.root, SEARCH), profiles(tree.release)\n"
        "reader = UnitSymbolReader(files, builds)\n"
        "sources = [unit.path for unit in tree.units if not (unit.gpu_only or is_base(unit.path))]\n"
        "symbols = {path: reader.read(file) for path in sources if (file := files.get(path)) is not None}\n"
        "result = sum(map(len, linked(symbols, builds, type_lists(files, builds)).values()))"
    ),
)


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


class Compiler:
    """``g++ -E`` over a sample of the CPU sources of a checkout."""

    def __init__(self, tree: SourceTree, include: Path, missing: Sequence[str], stubs: Path) -> None:
        paths = [unit.path for unit in tree.units if not unit.gpu_only]
        size = min(SAMPLE, len(paths))
        self.root = tree.root
        self.sample = [paths[i * len(paths) // size] for i in range(size)]
        self.scale = len(paths) / size
        self.failed = 0
        for name in missing:
            # Searched after everything else: an empty file stands in only for what is nowhere to be found.
            stub = Path(stubs, name).resolve()
            if stub.is_relative_to(stubs.resolve()):
                stub.parent.mkdir(parents=True, exist_ok=True)
                stub.touch()
        self.command = ["g++", "-E", "-w", "-std=c++17", "-DNDEBUG", "-I.", f"-I{include.resolve()}"]
        self.command += ["-idirafter", str(stubs), "-o", os.devnull]

    def run(self) -> Cost:
        """What all sources take, as the sample foretells it; memory is not counted."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            before = os.times()
            succeeded = sum(pool.map(self._succeeds, self.sample))
            after = os.times()
        self.failed = len(self.sample) - succeeded
        cores = sum(after[2:4]) - sum(before[2:4])
        return Cost((after.elapsed - before.elapsed) * self.scale, cores * self.scale, 0)

    def _succeeds(self, path: str) -> bool:
        done = subprocess.run([*self.command, path], cwd=self.root, check=False, capture_output=True)
        return b"fatal error" not in done.stderr  # after any other error it goes on to the end


def scan_of(tree: Path) -> list[object]:
    return [sys.executable, "-c", SCAN, tree]


def nothing_kept(folder: Path) -> dict[str, str]:
    """An environment in which nothing is remembered of an earlier scan."""
    return environment(OPSELECT_CACHE=tempfile.mkdtemp(dir=folder))


def measure(given: Given) -> Measured:
    newest, include = given.tree(), given.package() / "include"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        printed = folder / "printed"
        scan_it, kept = scan_of(newest), nothing_kept(folder)
        cost(scan_it, printed, kept)
        compiler = Compiler(open_tree(newest), include, printed.read_text().split(), folder / "stubs")
        scans, passes = [], []
        for _ in range(RUNS):
            scans.append(cost(scan_it, env=nothing_kept(folder)))
            passes.append(compiler.run())
        scan, theirs = median(scans), median(passes)
        (warm,) = in_turn(scan_it, runs=RUNS, env=kept)
        peak = max(peak_of_all(scan_it, nothing_kept(folder)) for _ in range(RUNS))
        linking, needs = inside(*DEPENDENCIES, newest, runs=RUNS)
        growth = _growth(given.trees, folder)
    what = f"cold scan of {open_tree(newest).release}, with dependencies"
    return Measured(
        [
            Figure(what, scan.seconds, "s", "one pass of g++ -E", theirs.seconds, share=SHARE, reason=COLD),
            Figure(f"{what}: seconds of cores", scan.core_seconds, "s", "one pass of g++ -E", theirs.core_seconds),
            Figure(f"{what}: memory", peak, "MB", at_most=400),
            Figure("warm scan", warm.seconds, "s", at_most=0.5, reason=WARM),
            Figure(f"{needs:,} dependencies by themselves, one core", linking.seconds, "s", at_most=10),
        ],
        curves=[growth] if growth else [],
        notes=[f"g++ -E: {len(compiler.sample)} files, {compiler.failed} failed; scaled by {compiler.scale:.1f}"],
    )


def _growth(trees: Sequence[Path], folder: Path) -> Curve | None:
    """Seconds of cores by the bytes that are scanned, of several checkouts."""
    if len(trees) < 2:
        return None
    points = []
    for tree in trees:
        costs = [cost(scan_of(tree), env=nothing_kept(folder)) for _ in range(RUNS)]
        points.append(
            (round(scanned_megabytes(open_tree(tree))), statistics.median(each.core_seconds for each in costs))
        )
    sizes, seconds = zip(*sorted(points), strict=True)
    return Curve("cold scan", "MB of sources and headers", sizes, seconds)


if __name__ == "__main__":
    sys.exit(main(measure, __doc__))
