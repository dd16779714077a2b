"""Compare what is read out of TensorFlow's libraries with what a running TensorFlow says, and with its release's index.

    python -m tests.conformance.libraries RELEASE FOLDER [--registry TABLE] [--all]

FOLDER holds the libraries of the release's wheel, at any depth; all of them are read, as they are and after stripping.
TABLE is one that ``dump_registry.py`` beside this file wrote: that of the release in ``fixtures/registry`` unless
another is named. Printed are the figures of each library, and what differs with its cause. Needs ``strip`` of GNU
binutils for the processor of the libraries, and room for a copy of the largest one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from kernel_index.shipped import index_of
from opselect.binaries.image import Machine
from opselect.binaries.opening import open_images
from opselect.binaries.records import RegisteredKernel, Registrations
from opselect.binaries.registrations.reading import read_registrations
from opselect.verifying.desktop_library import NOT_LINKED
from tests.conformance.registry import COMPUTED_NAMES, NOT_LOOKED_AT, read_registry, table_of

STRIP = {Machine.X86_64: "strip", Machine.AARCH64: "aarch64-linux-gnu-strip"}

Key = tuple[str, str, str, int, tuple[tuple[str, tuple[object, ...]], ...], tuple[str, ...]]
"""Op, device, label, priority, constraints and host memory args."""

LOADED_LATER = "/contrib/"
"""A folder whose libraries are loaded when somebody imports them, and are in no table of a running TensorFlow."""


@dataclass(frozen=True, slots=True)
class Library:
    """A library, what is read out of it as it is and after stripping, and how long each took, in seconds."""

    path: Path
    read: Registrations
    stripped: Registrations | None
    seconds: float
    stripped_seconds: float

    @property
    def lost_by_stripping(self) -> Counter[str]:
        """Registrations that only the library with its symbols shows, and how often."""
        return _kernel_texts(self.read) - _kernel_texts(self.stripped or self.read)

    @property
    def made_by_stripping(self) -> Counter[str]:
        """Registrations that only the stripped library shows."""
        return _kernel_texts(self.stripped or self.read) - _kernel_texts(self.read)

    @property
    def definitions_changed_by_stripping(self) -> tuple[str, ...]:
        """Op definitions that only one of both shows."""
        whole, bare = (Counter(d.op for d in part.definitions) for part in (self.read, self.stripped or self.read))
        return tuple(sorted(((whole - bare) + (bare - whole)).elements()))


def read_libraries(folder: Path) -> tuple[Library, ...]:
    """The libraries below a folder that register anything."""
    found = []
    for path in sorted(path for path in folder.rglob("*.so*") if path.is_file() and not path.is_symlink()):
        start = time.monotonic()
        machine, read = _read(path)
        seconds = time.monotonic() - start
        if not (read.kernels or read.definitions or read.undecoded):
            continue
        with tempfile.TemporaryDirectory() as scratch:
            bare = Path(scratch) / path.name
            subprocess.run([STRIP[machine], "-s", "-o", bare, path], check=True, capture_output=True)
            start = time.monotonic()
            stripped = _read(bare)[1]
            found.append(Library(path, read, stripped, seconds, time.monotonic() - start))
    return tuple(found)


def _read(path: Path) -> tuple[Machine, Registrations]:
    (binary,) = open_images(str(path))
    image = binary.image()
    return image.machine, read_registrations(image)


def _kernel_texts(registrations: Registrations) -> Counter[str]:
    return Counter(f"{kernel_key(kernel)} {kernel.kernel_class}" for kernel in registrations.kernels)


def _constraints(pairs: Iterable[tuple[str, Iterable[object]]]) -> tuple[tuple[str, tuple[object, ...]], ...]:
    return tuple(
        sorted(
            (attr, tuple(sorted((str(v) if isinstance(v, DataType) else v for v in values), key=str)))
            for attr, values in pairs
        )
    )


def kernel_key(kernel: RegisteredKernel) -> Key:
    """All that a registry says of a kernel but for its class."""
    constraints = _constraints((c.attr, c.allowed) for c in kernel.constraints)
    return kernel.op, kernel.device, kernel.label, kernel.priority, constraints, tuple(sorted(kernel.host_memory_args))


def _row_key(row: Mapping[str, object]) -> Key:
    constraints, hosts = row["constraints"], row["host_memory_arg"]
    assert isinstance(constraints, dict)
    assert isinstance(hosts, list)
    return (
        str(row["op"]), str(row["device"]), str(row["label"]), int(str(row["priority"])),
        _constraints(constraints.items()), tuple(sorted(hosts)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class RegistryComparison:
    """How many registrations are equal in every field, and those of one side only.

    ``hidden`` are equal but for the class: where one kernel hides another, TensorFlow names the class of the one that
    it would take.
    """

    equal: int
    hidden: tuple[str, ...]
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    @property
    def unexplained(self) -> tuple[str, ...]:
        """What is missing though the code says it, and what is more than the table has."""
        computed = tuple(f"('{op}'," for op in COMPUTED_NAMES)
        return (*(text for text in self.missing if not text.startswith(computed)), *self.surplus)


def compare_with_registry(
    kernels: Iterable[RegisteredKernel], rows: Iterable[Mapping[str, object]]
) -> RegistryComparison:
    """What is read, of all libraries together, beside the table of a running TensorFlow."""
    wanted = Counter((_row_key(row), str(row["kernel_class"])) for row in rows)
    got = Counter((kernel_key(kernel), kernel.kernel_class) for kernel in kernels)
    missing, surplus = wanted - got, got - wanted
    missing_keys = Counter(key for key, _ in missing.elements())
    hidden, more = [], []
    for key, kernel_class in sorted(surplus.elements(), key=str):
        if missing_keys[key]:
            missing_keys[key] -= 1
            hidden.append(f"{key} {kernel_class}")
        else:
            more.append(f"{key} {kernel_class}")
    left = [str(key) for key in sorted(missing_keys.elements(), key=str)]
    return RegistryComparison((wanted & got).total(), tuple(hidden), tuple(left), tuple(more))


@dataclass(frozen=True, slots=True)
class IndexComparison:
    """How many registrations are equal by op, class, device and name of source file; and the others, by cause.

    A cause is empty where nobody knows why.
    """

    equal: int
    only_library: Mapping[str, tuple[str, ...]]
    only_index: Mapping[str, tuple[str, ...]]

    @property
    def unexplained(self) -> tuple[str, ...]:
        return self.only_library.get("", ()) + self.only_index.get("", ())


def compare_with_index(kernels: Iterable[RegisteredKernel], index: KernelIndex) -> IndexComparison:
    """What is read, of all libraries together, beside the desktop profile of the index of a release.

    A kernel whose file a library does not name, for the compiler left no function with a name, is that of any file.
    """
    places = {}
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    for op in index.op_names():
        for record in index.registrations(op):
            if "desktop" in record.profiles:
                key = record.op, record.kernel_class, record.device, record.source.rpartition("/")[2]
                places[key] = record.source
                wanted[key] += 1

    files: dict[tuple[str, str, str], list[str]] = {}
    for *kernel, file in sorted(wanted.elements()):
        files.setdefault((kernel[0], kernel[1], kernel[2]), []).append(file)
    got = Counter(
        (*key, k.file.rpartition("/")[2] or next(iter(files.get(key, ())), ""))
        for k in kernels
        for key in ((k.op, k.kernel_class, k.device),)
    )

    def macro(key: tuple[str, str, str, str]) -> str:
        """The macro that the library was compiled with, and the profile is not."""
        for record in index.registrations(key[0]):
            own = record.op, record.kernel_class, record.device, record.source.rpartition("/")[2]
            if own == key and record.condition is not None:
                return f"the package is compiled with {record.condition.macro}"
        return ""

    def why_only_library(key: tuple[str, str, str, str]) -> str:
        if wanted[key]:
            return "another library of the wheel has a copy"
        why = COMPUTED_NAMES.get(key[0]) or NOT_LOOKED_AT.get(key[2], "")
        return why or (f"registered by {key[3]}, a test" if "test" in key[3] else macro(key))

    elsewhere = {key[:3]: macro(key) for key in got - wanted}

    def why_only_index(key: tuple[str, str, str, str]) -> str:
        why = next((why for start, why in NOT_LINKED.items() if places[key].startswith(start)), "")
        return why or elsewhere.get(key[:3], "")

    only_library: dict[str, list[str]] = {}
    only_index: dict[str, list[str]] = {}
    for key in sorted((got - wanted).elements()):
        only_library.setdefault(why_only_library(key), []).append(" | ".join(key))
    for key in sorted((wanted - got).elements()):
        only_index.setdefault(why_only_index(key), []).append(" | ".join(key))
    return IndexComparison(
        (got & wanted).total(),
        {cause: tuple(keys) for cause, keys in only_library.items()},
        {cause: tuple(keys) for cause, keys in only_index.items()},
    )


def compare_release(
    release: str, folder: Path, table: Path | None
) -> tuple[tuple[Library, ...], RegistryComparison | None, IndexComparison]:
    """Reads the libraries below a folder, and compares them with a table, if there is one, and the shipped index."""
    libraries = read_libraries(folder)
    kernels = [kernel for library in libraries for kernel in library.read.kernels]
    loaded = [k for library in libraries if LOADED_LATER not in f"/{library.path}" for k in library.read.kernels]
    registry = compare_with_registry(loaded, read_registry(table)) if table is not None else None
    return libraries, registry, compare_with_index(kernels, index_of(release))


def report(
    libraries: Sequence[Library],
    registry: RegistryComparison | None,
    index: IndexComparison | None,
    *,
    everything: bool,
) -> str:
    """The figures, and what differs: all of it, or the first few of each kind."""
    shown = 1_000_000 if everything else 10
    lines = []
    for library in libraries:
        lost, made = library.lost_by_stripping, library.made_by_stripping
        lines.append(
            f"{library.path.name}: {len(library.read.kernels):,} kernels, {len(library.read.definitions):,} "
            f"definitions, {len(library.read.undecoded)} undecoded in {library.seconds:.1f} s; stripped in "
            f"{library.stripped_seconds:.1f} s: {lost.total()} less, {made.total()} more, "
            f"{len(library.definitions_changed_by_stripping)} definitions differ"
        )
        lines += [
            f"  undecoded: {u.kernel_class} {u.file} {u.function_name}: {u.reason}" for u in library.read.undecoded
        ]
        lines += [f"  lost by stripping: {text}" for text in list(lost)[:shown]]
        lines += [f"  made by stripping: {text}" for text in list(made)[:shown]]
        lines += [f"  definition: {op}" for op in library.definitions_changed_by_stripping[:shown]]
    if registry is not None:
        lines.append(
            f"registry: {registry.equal:,} equal, {len(registry.hidden)} but for a class that another hides, "
            f"{len(registry.missing)} missing, {len(registry.surplus)} more"
        )
        lines += [f"  missing: {text}" for text in registry.missing[:shown]]
        lines += [f"  more: {text}" for text in registry.surplus[:shown]]
    if index is not None:
        lines.append(f"index, by op, class, device and file: {index.equal:,} equal")
        for side, differences in (("library", index.only_library), ("index", index.only_index)):
            for cause, keys in differences.items():
                lines.append(f"  only in the {side}: {len(keys)} × {cause or 'UNEXPLAINED'}")
                lines += [f"    {key}" for key in keys[: shown if not cause or everything else 0]]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 where something differs and nobody knows why."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.libraries")
    parser.add_argument("release")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--registry", type=Path, help="a table made by dump_registry.py")
    parser.add_argument("--all", action="store_true", help="print every difference")
    options = parser.parse_args(arguments)
    table = options.registry or table_of("registered_kernels", options.release)
    libraries, registry, index = compare_release(options.release, options.folder, table)
    print(report(libraries, registry, index, everything=options.all))
    changed = any(library.lost_by_stripping or library.made_by_stripping for library in libraries)
    return 1 if changed or index.unexplained or (registry is not None and registry.unexplained) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
