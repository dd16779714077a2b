"""The index on disk: one small file a TensorFlow release, of which a look-up reads only what it needs.

The file holds columns of text (``columns``). Line *k* of a column whose name begins with ``registration_`` or
``definition_`` is about the op in line *k* of ``ops``. Ops with a definition come first, sorted by its place, for
what stands together in a source file is alike and compresses well; the others follow by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.columns.packed import AGAIN, MAGIC, PackedColumns, pack
from kernel_index.columns.registration_reader import RegistrationReader, count_registrations
from kernel_index.columns.text import escape, front_coded, front_decoded, letter, letter_number, unescape
from kernel_index.errors import IndexFileError
from kernel_index.index import KernelCount

if TYPE_CHECKING:
    from kernel_index.columns.definitions import DefinitionReader
    from kernel_index.records import (
        BuildLists,
        Dependency,
        Diagnostic,
        GraphVersions,
        KernelRegistration,
        LibraryOrigin,
        LibraryUse,
        OpDefinition,
        ScanResult,
    )


def index_bytes(scan: ScanResult) -> bytes:
    """The file that holds a scan. Equal scans give equal bytes."""
    from kernel_index.columns import dependencies, lists, origin, sources
    from kernel_index.columns.definitions import write_definitions
    from kernel_index.columns.registration_writer import RegistrationWriter

    by_name = {d.name: d for d in scan.op_definitions}
    defined = sorted(by_name.values(), key=lambda d: (d.location, d.name))
    registrations: dict[str, list[KernelRegistration]] = {}
    for record in scan.registrations:
        registrations.setdefault(record.op, []).append(record)
    ops = [d.name for d in defined] + sorted(registrations.keys() - by_name.keys())
    files = sorted(
        {r.location.file for r in scan.registrations}
        | {r.unit for r in scan.registrations if r.unit}
        | {r.condition.location.file for r in scan.registrations if r.condition is not None}
        | {d.location.file for d in defined}
        | {d.unit for d in defined if d.unit}
        | set(lists.listed_files(scan.build_lists))
        | set(sources.included_files(scan.includes))
        | set(dependencies.depending_files(scan.dependencies))
        | set(dependencies.files_with_libraries(scan.library_uses))
    )
    numbers = {path: number for number, path in enumerate(files)}
    writer = RegistrationWriter(numbers.__getitem__, scan.profiles)
    for op in ops:
        writer.add(registrations.get(op, ()))
    profiles_of: dict[str, set[str]] = {path: set() for path in files}
    for record in scan.registrations:
        profiles_of[record.source].update(record.profiles)
    depending = dependencies.write_dependencies(scan.dependencies, files, numbers, writer.profile_set)
    depending |= dependencies.write_library_uses(scan.library_uses, files, numbers, writer.profile_set)
    return pack(
        scan.release,
        scan.profiles,
        {
            "ops": [escape(op) for op in ops],
            "files": front_coded(files),
            "file_profiles": [
                "".join(
                    letter(writer.profile_set([p for p in scan.profiles if p in profiles_of[path]])) for path in files
                )
            ],
            **writer.columns(),
            **write_definitions(defined, numbers.__getitem__),
            **lists.write_lists(scan.build_lists, numbers),
            "includes": sources.write_includes(scan.includes, files, numbers),
            **depending,
            "type_lists": sources.write_type_lists(scan.type_lists),
            **lists.write_notes(scan.diagnostics, scan.skipped_files, scan.missing_headers),
            **({"note": [escape(scan.note)]} if scan.note else {}),
            **origin.write_origin(scan.origin),
            _GRAPH_VERSIONS: _versions_lines(scan.graph_versions),
        },
    )


_GRAPH_VERSIONS = "graph_versions"


def _versions_lines(versions: GraphVersions | None) -> list[str]:
    return [] if versions is None else [str(versions.current), str(versions.min_producer)]


def write_index(scan: ScanResult, path: Path | str) -> None:
    """Write a scan to a file, whole or not at all; to a pipe or device as it is, and for ``-`` to stdout.

    Raises IndexFileError where it cannot be written, and BrokenPipeError where nobody reads a pipe any more.
    """
    from kernel_index.whole_files import write_whole

    try:
        write_whole(path, index_bytes(scan))
    except BrokenPipeError:
        raise
    except OSError as problem:
        raise IndexFileError(str(path), f"cannot be written: {problem.strerror}") from None


def check_output(path: str, folders: Sequence[Path], base: Path | None = None) -> None:
    """Raises IndexFileError where an output would be written over what kernels are read from.

    That is the index ``base``, by whatever name, and a file of one of the ``folders`` that is no index itself.
    """
    file = Path(path)
    if not _is_file(file):
        return
    if base is not None and base.exists() and base.samefile(file):
        raise IndexFileError(path, "is the index that is read", "Choose another place for the output.")
    inside = any(file.resolve().is_relative_to(folder.resolve()) for folder in folders)
    with file.open("rb") as opened:
        if inside and opened.read(len(MAGIC)) != MAGIC:
            raise IndexFileError(path, "is a file of the tree that is scanned", "Choose another place for the output.")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except ValueError:  # a NUL in the name
        return False


def open_index(path: Path) -> StoredIndex:
    """Open an index file; only its header is unpacked yet.

    Raises IndexFileError where the file is missing, damaged, foreign, or of another schema version.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise IndexFileError(str(path), f"cannot be read: {problem.strerror}") from None
    return StoredIndex(str(path), data)


