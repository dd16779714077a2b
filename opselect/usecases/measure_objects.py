"""How large do source files become once compiled? Makes the tables that estimates are read from.

    python -m opselect.usecases.measure_objects --release 2.14 --profile android-slim --compiler "g++ 12.2" \\
        --flags="-Os" [--out FOLDER] OBJECTS | SIZES.json | LIBRARY ...

``OBJECTS`` is a folder of object files named after their sources, ``/`` written ``@``:
``tensorflow@core@kernels@slice_op.cc.o``. ``SIZES.json`` has sizes that were taken elsewhere, as ``size`` counts them:
``{"files": {path: [text, data, bss]}}``. A ``LIBRARY`` is a linked one, of which the bytes of each file are taken as
``opselect audit`` tells them. The table takes the place of one that was made in the same way; others of the release
stay. Prints a line a table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kernel_index import shipped
from kernel_index.errors import InputError, OpselectError
from kernel_index.file_names import is_source
from kernel_index.index import KernelCount, KernelIndex, definitions_by_file
from kernel_index.shipped.sizes import SUFFIX, ClassSize, FileSize, Kind, SizeTable, read_sizes, sizes_bytes
from kernel_index.whole_files import write_whole
from opselect.audit.references import ReferenceGraph, reference_graph
from opselect.audit.releases import KnownKernels, with_paths
from opselect.audit.retained import Dropping, retention
from opselect.audit.walking import reached
from opselect.binaries.image import Image, Section, SectionKind
from opselect.binaries.opening import open_images
from opselect.binaries.registrations.reading import read_registrations
from opselect.usecases.audit import AuditQuestion, audit
from opselect.usecases.kernel_source import KernelSource

_FOLDERS = ("tensorflow/core/kernels/", "tensorflow/core/ops/", "tensorflow/c/kernels/")
"""Where the files are that come with kernels and ops; what else a library has is of the runtime."""


def measured_object(path: Path, known: KernelIndex) -> FileSize:
    """The text and data of an object file, as ``size`` of the GNU binutils counts them, with those of each class.

    Registrations are not counted here. Raises InputError for what is no object.
    """
    (binary,) = open_images(str(path), None)
    image = binary.image()
    count = sum(section.size for section in _counted(image))
    image = _relocated(image)
    registrations = read_registrations(image)
    if not registrations.kernels:
        return FileSize(count, 0)
    graph = reference_graph(image, (*registrations.kernels, *registrations.definitions))
    total = int(graph.sizes.sum())
    kernels = with_paths(registrations.kernels, KnownKernels(known))
    groups: dict[str, list[int]] = {}
    for number, kernel in enumerate(kernels):
        groups.setdefault(kernel.kernel_class, []).append(number)
    # Frame descriptions and texts that are shared are in no node: they are taken to be spread as the nodes are.
    scale = count / total if total else 0
    found = retention(graph, Dropping.SECTIONS)
    column = np.full(len(graph.registrations), -1, np.int32)
    for at, numbers in enumerate(groups.values()):
        column[numbers] = at
    alone = found.by_group(column, len(groups)).tolist()
    whole = [_led_to(graph, numbers) for numbers in groups.values()]
    sizes = {
        name: ClassSize(round(own * scale), round(all_of * scale))
        for name, own, all_of in zip(groups, alone, whole, strict=True)
    }
    return FileSize(count, 0, 0, round(found.without(range(len(kernels))) * scale), sizes)


def _counted(image: Image) -> Iterator[Section]:
    for section in image.sections:
        if section.loaded and section.kind is not SectionKind.ZERO:
            yield section


def _led_to(graph: ReferenceGraph, registrations: Sequence[int]) -> int:
    """The bytes that some registrations lead to."""
    return int(graph.sizes[reached(graph.edges, graph.registrations[list(registrations)])].sum())


def _relocated(image: Image) -> Image:
    """The image with the relocations applied in its bytes too, so that its code can be followed as linked code is."""
    content = np.array(image.content)
    for section in image.sections:
        placed = image.bytes_at(section.address, section.size) if section.loaded and section.size else b""
        if placed and len(placed) == section.size and section.kind is not SectionKind.ZERO:
            content[section.offset : section.offset + section.size] = np.frombuffer(placed, np.uint8)
    return replace(image, content=content)


def measure(sources: Iterable[Path], index: KernelIndex, profile: str) -> tuple[Kind, dict[str, FileSize]]:
    """The sizes of the files of folders of objects, of documents of sizes, or of libraries; the last ones count.

    Files that the release does not have are left out.
    Raises InputError for what cannot be read, OpselectError where libraries and objects are mixed.
    """
    kinds: set[Kind] = set()
    found: dict[str, FileSize] = {}
    for path in sources:
        if path.is_dir():
            kinds.add("objects")
            for each in sorted(path.glob("*.o")):
                found[each.name.removesuffix(".o").replace("@", "/")] = measured_object(each, index)
        elif path.suffix == ".json":
            kinds.add("objects")
            found |= {file: FileSize(text + data, 0) for file, (text, data, _) in _sizes(path).items()}
        else:
            kinds.add("library")
            found |= _of_library(path, index)
    if len(kinds) != 1:
        raise OpselectError("a table is of object files or of a library\n  Make two tables.")
    kernels, definitions = index.kernel_counts(profile), definitions_by_file(index)
    known = {file: size for file, size in found.items() if file in index.includes}
    counted = {}
    for file, size in known.items():
        kernels_of = kernels.get(file, KernelCount(0, 0))
        registrations = kernels_of.registrations + definitions.get(file, 0)
        counted[file] = replace(size, registrations=registrations, kernel_classes=kernels_of.classes)
    return kinds.pop(), counted


def _sizes(path: Path) -> dict[str, tuple[int, int, int]]:
    try:
        files = json.loads(path.read_text())["files"]
        return {file: (int(text), int(data), int(bss)) for file, (text, data, bss) in files.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise InputError(str(path), "is no document of sizes", "It reads {files: {path: [text, data, bss]}}.") from None


def _of_library(path: Path, index: KernelIndex) -> dict[str, FileSize]:
    found = audit(AuditQuestion((str(path),), source=KernelSource(release=index.release))).audit
    registering = {kernel.file for kernel in found.kernels}
    return {
        row.name: FileSize(row.own_bytes, 0)
        for row in found.rows("file")
        if is_source(row.name) and (row.name.startswith(_FOLDERS) or row.name in registering) and "/" in row.name
    }


def with_table(tables: Sequence[SizeTable], table: SizeTable) -> tuple[SizeTable, ...]:
    """The tables with one more, which takes the place of one of the same build, sorted by how they were made."""

    def made(each: SizeTable) -> tuple[str, ...]:
        return each.kind, each.profile, each.architecture, each.compiler, each.flags

    return tuple(sorted((*(each for each in tables if made(each) != made(table)), table), key=made))


def main(arguments: Sequence[str]) -> int:
    """The exit code: 2 where something cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m opselect.usecases.measure_objects", description="Make size tables."
    )
    parser.add_argument("--release", required=True, help="the shipped index that registrations are taken from")
    parser.add_argument("--profile", required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--architecture", default="x86-64")
    parser.add_argument("--flags", required=True)
    parser.add_argument("--out", type=Path, default=Path(shipped.__file__).parent, metavar="FOLDER")
    parser.add_argument("sources", nargs="+", type=Path, metavar="OBJECTS|SIZES.json|LIBRARY")
    given = parser.parse_args(arguments)
    try:
        index = shipped.index_of(given.release)
        kind, files = measure(given.sources, index, given.profile)
        table = SizeTable(kind, given.compiler, given.architecture, given.flags, given.profile, index.release, files)
        path = given.out / (index.release + SUFFIX)
        data = sizes_bytes(with_table(read_sizes(path) if path.exists() else (), table))
        write_whole(path, data)
    except (OpselectError, OSError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    sys.stdout.write(f"{index.release} {kind} {given.profile}: {len(files)} files, {len(data)} bytes with all tables\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
