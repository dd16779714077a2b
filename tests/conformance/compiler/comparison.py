"""Compare the scan's preprocessor with ``g++ -E`` on the kernel files of real checkouts.

    python -m tests.conformance.compiler.comparison TREE... --include DIR [--files 240] [--cache DIR] [--all]

``DIR`` is the include folder of a TensorFlow package, which has the headers of Abseil, Eigen and protobuf and the
generated ones: ``python -c "import tensorflow; print(tensorflow.sysconfig.get_include())"``. A release takes about
six minutes on two cores; ``--cache`` keeps what the compiler said. Of every release is printed how many files and
registrations were compared in each profile, and every difference with its cause. Two registrations are equal when
file and line of the outermost macro call, the macro, the builder's text and the class's text are, white space
included.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.tokens import spell
from kernel_index.preprocessor.unit import Unit
from kernel_index.profiles import profiles
from kernel_index.scan.kernels import KERNEL_SINKS
from kernel_index.scan.notes import RecordedFiles
from kernel_index.scan.unit_scan import SINKS, Shared
from kernel_index.source_tree import SourceTree, open_tree
from tests.conformance.compiler.compiler import Call, Compiler, Preprocessed, usable

PROFILES = ("desktop", "android-slim", "android-full")
FILES = 240
"""A tenth of them turns out to register nothing, or nothing in these profiles."""

_MAY_REGISTER = re.compile(r"\bREGISTER(?!_OP\b)|\bTF_CALL_")


@dataclass(frozen=True, slots=True)
class Difference:
    """A registration that only one side has, or a file that the compiler refuses; no ``cause``: nobody knows why."""

    profile: str
    unit: str
    side: str
    what: str
    cause: str

    def __str__(self) -> str:
        return f"{self.profile}, {self.unit}: {self.side}: {self.what} [{self.cause or 'UNEXPLAINED'}]"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One release. ``compared`` counts registrations, ``registering`` files that have some, for each profile.

    ``stubs`` are headers that empty files stand for in some of the files, with the number of files, and
    ``errors`` what the compiler calls errors, with the number of files: it preprocesses on all the same.
    """

    release: str
    files: int
    with_stubs: int
    stubs: Mapping[str, int]
    registering: Mapping[str, int]
    compared: Mapping[str, int]
    errors: Mapping[str, int]
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        return tuple(d for d in self.differences if not d.cause)

    def report(self, *, everything: bool) -> str:
        """The figures, and the differences: all, or a count for each cause."""
        often = sorted(self.stubs.items(), key=lambda stub: (-stub[1], stub[0]))
        lines = [
            f"TensorFlow {self.release}: {self.files} files compared, {self.with_stubs} with empty files for headers"
        ]
        if often:
            most = ", ".join(f"{name} in {count}" for name, count in often[:5])
            lines.append(f"  {len(often)} headers are empty: {most}{' ...' if len(often) > 5 else ''}")
        for name, count in self.compared.items():
            lines.append(f"  {name}: {count} registrations in {self.registering[name]} files")
        lines += [f"  the compiler goes on after an error in {n} files: {e}" for e, n in sorted(self.errors.items())]
        if everything:
            lines += [f"  {d}" for d in self.differences]
        else:
            causes = Counter((d.side, d.cause or "UNEXPLAINED") for d in self.differences)
            lines += [f"  {side}: {count} × {cause}" for (side, cause), count in sorted(causes.items())]
        lines.append(f"  unexplained differences: {len(self.unexplained)}")
        return "\n".join(lines)


