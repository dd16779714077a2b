"""Compare what libraries of wheels register with the scans of their releases, and indexes made of libraries with these.

    python -m tests.conformance.library_indexes RELEASE=FOLDER[=BASE]... [--all]

FOLDER holds the libraries of the release's wheel, at any depth. The release's shipped index, a scan of its sources,
is compared with what the libraries register, as ``libraries.py`` beside this file does. With BASE, another release or
the same, an index of the libraries is made over that: its desktop must be what the libraries register, and for phones
it is compared with the scan, how often what is borrowed is right, wrong or not known. Exit code 1 where something
differs on desktop and nobody knows why.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index import shipped
from kernel_index.diagnostics import unevaluated, unsure
from kernel_index.index import KernelIndex, MemoryIndex
from kernel_index.kernel_lookup import CPU, DEFAULT
from kernel_index.records import KernelRegistration
from kernel_index.shipped import index_of
from kernel_index.store import open_index
from opselect.binaries.opening import open_images
from opselect.binaries.registrations.reading import read_registrations
from opselect.library_index.join import Join, join
from opselect.library_index.libraries import Libraries, together
from tests.conformance.libraries import IndexComparison, compare_with_index

PHONES = ("android-slim", "android-full", "android", "ios", "selective")
"""The profiles of phones whose borrowed kernels are counted."""

Key = tuple[object, ...]


def read_libraries(folder: Path) -> Libraries:
    """What the libraries below a folder register together."""
    parts = []
    for path in sorted(path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink()):
        (binary,) = open_images(str(path))
        read = read_registrations(binary.image())
        if read.kernels or read.definitions or read.undecoded:
            parts.append((path.name, read))
    return together(parts)


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
    unread = {op for op in made.op_names() if unevaluated(op, made.diagnostics, named=True)}
    unknown = only_scan & (doubtful + Counter({key: n for key, n in only_scan.items() if key[0] in unread}))
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


def report_made(made: KernelIndex, scan: KernelIndex, desktop: IndexComparison, *, everything: bool) -> str:
    """How an index of libraries is beside them, on desktop, and beside the scan, on phones."""
    assert made.origin is not None
    lines = [f"  made over {made.origin.base}: {desktop.equal:,} kernels on desktop, as the libraries have them"]
    for side in (desktop.only_library, desktop.only_index):
        lines += [f"    DIFFERENT: {key}" for keys in side.values() for key in keys]
    for profile in PHONES:
        part = borrowed(made, scan, profile)
        lines.append(
            f"  {profile}: {part.right:,} right, {len(part.wrong_yes)} wrong yes, {len(part.wrong_no)} wrong no, "
            f"{part.unknown} not known"
        )
        for name, texts in (("wrong yes", part.wrong_yes), ("wrong no", part.wrong_no)):
            lines += [f"    {name}: {text}" for text in texts if everything]
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
        libraries, scan = read_libraries(Path(folder)), index_of(release)
        found = compare_with_index(libraries.kernels, scan)
        code = code or int(bool(found.unexplained))
        print(report_scan(release, found, everything=options.all), flush=True)
        if base:
            over = open_index(shipped.find(base[0]))
            made = MemoryIndex(join(Join(libraries, over, scan.release, "desktop")))
            wrong = compare_with_index(libraries.kernels, made)
            code = code or int(bool(wrong.only_library or wrong.only_index))
            print(report_made(made, scan, wrong, everything=options.all), flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
