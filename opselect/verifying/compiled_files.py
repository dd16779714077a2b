"""Builds by the source files that they compile: lists of a release or a checkout, manifests, ``tf_op_files.txt``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kernel_index.build_files.mobile_lists import builds_of, compiled_unlisted, makefile_sources
from kernel_index.dependencies import DependencyGraph
from kernel_index.index import KernelIndex
from kernel_index.records import BAZEL, MAKE, BuildLists, KernelRegistration, OpDefinition
from opselect.build_lists.checking.builds import Build, base_groups, compiled_groups, how_listed
from opselect.findings import Finding
from opselect.findings.mends import OR, Mend


@dataclass(frozen=True, slots=True)
class CompiledFiles:
    """A build that compiles some ``files``, and what it compiles without their being listed.

    ``name`` is what a sentence calls the list, ``remake`` how to write it again. ``builds`` are the builds of the
    release that the list may be for (:data:`kernel_index.records.BAZEL` and ``MAKE``): a file that each of them
    compiles by itself is there without being listed.
    """

    name: str
    files: frozenset[str]
    index: KernelIndex
    profile: str
    remake: Mend
    builds: tuple[str, ...] = ()

    def has_file(self, path: str) -> bool:
        """Whether the build compiles a source file."""
        return path in self.files or self._is_compiled_unlisted(path)

    def _is_compiled_unlisted(self, path: str) -> bool:
        lists = self.index.build_lists
        return all(compiled_unlisted(path, lists, build) for build in self.builds or ("",))

    def has_kernel(self, registration: KernelRegistration) -> bool:
        """Whether the build compiles the file that registers a kernel."""
        return self.has_file(registration.source)

    def has_op(self, definition: OpDefinition) -> bool:
        """Whether the build compiles the file that defines an op."""
        return self.has_file(definition.source)

    def without_kernel(self, registration: KernelRegistration) -> Finding:
        """The kernel's file is not in the list."""
        reason = f"{self.name}: it does not have {registration.source}, which registers {registration.kernel_class}"
        return Finding(
            "OPS119",
            reason,
            places=(registration.location,),
            files=(registration.source,),
            mends=self._mends(registration.source),
        )

    def without_op(self, definition: OpDefinition) -> Finding:
        """The file that defines the op is not in the list: a loader says "Op type not registered"."""
        reason = f"{self.name}: it does not have {definition.source}, which defines the op"
        return Finding(
            "OPS120",
            reason,
            places=(definition.location,),
            files=(definition.source,),
            mends=self._mends(definition.source),
        )

    def broken_links(self, upstream: BuildLists) -> Iterator[Finding]:
        """Files without which those of the list cannot be linked, and that the build does not compile.

        The lists of ``upstream`` are proof: what a file of theirs is without there, it does without.
        """
        found: dict[str, Finding] = {}
        for build in self.builds or ("",):
            proven = files_of_lists(upstream, build)
            graph = DependencyGraph(self.index, self.profile, build)
            for path, (asking, dependency) in graph.reasons(sorted(self.files)).items():
                if not self.has_file(path) and (asking not in proven or path in proven):
                    reason = f"{self.name}: it does not have {path}; {asking} uses {dependency.symbol} of it"
                    found.setdefault(path, Finding("OPS121", reason, files=(path,), mends=self._mends(path)))
        yield from found.values()

    def _mends(self, path: str) -> tuple[Mend, ...]:
        lists = self.index.build_lists
        known = [build for build in self.builds if build in builds_of(lists)]
        edits: list[Mend] = []
        for build in known:
            edit = how_listed(path, Build(build, {}, frozenset()), lists)
            edits.append(_capitalized(edit, OR if edits else ""))
        return (*edits, replace(self.remake, lead=OR if edits else ""))


def _capitalized(mend: Mend, lead: str) -> Mend:
    return replace(mend, text=f"{mend.text[:1].upper()}{mend.text[1:]}.", lead=lead)


def files_of_lists(lists: BuildLists, build: str) -> frozenset[str]:
    """The source files that the lists of a release or a checkout have for a build, groups in groups followed.

    What a ``select`` adds is not among them, for its condition may not hold.
    """
    if build == MAKE:
        return frozenset(path for _, path in makefile_sources(lists) if path)
    names = [*compiled_groups(lists), *base_groups(lists)] if build == BAZEL else []
    return frozenset(path for name in names for path in lists.groups[name])
