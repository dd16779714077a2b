"""Compare what libraries of wheels register with the scans of their releases, and indexes made of libraries with these.

    python -m tests.conformance.library_indexes RELEASE=FOLDER[=BASE]... [--all]

FOLDER holds the libraries of the release's wheel, at any depth. Without BASE the shipped index of the release, a scan
of its sources, is compared with what the libraries register, as ``libraries.py`` beside this file does. With BASE,
another release or the same, ``opselect index from-binary`` makes an index of the libraries over it, and that is
compared with the scan: every registration on desktop, and for phones how often what is borrowed is right, wrong or not
known. Exit code 1 where something differs on desktop and nobody knows why.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.diagnostics import unsure
from kernel_index.index import KernelIndex, MemoryIndex
from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.records import KernelRegistration
from kernel_index.shipped import index_of
from opselect.binaries.opening import open_images
from opselect.binaries.records import RegisteredKernel
from opselect.binaries.registrations.reading import read_registrations
from opselect.library_index.libraries import together
from opselect.usecases.index_from_binary import LibraryQuestion, index_from_binary
from opselect.usecases.kernel_source import KernelSource
from tests.conformance.libraries import IndexComparison, compare_with_index

PHONES = ("android-slim", "android-full", "android", "ios", "selective")
"""The profiles of phones whose borrowed kernels are counted."""

Key = tuple[object, ...]


def libraries_of(folder: Path) -> tuple[str, ...]:
    """The libraries below a folder that register anything."""
    found = []
    for path in sorted(path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink()):
        (binary,) = open_images(str(path))
        read = read_registrations(binary.image())
        if read.kernels or read.definitions or read.undecoded:
            found.append(str(path))
    return tuple(found)


def kernels_of(paths: Iterable[str]) -> tuple[RegisteredKernel, ...]:
    """What libraries register, each kernel once, without those of tests."""
    opened = (binary for path in paths for binary in open_images(path))
    return together((binary.name, read_registrations(binary.image())) for binary in opened).kernels


@dataclass(frozen=True, slots=True)
class Borrowed:
    """What an index of libraries says of a build for phones, beside the scan.

    ``right`` are kernels that both have. ``unknown`` are kernels of the scan of which the index says that it does not
    know; ``wrong_no`` the others that only the scan has, ``wrong_yes`` those that only the index has.
    """

    right: int
    wrong_yes: tuple[str, ...]
    wrong_no: tuple[str, ...]
    unknown: int


def borrowed(made: KernelIndex, scan: KernelIndex, profile: str) -> Borrowed:
    """Counts the kernels of a profile."""
    here, there = (Counter(map(_key, _built(index, profile))) for index in (made, scan))
    doubtful: Counter[Key] = Counter()
    for op in made.op_names():
        places = {each.location for each in unsure(op, made.diagnostics)}
        if places:
            doubtful.update(_key(record) for record in made.registrations(op) if record.location in places)
    only_scan = there - here
    unknown = only_scan & doubtful
    return Borrowed((here & there).total(), _texts(here - there), _texts(only_scan - unknown), unknown.total())


def _built(index: KernelIndex, profile: str) -> Iterable[KernelRegistration]:
    """The kernels of a build; of one for phones those for the devices that phones have."""
    return (
        record
        for record in index.all_registrations()
        if profile in record.profiles and (profile == "desktop" or record.device in (CPU, DEFAULT))
    )


def _key(record: KernelRegistration) -> Key:
    constraints = tuple(sorted((c.attr, tuple(sorted(map(str, c.allowed)))) for c in record.constraints))
    file = record.source.rpartition("/")[2]
    return record.op, record.device, record.label, record.priority, constraints, record.kernel_class, file


def _texts(keys: Counter[Key]) -> tuple[str, ...]:
    return tuple(sorted(f"{key[0]} | {key[5]} | {key[1]} | {key[6]}" for key in keys.elements()))


def report_scan(release: str, found: IndexComparison, *, everything: bool) -> str:
    """A row of docs/conformance.md, and what differs by cause."""
    sides = (("library", found.only_library), ("index", found.only_index))
    explained = [sum(len(keys) for cause, keys in side.items() if cause) for _, side in sides]
    lines = [f"| {release} | {found.equal:,} | {explained[0]} | {explained[1]} | {len(found.unexplained)} |"]
    for name, side in sides:
        for cause, keys in side.items():
            lines.append(f"  only in the {name}: {len(keys)} × {cause or 'UNEXPLAINED'}")
            lines += [f"    {key}" for key in (keys if everything or not cause else ())]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.library_indexes")
    parser.add_argument("questions", nargs="+", metavar="RELEASE=FOLDER[=BASE]")
    parser.add_argument("--all", action="store_true", help="print every difference")
    options = parser.parse_args(arguments)
    code = 0
    for question in options.questions:
        release, folder, *base = question.split("=")
        paths = libraries_of(Path(folder))
        scan = index_of(release)
        if not base:
            found = compare_with_index(kernels_of(paths), scan)
            print(report_scan(release, found, everything=options.all), flush=True)
            code = code or int(bool(found.unexplained))
            continue
        made = MemoryIndex(index_from_binary(LibraryQuestion(paths, KernelSource(base[0]), scan.release)).scan)
        desktop = borrowed(made, scan, "desktop")
        found = compare_with_index(kernels_of(paths), made)
        print(
            f"{release} of libraries over {base[0]}: {found.equal:,} kernels of the libraries on desktop, as they are"
        )
        code = code or int(bool(found.unexplained))
        print(
            f"  desktop: {desktop.right:,} as the scan, {len(desktop.wrong_yes)} of the library only, "
            f"{len(desktop.wrong_no)} of the scan only"
        )
        for profile in PHONES:
            part = borrowed(made, scan, profile)
            print(
                f"  {profile}: {part.right:,} right, {len(part.wrong_yes)} wrong yes, {len(part.wrong_no)} wrong no, "
                f"{part.unknown} not known",
                flush=True,
            )
            if options.all:
                for name, texts in (("wrong yes", part.wrong_yes), ("wrong no", part.wrong_no)):
                    print("".join(f"    {name}: {text}\n" for text in texts), end="")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
