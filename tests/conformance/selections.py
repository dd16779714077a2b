"""What selections link with, against what a linker takes of real object files, and what that costs in bytes.

    python -m tests.conformance.selections FOLDER INDEX --profile android-slim [--op OP]… [--model MODEL]…

FOLDER is one of ``tests.conformance.objects``, INDEX an index file. An op stands for all its CPU kernels, a model for
those that it picks. A line each: the files that register them, how many files the dependencies make of these, how many
the object files, what is missed, and what is more, in bytes of text and data. Exits with 1 where anything is missed.
Needs ``nm`` and ``size`` of GNU binutils.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.dependencies import DependencyGraph
from kernel_index.index import KernelIndex
from kernel_index.records import BAZEL
from kernel_index.store import open_index
from opselect.models.choice import Choice
from opselect.requirements.of_many_models import collect_model
from opselect.selection.select import select
from tests.conformance.objects import facts, source_of


@dataclass(frozen=True, slots=True)
class Comparison:
    """The files of a selection by dependencies and by object files; of ``unknown`` ones there is no object file."""

    kernels: int
    ours: frozenset[str]
    linked: frozenset[str]
    unknown: frozenset[str]
    sizes: Mapping[str, int]

    @property
    def missed(self) -> frozenset[str]:
        return self.linked - self.ours

    @property
    def surplus(self) -> frozenset[str]:
        return self.ours - self.linked

    def __str__(self) -> str:
        more, all_bytes = self._bytes(self.surplus), self._bytes(self.linked)
        line = (
            f"{self.kernels} kernel files, {len(self.ours)} by dependencies, {len(self.linked)} by object files, "
            f"{len(self.missed)} missed, {len(self.surplus)} more: {more:,} of {all_bytes:,} bytes, "
            f"{more / max(all_bytes, 1):.1%}"
        )
        if self.unknown:
            line += f" ({len(self.unknown)} without an object file)"
        rows = [f"  missed {path}" for path in sorted(self.missed)]
        rows += [f"  more   {path} ({self.sizes.get(path, 0):,})" for path in sorted(self.surplus)]
        return "\n".join([line, *rows])

    def _bytes(self, files: Iterable[str]) -> int:
        return sum(self.sizes.get(path, 0) for path in files)


def compare(
    kernels: Iterable[str],
    direct: Callable[[str], Iterable[str]],
    needs: Mapping[str, Iterable[str]],
    sizes: Mapping[str, int],
) -> Comparison:
    """Both closures of some kernel files; a file without an object file needs what ``direct`` says."""
    start = frozenset(kernels)
    ours = closed(start, direct)
    linked = closed(start, lambda file: needs[file] if file in needs else direct(file))
    return Comparison(len(start), ours, linked, ours - needs.keys(), sizes)


def closed(files: Iterable[str], direct: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """The files, and all that they lead to."""
    todo = list(files)
    seen = set(todo)
    while todo:
        new = set(direct(todo.pop())) - seen
        seen |= new
        todo += new
    return frozenset(seen)


def object_sizes(folder: Path) -> dict[str, int]:
    """Source file to the bytes of text and data in its object file."""
    objects = sorted(folder.glob("*.o"))
    lines = subprocess.run(["size", *objects], check=True, capture_output=True, text=True).stdout.splitlines()[1:]
    return {source_of(path): sum(map(int, line.split()[:2])) for path, line in zip(objects, lines, strict=True)}


def kernel_files_of_op(index: KernelIndex, profile: str, op: str) -> set[str]:
    return {r.source for r in index.registrations(op) if profile in r.profiles and r.device in ("CPU", "DEFAULT")}


def kernel_files_of_model(index: KernelIndex, profile: str, model: str) -> set[str]:
    selection = select(collect_model(model, model, index=index, choice=Choice()), index, profile)
    return {file.path for file in selection.files if file.role == "kernel"}


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 where a file is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.selections")
    parser.add_argument("folder", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("--profile", required=True)
    parser.add_argument("--op", action="append", default=[])
    parser.add_argument("--model", action="append", default=[])
    options = parser.parse_args(arguments)
    index, profile = open_index(options.index), options.profile
    graph = DependencyGraph(index, profile, BAZEL)
    needs, sizes = facts(options.folder), object_sizes(options.folder)
    questions = [(op, kernel_files_of_op(index, profile, op)) for op in options.op]
    questions += [(model, kernel_files_of_model(index, profile, model)) for model in options.model]
    missed = 0
    for name, kernels in questions:
        comparison = compare(kernels, lambda file: (d.file for d in graph.of(file).needs), needs, sizes)
        missed += len(comparison.missed)
        print(f"{name}: {comparison}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
