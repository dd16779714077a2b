"""Kernels of one's own over the index of a release: what both register, and where they are in each other's way."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from kernel_index.dependencies import included
from kernel_index.diagnostics import COLLIDES
from kernel_index.index import KernelCount, KernelIndex, classes_of, counts_by_file, ops_by_file
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


class OverlayIndex:
    """A :class:`kernel_index.index.KernelIndex`: a scan of more sources over the index of a release.

    A source file of the overlay takes the place of the release's file of the same path; everything else is added.
    """

    def __init__(self, base: KernelIndex, overlay: ScanResult, replaced: frozenset[str]) -> None:
        self._base = base
        self._overlay = overlay
        self._replaced = replaced
        self._registrations: dict[str, list[KernelRegistration]] = {}
        for registration in overlay.registrations:
            self._registrations.setdefault(registration.op, []).append(registration)
        self._definitions = {d.name: d for d in overlay.op_definitions}

    @property
    def release(self) -> str:
        return self._base.release

    @property
    def note(self) -> str:
        return self._base.note

    @property
    def profiles(self) -> tuple[str, ...]:
        return self._base.profiles

    @property
    def build_lists(self) -> BuildLists:
        return self._base.build_lists

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        kept = tuple(d for d in self._base.diagnostics if d.location.file not in self._replaced)
        return kept + self.own_diagnostics

    @property
    def own_diagnostics(self) -> tuple[Diagnostic, ...]:
        """What the scan of the overlay could not evaluate, and its conflicts."""
        return self._overlay.diagnostics + self.conflicts()

    @property
    def type_lists(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        return self._base.type_lists

    @property
    def graph_versions(self) -> GraphVersions | None:
        return self._base.graph_versions

    @property
    def origin(self) -> LibraryOrigin | None:
        return self._base.origin

    @property
    def includes(self) -> Mapping[str, tuple[str, ...]]:
        return {**self._base.includes, **self._overlay.includes}

    @cached_property
    def dependencies(self) -> Mapping[str, tuple[Dependency, ...]]:
        """Of the overlay's files also those that a file of the release needs for the sake of a header they include.

        The release's headers are not at hand, so which of their symbols a file of the overlay uses is not known.
        """
        base = self._base.dependencies
        found = {file: needed for file, needed in base.items() if file not in self._replaced}
        by_header: dict[str, dict[tuple[str, tuple[str, ...]], Dependency]] = {}
        for needed in base.values():
            for dependency in needed:
                key = dependency.file, dependency.profiles
                by_header.setdefault(dependency.declared_in, {}).setdefault(key, dependency)
        for file in sorted(self._replaced):
            own = {(d.file, d.profiles): d for d in self._overlay.dependencies.get(file, ())}
            for header in included((file,), self.includes):
                for key, dependency in by_header.get(header, {}).items():
                    if dependency.file != file:
                        own.setdefault(key, dependency)
            if own:
                found[file] = tuple(sorted(own.values()))
        return found

    @cached_property
    def library_uses(self) -> Mapping[str, tuple[LibraryUse, ...]]:
        """Of the overlay's files also the libraries that headers of the release bring in, as its own files say."""
        base = self._base.library_uses
        found = {file: uses for file, uses in base.items() if file not in self._replaced}
        by_header: dict[str, dict[LibraryUse, None]] = {}
        for file, uses in base.items():
            for use in uses:
                if use.included_by != file:
                    by_header.setdefault(use.included_by, {})[use] = None
        for file in sorted(self._replaced):
            own = dict.fromkeys(self._overlay.library_uses.get(file, ()))
            for header in included((file,), self.includes):
                own |= by_header.get(header, {})
            if own:
                found[file] = tuple(sorted(own))
        return found

    def op_names(self) -> tuple[str, ...]:
        return tuple(sorted({*self._base.op_names(), *self._registrations, *self._definitions}))

    def registrations(self, op: str) -> tuple[KernelRegistration, ...]:
        return self._kept(op) + tuple(self._registrations.get(op, ()))

    def kernel_classes(self, op: str) -> frozenset[str]:
        return classes_of(self.registrations(op))

    def _kept(self, op: str) -> tuple[KernelRegistration, ...]:
        return tuple(r for r in self._base.registrations(op) if r.source not in self._replaced)

    def op_definition(self, op: str) -> OpDefinition | None:
        return self._definitions.get(op) or self._base.op_definition(op)

    @property
    def defining_files(self) -> Mapping[str, str]:
        return {**self._base.defining_files, **{op: each.source for op, each in self._definitions.items()}}

    def all_registrations(self) -> Iterator[KernelRegistration]:
        for op in self.op_names():
            yield from self.registrations(op)

    def count_registrations(self) -> int:
        return sum(1 for _ in self.all_registrations())

    @property
    def own_files(self) -> frozenset[str]:
        """The source files that are no release's."""
        own = (*(r.source for r in self._overlay.registrations), *(d.source for d in self._overlay.op_definitions))
        return frozenset((*own, *self._overlay.includes))

    def kernel_counts(self, profile: str, paths: Collection[str] | None = None) -> Mapping[str, KernelCount]:
        base = self._base.kernel_counts(profile, paths)
        found = {path: count for path, count in base.items() if path not in self._replaced}
        return found | counts_by_file(self._overlay.registrations, profile, paths)

    def kernel_files(self, profile: str) -> frozenset[str]:
        own = {r.source for r in self._overlay.registrations if profile in r.profiles}
        return (self._base.kernel_files(profile) - self._replaced) | own

    def kernel_ops(self, profile: str) -> Mapping[str, tuple[str, ...]]:
        base = {file: ops for file, ops in self._base.kernel_ops(profile).items() if file not in self._replaced}
        return base | ops_by_file(self._overlay.registrations, profile)

    def as_scan(self) -> ScanResult:
        """Both together as one scan, to be written to a file."""
        definitions = (self.op_definition(op) for op in self.op_names())
        return replace(
            self._overlay,
            release=self.release,
            profiles=self.profiles,
            registrations=tuple(self.all_registrations()),
            op_definitions=tuple(d for d in definitions if d is not None),
            build_lists=self.build_lists,
            diagnostics=self.diagnostics,
            type_lists=self.type_lists,
            includes=self.includes,
            dependencies=self.dependencies,
            note=self.note,
            graph_versions=self.graph_versions,
            library_uses=self.library_uses,
            origin=self.origin,
        )

    def conflicts(self) -> tuple[Diagnostic, ...]:
        """Ops and kernels that both the overlay and the release register.

        TensorFlow aborts when an op is registered twice (``OpRegistry::RegisterAlreadyLocked``), and refuses a node
        that two kernels of one priority match (``FindKernelRegistration`` in ``framework/op_kernel.cc``).
        """
        found = []
        for definition in self._overlay.op_definitions:
            known = self._base.op_definition(definition.name)
            if known is not None and known.source not in self._replaced:
                found.append(
                    Diagnostic(definition.location, f"the op {definition.name} is already defined at {known.location}")
                )
        for op, registrations in sorted(self._registrations.items()):
            for registration in registrations:
                rival = next((r for r in self._kept(op) if collide(r, registration)), None)
                if rival is not None:
                    found.append(
                        Diagnostic(
                            registration.location,
                            f"a kernel of {op} for {registration.device} {COLLIDES} {rival.location}: "
                            "both match the same nodes, at the same priority",
                        )
                    )
        return tuple(found)


def collide(one: KernelRegistration, other: KernelRegistration) -> bool:
    """Whether some node matches both registrations in some profile, with equal priority."""
    if (one.device, one.label, one.priority) != (other.device, other.label, other.priority):
        return False
    if not set(one.profiles) & set(other.profiles):
        return False
    allowed = {c.attr: set(c.allowed) for c in one.constraints}
    return all(c.attr not in allowed or not allowed[c.attr].isdisjoint(c.allowed) for c in other.constraints)
