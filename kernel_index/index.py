"""KernelIndex: the questions that selection asks of a release's registrations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
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


class KernelCount(NamedTuple):
    """How many kernels a source file registers, and of how many classes: those of one class share its code."""

    registrations: int
    classes: int


class KernelIndex(Protocol):
    """A release's kernels and ops, looked up by op name. Unknown names give empty answers, never errors.

    Paths are those from the root of the checkout. An index of a file is unpacked as it is asked, so that every answer
    may raise IndexFileError, for a damaged file.
    """

    @property
    def release(self) -> str:
        """Version of the TensorFlow release, such as ``2.14.0``."""

    @property
    def note(self) -> str:
        """How the sources differ from those of the release, as a sentence; empty where they do not."""

    @property
    def profiles(self) -> tuple[str, ...]:
        """Names of the build profiles that were scanned."""

    @property
    def build_lists(self) -> BuildLists:
        """The release's own lists of files."""

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What the scanner could not evaluate."""

    @property
    def includes(self) -> Mapping[str, tuple[str, ...]]:
        """File to the files of the tree that it includes itself, in any branch."""

    @property
    def dependencies(self) -> Mapping[str, tuple[Dependency, ...]]:
        """Source file to those without which it cannot be linked, by itself; without what every build compiles."""

    @property
    def library_uses(self) -> Mapping[str, tuple[LibraryUse, ...]]:
        """Source file to the libraries of others that it is compiled with; without what every build has."""

    @property
    def type_lists(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """``TF_CALL_<types>`` macro to profile to the C++ types it stands for."""

    @property
    def graph_versions(self) -> GraphVersions | None:
        """The graph format's versions in the release; None in older indexes, which have no deprecations either."""

    @property
    def origin(self) -> LibraryOrigin | None:
        """Of an index that was made of libraries, where it has what from; None of one made of sources."""

    def op_names(self) -> tuple[str, ...]:
        """Every op that has a definition or a registration, sorted."""

    def registrations(self, op: str) -> tuple[KernelRegistration, ...]:
        """All registrations of an op in all profiles, hidden ones included, sorted."""

    def kernel_classes(self, op: str) -> frozenset[str]:
        """The class texts of an op's kernels, of all profiles together; without those that no profile has."""

    def op_definition(self, op: str) -> OpDefinition | None:
        """The op's definition, None where the release has none."""

    @property
    def defining_files(self) -> Mapping[str, str]:
        """Every op that has a definition to the source file that a build must compile to have it."""

    def all_registrations(self) -> Iterator[KernelRegistration]:
        """Every registration, sorted by op."""

    def count_registrations(self) -> int:
        """How many that are: counted without reading them, where that is possible."""

    def kernel_files(self, profile: str) -> frozenset[str]:
        """The files that register at least one kernel in a build of that profile."""

    def kernel_ops(self, profile: str) -> Mapping[str, tuple[str, ...]]:
        """Each of these files to the ops of which it registers kernels, sorted."""

    def kernel_counts(self, profile: str, paths: Collection[str] | None = None) -> Mapping[str, KernelCount]:
        """Each of these files to how many kernels it registers in a build of that profile.

        With ``paths`` only those of these files, which is less work.
        """


def classes_of(registrations: Iterable[KernelRegistration]) -> frozenset[str]:
    """The class texts of those registrations that some profile has."""
    return frozenset(registration.kernel_class for registration in registrations if registration.profiles)


def ops_by_file(registrations: Iterable[KernelRegistration], profile: str) -> dict[str, tuple[str, ...]]:
    """Source file to the ops of which it registers kernels in a profile, sorted."""
    found: dict[str, set[str]] = {}
    for registration in registrations:
        if profile in registration.profiles:
            found.setdefault(registration.source, set()).add(registration.op)
    return {file: tuple(sorted(ops)) for file, ops in found.items()}


def counts_by_file(
    registrations: Iterable[KernelRegistration], profile: str, paths: Collection[str] | None = None
) -> dict[str, KernelCount]:
    """Source file to what it registers in a profile; of ``paths`` only, if these are given."""
    classes: dict[str, list[str]] = {}
    for each in registrations:
        if profile in each.profiles and (paths is None or each.source in paths):
            classes.setdefault(each.source, []).append(each.kernel_class)
    return {path: KernelCount(len(found), len(set(found))) for path, found in classes.items()}


def definitions_by_file(index: KernelIndex) -> dict[str, int]:
    """Source file to the number of ops that it defines."""
    return dict(Counter(index.defining_files.values()))


class MemoryIndex:
    """A :class:`KernelIndex` over the records of one scan."""

    def __init__(self, scan: ScanResult) -> None:
        self._scan = scan
        self._registrations: dict[str, list[KernelRegistration]] = {}
        for registration in scan.registrations:
            self._registrations.setdefault(registration.op, []).append(registration)
        self._definitions: Mapping[str, OpDefinition] = {d.name: d for d in scan.op_definitions}
        self._kernel_ops: dict[str, dict[str, tuple[str, ...]]] = {}

    @property
    def scan(self) -> ScanResult:
        return self._scan

    @property
    def release(self) -> str:
        return self._scan.release

    @property
    def note(self) -> str:
        return self._scan.note

    @property
    def profiles(self) -> tuple[str, ...]:
        return self._scan.profiles

    @property
    def build_lists(self) -> BuildLists:
        return self._scan.build_lists

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self._scan.diagnostics

    @property
    def includes(self) -> Mapping[str, tuple[str, ...]]:
        return self._scan.includes

    @property
    def dependencies(self) -> Mapping[str, tuple[Dependency, ...]]:
        return self._scan.dependencies

    @property
    def library_uses(self) -> Mapping[str, tuple[LibraryUse, ...]]:
        return self._scan.library_uses

    @property
    def type_lists(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        return self._scan.type_lists

    @property
    def graph_versions(self) -> GraphVersions | None:
        return self._scan.graph_versions

    @property
    def origin(self) -> LibraryOrigin | None:
        return self._scan.origin

    def op_names(self) -> tuple[str, ...]:
        return tuple(sorted(self._registrations.keys() | self._definitions.keys()))

    def registrations(self, op: str) -> tuple[KernelRegistration, ...]:
        return tuple(self._registrations.get(op, ()))

    def kernel_classes(self, op: str) -> frozenset[str]:
        return classes_of(self.registrations(op))

    def op_definition(self, op: str) -> OpDefinition | None:
        return self._definitions.get(op)

    @property
    def defining_files(self) -> Mapping[str, str]:
        return {op: definition.source for op, definition in self._definitions.items()}

    def all_registrations(self) -> Iterator[KernelRegistration]:
        return iter(self._scan.registrations)

    def count_registrations(self) -> int:
        return len(self._scan.registrations)

    def kernel_files(self, profile: str) -> frozenset[str]:
        return frozenset(self.kernel_ops(profile))

    def kernel_ops(self, profile: str) -> Mapping[str, tuple[str, ...]]:
        if profile not in self._kernel_ops:
            self._kernel_ops[profile] = ops_by_file(self._scan.registrations, profile)
        return self._kernel_ops[profile]

    def kernel_counts(self, profile: str, paths: Collection[str] | None = None) -> Mapping[str, KernelCount]:
        return counts_by_file(self._scan.registrations, profile, paths)
