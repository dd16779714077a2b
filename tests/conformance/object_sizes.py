"""Compare estimates of sizes with sizes of objects that were compiled, file by file and for whole models.

    python -m tests.conformance.object_sizes SIZES.json [--tensorflow 2.14] [--profile android-slim]
        [--held-out PARTS] [--model MODEL]... [--files]

``SIZES.json`` has what ``size`` counts: ``{"files": {path: [text, data, bss]}}``. Printed are, by what the estimates
are based on, in how many cases the size was within the band, for files and for sums of files drawn at random.
``--held-out`` parts the files: each part is estimated by tables in which none of its files is. With ``--model`` the
sources of a whole build are summed, those that were compiled.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kernel_index import shipped
from kernel_index.file_names import is_source
from kernel_index.index import KernelCount, KernelIndex, definitions_by_file
from kernel_index.shipped.sizes import SizeTable, all_sizes
from opselect.estimates import FileToCompile, SizeEstimate, estimate
from opselect.usecases.read_requirements import ModelSet, read_requirements
from opselect.usecases.select_kernels import select

_SUMS = 200
_PER_SUM = (10, 30)


@dataclass(frozen=True, slots=True)
class Comparison:
    """An estimate and what was measured, in bytes of text and data; ``basis`` is of a file, or what a sum is of."""

    name: str
    basis: str
    estimated: SizeEstimate
    measured: int

    @property
    def holds(self) -> bool:
        """Whether the size is within the band."""
        return self.estimated.low <= self.measured <= self.estimated.high

    def __str__(self) -> str:
        found = self.estimated
        band = "within" if self.holds else "OUTSIDE"
        off = f"{self.measured / found.bytes - 1:+.1%}" if found.bytes else ""
        return (
            f"{self.name}: {found.bytes:,} ({found.low:,} to {found.high:,}), measured {self.measured:,} {off} {band}"
        )


class Sizes:
    """Measured sizes, with the estimates of the same files by tables that have some of them or not."""

    def __init__(self, measured: Mapping[str, int], index: KernelIndex, profile: str) -> None:
        self.measured = measured
        self._index = index
        self._profile = profile
        self._kernels = index.kernel_counts(profile)
        self._definitions = definitions_by_file(index)
        self._tables = all_sizes()

    def without(self, paths: Iterable[str]) -> tuple[SizeTable, ...]:
        """The shipped tables as if the objects of some files had never been compiled."""
        left_out = frozenset(paths)
        return tuple(
            replace(table, files={path: size for path, size in table.files.items() if path not in left_out})
            if table.kind == "objects"
            else table
            for table in self._tables
        )

    def compared(self, paths: Sequence[str], tables: Sequence[SizeTable] | None, name: str = "") -> Comparison:
        """Some files together, by the tables; by those that are shipped without any."""
        files = [self._file(path) for path in paths]
        found = estimate(files, self._index.release, self._profile, tables or self._tables)
        assert found is not None
        bases = {each.basis.value for each in found.files}
        basis = bases.pop() if len(bases) == 1 else "several"
        return Comparison(name or paths[0], basis, found, sum(self.measured[path] for path in paths))

    def _file(self, path: str) -> FileToCompile:
        count = self._kernels.get(path, KernelCount(0, 0))
        return FileToCompile(path, count.registrations + self._definitions.get(path, 0), count.classes)

    def parts(self, count: int) -> list[list[str]]:
        """The files in so many parts, drawn the same each time; all in one where there is just one."""
        paths = sorted(self.measured)
        random.Random(1).shuffle(paths)
        return [paths[part::count] for part in range(count)]

    def comparisons(self, held_out: int) -> Iterator[tuple[list[Comparison], list[Comparison]]]:
        """For each part the files one by one, and sums of files drawn of it."""
        for part in self.parts(max(held_out, 1)):
            tables = self.without(part) if held_out else None
            files = [self.compared([path], tables) for path in part]
            drawing = random.Random(2)
            sums = [
                self.compared(sorted(drawing.sample(part, size)), tables, f"{size} files")
                for size in _PER_SUM
                if size < len(part)
                for _ in range(_SUMS // max(held_out, 1))
            ]
            yield files, sums


def read_sizes_of(path: Path) -> dict[str, int]:
    """Text and data of the files of a document of sizes; files that are no C++ for this processor are left out."""
    files = json.loads(path.read_text())["files"]
    return {file: text + data for file, (text, data, _) in files.items() if text + data and not file.endswith(".cu.cc")}


def model_sources(model: str, index: KernelIndex, profile: str) -> list[str]:
    """The sources of a build for a model."""
    found = select(read_requirements(ModelSet((model,)), index), index, profile)
    return sorted({file.path for file in found.selection.files if is_source(file.path)})


def _report(name: str, found: Sequence[Comparison]) -> None:
    groups: dict[str, list[Comparison]] = {}
    for each in found:
        groups.setdefault(each.basis if name == "files" else each.name, []).append(each)
    for group, rows in sorted(groups.items()):
        held = sum(each.holds for each in rows)
        print(f"  {name}, {group}: within the band {held} of {len(rows)} ({held / len(rows):.0%})")


def main(arguments: Sequence[str]) -> int:
    """The exit code, always 0: how good estimates are is for people to judge."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.object_sizes")
    parser.add_argument("sizes", type=Path)
    parser.add_argument("--tensorflow", default="2.14")
    parser.add_argument("--profile", default="android-slim")
    parser.add_argument("--held-out", type=int, default=0, metavar="PARTS")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--files", action="store_true", help="print every file")
    given = parser.parse_args(arguments)
    index = shipped.index_of(given.tensorflow)
    sizes = Sizes(read_sizes_of(given.sizes), index, given.profile)
    files: list[Comparison] = []
    sums: list[Comparison] = []
    for some_files, some_sums in sizes.comparisons(given.held_out):
        files += some_files
        sums += some_sums
    if given.files:
        for each in sorted(files, key=lambda each: each.name):
            print(f"  {each} [{each.basis}]")
    _report("files", files)
    _report("sums", sums)
    for model in given.model:
        sources = model_sources(model, index, given.profile)
        known = [path for path in sources if path in sizes.measured]
        for title, tables in (("", None), (", none of them compiled before", sizes.without(known))):
            print(f"  {sizes.compared(known, tables, f'{model}: {len(known)} of {len(sources)} files{title}')}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