class StoredIndex:
    """A :class:`kernel_index.index.KernelIndex` in a file. Raises IndexFileError where a column is damaged.

    What was looked up about an op is remembered: models of a fleet ask for the same ops again and again.
    """

    def __init__(self, path: str, data: bytes) -> None:
        self._path = path
        self._content = data
        self._packed = PackedColumns(path, data)
        self._known_registrations: dict[str, tuple[KernelRegistration, ...]] = {}
        self._known_definitions: dict[str, OpDefinition | None] = {}
        self._kernel_ops: dict[str, dict[str, tuple[str, ...]]] = {}
        self._kernel_counts: dict[str, dict[str, KernelCount]] = {}

    @contextmanager
    def _reading(self, what: str) -> Iterator[None]:
        try:
            yield
        except (ValueError, LookupError, TypeError, AttributeError):
            raise IndexFileError(self._path, f"the {what} are damaged", AGAIN) from None

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The line of each op, by its escaped name."""
        return {name: number for number, name in enumerate(self._packed.column("ops"))}

    @cached_property
    def _files(self) -> list[str]:
        with self._reading("names of files"):
            return front_decoded(self._packed.column("files"))

    @cached_property
    def _registrations(self) -> RegistrationReader:
        with self._reading("registrations"):
            return RegistrationReader(self._packed.column, lambda: self._files, self.profiles)

    @cached_property
    def _definitions(self) -> DefinitionReader:
        from kernel_index.columns.definitions import DEPRECATIONS, UNITS, DefinitionReader

        with self._reading("op definitions"):
            optional = self._packed.optional
            return DefinitionReader(self._packed.column, self._files, optional(DEPRECATIONS), optional(UNITS))

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        return self._content

    @property
    def release(self) -> str:
        return self._packed.release

    @property
    def note(self) -> str:
        with self._reading("notes"):
            return "".join(map(unescape, self._packed.optional("note")))

    @property
    def profiles(self) -> tuple[str, ...]:
        return self._packed.profiles

    @cached_property
    def build_lists(self) -> BuildLists:
        from kernel_index.columns.lists import read_lists

        with self._reading("build lists"):
            return read_lists(self._packed.column, self._files)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        from kernel_index.columns.lists import read_diagnostics

        with self._reading("diagnostics"):
            return read_diagnostics(self._packed.column)

    @property
    def skipped_files(self) -> Mapping[str, str]:
        """Source files that the scan left out on purpose, with the reason."""
        from kernel_index.columns.lists import read_skipped_files

        with self._reading("skipped files"):
            return read_skipped_files(self._packed.column)

    @cached_property
    def includes(self) -> Mapping[str, tuple[str, ...]]:
        from kernel_index.columns.sources import read_includes

        with self._reading("includes"):
            return read_includes(self._packed.column("includes"), self._files)

    @cached_property
    def dependencies(self) -> Mapping[str, tuple[Dependency, ...]]:
        from kernel_index.columns.dependencies import read_dependencies

        with self._reading("dependencies"):
            edges, reasons = map(self._packed.column, ("dependencies", "dependency_reasons"))
            return read_dependencies(edges, reasons, self._profile_sets(), self._files)

    @cached_property
    def library_uses(self) -> Mapping[str, tuple[LibraryUse, ...]]:
        from kernel_index.columns.dependencies import read_library_uses

        with self._reading("libraries"):
            lines, includes = map(self._packed.column, ("library_uses", "library_includes"))
            if not lines:
                return {}
            return read_library_uses(lines, includes, self._profile_sets(), self._files)

    def _profile_sets(self) -> list[tuple[str, ...]]:
        return [
            tuple(self.profiles[letter_number(char)] for char in line) for line in self._packed.column("profile_sets")
        ]

    @cached_property
    def type_lists(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        from kernel_index.columns.sources import read_type_lists

        with self._reading("lists of types"):
            return read_type_lists(self._packed.column("type_lists"))

    @cached_property
    def graph_versions(self) -> GraphVersions | None:
        with self._reading("graph versions"):
            numbers = [int(line) for line in self._packed.optional(_GRAPH_VERSIONS)]
            if not numbers:
                return None
            from kernel_index.records import GraphVersions

            return GraphVersions(*numbers)

    @cached_property
    def origin(self) -> LibraryOrigin | None:
        from kernel_index.columns.origin import COLUMN, read_origin

        with self._reading("origin"):
            return read_origin(self._packed.optional(COLUMN))

    @property
    def missing_headers(self) -> tuple[str, ...]:
        """Included headers that the tree does not contain."""
        from kernel_index.columns.lists import read_missing_headers

        with self._reading("missing headers"):
            return read_missing_headers(self._packed.column)

    def has_op(self, op: str) -> bool:
        """Whether the op has a definition or a registration: cheaper than a look-up, for an index asked just once."""
        return escape(op) in self._packed.column("ops")

    def op_names(self) -> tuple[str, ...]:
        with self._reading("names of ops"):
            return tuple(sorted(map(unescape, self._numbers)))

    def registrations(self, op: str) -> tuple[KernelRegistration, ...]:
        if op not in self._known_registrations:
            number = self._numbers.get(escape(op))
            if number is None:
                return ()
            self._known_registrations[op] = self._read_registrations(number, op)
        return self._known_registrations[op]

    def _read_registrations(self, number: int, op: str) -> tuple[KernelRegistration, ...]:
        reader = self._registrations
        with self._reading(f"registrations of {op}"):
            return tuple(reader.registrations(number, op))

    def kernel_classes(self, op: str) -> frozenset[str]:
        number = self._numbers.get(escape(op))
        if number is None:
            return frozenset()
        reader = self._registrations
        with self._reading(f"registrations of {op}"):
            return frozenset(reader.classes(number, op))

    def op_definition(self, op: str) -> OpDefinition | None:
        if op not in self._known_definitions:
            number = self._numbers.get(escape(op))
            if number is None:
                return None
            reader = self._definitions
            with self._reading(f"attrs of {op}"):
                self._known_definitions[op] = reader.definition(number, op)
        return self._known_definitions[op]

    @cached_property
    def defining_files(self) -> Mapping[str, str]:
        # The ops that have a definition stand before those that have none.
        with self._reading("names of ops"):
            return dict(zip(map(unescape, self._numbers), self._definitions.sources(), strict=False))

    def all_registrations(self) -> Iterator[KernelRegistration]:
        for op, number in self._sorted_ops:
            yield from self._read_registrations(number, op)

    def as_scan(self) -> ScanResult:
        """The scan that the file was made of."""
        from kernel_index.records import ScanResult

        definitions = (self.op_definition(op) for op in self.op_names())
        return ScanResult(
            release=self.release,
            profiles=self.profiles,
            registrations=tuple(self.all_registrations()),
            op_definitions=tuple(each for each in definitions if each is not None),
            build_lists=self.build_lists,
            diagnostics=self.diagnostics,
            skipped_files=self.skipped_files,
            missing_headers=self.missing_headers,
            includes=self.includes,
            type_lists=self.type_lists,
            dependencies=self.dependencies,
            library_uses=self.library_uses,
            note=self.note,
            graph_versions=self.graph_versions,
            origin=self.origin,
        )

    def count_registrations(self) -> int:
        return count_registrations(self._packed.column)

    @property
    def _sorted_ops(self) -> list[tuple[str, int]]:
        """Each op with the number of its line."""
        with self._reading("names of ops"):
            return sorted({unescape(name): number for name, number in self._numbers.items()}.items())

    def kernel_ops(self, profile: str) -> Mapping[str, tuple[str, ...]]:
        if profile not in self._kernel_ops:
            found: dict[str, list[str]] = {}
            reader = self._registrations
            for op, number in self._sorted_ops:
                with self._reading(f"registrations of {op}"):
                    for path in dict.fromkeys(reader.sources(number, profile)):
                        found.setdefault(path, []).append(op)
            self._kernel_ops[profile] = {path: tuple(ops) for path, ops in found.items()}
        return self._kernel_ops[profile]

    def kernel_counts(self, profile: str, paths: Collection[str] | None = None) -> Mapping[str, KernelCount]:
        if paths is not None:
            return self._count_kernels(profile, frozenset(paths))
        if profile not in self._kernel_counts:
            self._kernel_counts[profile] = self._count_kernels(profile)
        return self._kernel_counts[profile]

    def _count_kernels(self, profile: str, paths: frozenset[str] | None = None) -> dict[str, KernelCount]:
        classes: dict[str, list[tuple[str, ...]]] = {}
        with self._reading("registrations"):
            for op, number in self._numbers.items():
                for path, name in self._registrations.kernels(number, unescape(op), profile, paths):
                    classes.setdefault(path, []).append(name)
        return {path: KernelCount(len(found), len(set(found))) for path, found in classes.items()}

    def kernel_files(self, profile: str) -> frozenset[str]:
        if profile not in self.profiles:
            return frozenset()
        char = letter(self.profiles.index(profile))
        with self._reading("profiles of files"):
            having = {letter(number) for number, line in enumerate(self._packed.column("profile_sets")) if char in line}
            (sets,) = self._packed.column("file_profiles")
            return frozenset(path for path, found in zip(self._files, sets, strict=True) if found in having)