def sample(tree: SourceTree, count: int) -> list[str]:
    """Source files that may register kernels in a CPU build, evenly spread over the tree."""
    paths = [
        unit.path
        for unit in tree.units
        if not unit.gpu_only and _MAY_REGISTER.search((tree.root / unit.path).read_text(errors="replace"))
    ]
    count = min(count, len(paths))
    return [paths[i * len(paths) // count] for i in range(count)]


def scanned(tree: SourceTree, paths: Sequence[str]) -> dict[str, dict[str, list[Call]]]:
    """What the scan makes of some files: calls in order, for every profile and path.

    All profiles are run one after the other, and the headers are cut for all units, as a scan does it.
    """
    files = RecordedFiles(tree)
    sources = {unit.path: file for unit in tree.units if (file := files.get(unit.path)) is not None}
    headers = CutHeaders(files, sources.values(), SINKS)
    shared = Shared(files, headers)
    found: dict[str, dict[str, list[Call]]] = {}
    for path in paths:
        unit = Unit(sources[path], headers, shared.inclusions, SINKS)
        for profile in profiles(tree.release):
            run = unit.run(shared.macros(profile.defines))
            found.setdefault(profile.name, {})[path] = [
                Call(call.file, call.line, call.sink, *(spell(a) for a in (*call.arguments, ())[:2]))
                for call in run.calls
                if call.sink in KERNEL_SINKS
            ]
    return found


def compiled(
    tree: SourceTree, include: Path, profile: str, paths: Sequence[str], cache: Path | None
) -> dict[str, Preprocessed]:
    """What the compiler makes of some files in a profile."""
    defines = next(p.defines for p in profiles(tree.release) if p.name == profile)
    stored: dict[str, Preprocessed] = {}
    file = None
    if cache is not None:
        key = hashlib.sha256(json.dumps([str(tree.root.resolve()), dict(defines)]).encode()).hexdigest()[:12]
        file = cache / f"{tree.release}-{profile}-{key}.json"
        stored = _read(file)
    todo = [path for path in paths if path not in stored]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        compiler = Compiler(tree.root, include, Path(scratch))
        stored.update(zip(todo, pool.map(lambda path: compiler.calls(path, defines), todo), strict=True))
    if file is not None and todo:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({path: asdict(found) for path, found in stored.items()}))
    return {path: stored[path] for path in paths}


def _read(file: Path) -> dict[str, Preprocessed]:
    if not file.exists():
        return {}
    return {
        path: Preprocessed(tuple(Call(**c) for c in row["calls"]), tuple(row["stubs"]), tuple(row["errors"]))
        for path, row in json.loads(file.read_text()).items()
    }


def compare(root: Path, include: Path, *, files: int = FILES, cache: Path | None = None) -> Comparison:
    """Compare a sample of a checkout's kernel files in the profiles :data:`PROFILES`."""
    tree = open_tree(root)
    paths = sample(tree, files)
    ours = scanned(tree, paths)
    differences: list[Difference] = []
    registering: dict[str, int] = {}
    compared: dict[str, int] = {}
    stubs: set[tuple[str, str]] = set()
    errors: set[tuple[str, str]] = set()
    for profile in PROFILES:
        theirs = compiled(tree, include, profile, paths, cache)
        for path in paths:
            differences += _differences(profile, path, ours[profile][path], theirs[path])
        registering[profile] = sum(bool(theirs[path].calls) for path in paths)
        compared[profile] = sum((Counter(ours[profile][path]) & Counter(theirs[path].calls)).total() for path in paths)
        stubs.update((stub, path) for path in paths for stub in theirs[path].stubs)
        errors.update((error.partition("error: ")[2], path) for path in paths for error in theirs[path].errors)
    return Comparison(
        release=tree.release,
        files=len(paths),
        with_stubs=len({path for _, path in stubs}),
        stubs=Counter(stub for stub, _ in stubs),
        registering=registering,
        compared=compared,
        errors=Counter(error for error, _ in errors),
        differences=tuple(differences),
    )


def _differences(profile: str, path: str, ours: Iterable[Call], theirs: Preprocessed) -> list[Difference]:
    mine, other = Counter(ours), Counter(theirs.calls)
    return [
        Difference(profile, path, side, str(call), "")
        for side, calls in (("only the scan", mine - other), ("only the compiler", other - mine))
        for call in sorted(calls.elements())
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the scan's preprocessor with g++ -E on kernel files.")
    parser.add_argument("trees", type=Path, nargs="+", help="checkouts of TensorFlow")
    parser.add_argument("--include", type=Path, required=True, help="the include folder of a TensorFlow package")
    parser.add_argument("--files", type=int, default=FILES, help="how many files of a checkout (default: %(default)s)")
    parser.add_argument("--cache", type=Path, help="a folder that keeps what the compiler said")
    parser.add_argument("--all", action="store_true", help="print every difference, not a count for each cause")
    arguments = parser.parse_args()
    reason = usable(str(arguments.include))
    if reason:
        parser.error(reason)
    unexplained = 0
    for root in arguments.trees:
        comparison = compare(root, arguments.include, files=arguments.files, cache=arguments.cache)
        print(comparison.report(everything=arguments.all), flush=True)
        unexplained += len(comparison.unexplained)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
