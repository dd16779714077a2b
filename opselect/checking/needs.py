"""What the listed source files of a build need of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.build_files import ListEntry
from kernel_index.dependencies import DependencyGraph
from kernel_index.index import KernelIndex
from kernel_index.preprocessor.files import Files
from kernel_index.profiles import BuildProfile, is_mobile
from kernel_index.records import Dependency
from kernel_index.symbols.replaceable import Replaceable
from opselect.checking.builds import Build, how_listed
from opselect.checking.finding import Finding, at_entry, removal
from opselect.mobile_lists import comes_with_kernels


class Sources:
    """The source files of a checkout, as one profile compiles them."""

    def __init__(self, index: KernelIndex, files: Files, profile: BuildProfile) -> None:
        self.index = index
        self.profile = profile.name
        self.kernel_files = index.kernel_files(profile.name)
        self.graph = DependencyGraph(index, profile.name)
        self._replaceable = Replaceable(files, profile)

    def is_empty(self, path: str) -> bool:
        """Whether the profile compiles nothing of a file."""
        return path not in self.kernel_files and self._replaceable.defines_nothing(path)

    def is_dispensable(self, needed: str, others: Iterable[str]) -> bool:
        """Whether a build can do without a needed file that has the other files."""
        return self._replaceable.has_twin(needed, others) or self.is_empty(needed)


def unneeded(build: Build, sources: Sources) -> dict[str, Finding]:
    """Listed source files without a kernel in the profile that no other listed one needs.

    Files that the scan does not know are not judged, and those that define ops are needed for that. Headers are left
    alone: they cost nothing, and which of them a compiler opens hangs on macros.
    """
    index = sources.index
    needed = {name: _needed(build, index, name) for name in index.profiles if is_mobile(name)}
    here = needed.get(sources.profile) or _needed(build, index, sources.profile)
    found = {}
    for path, entry in build.sources.items():
        if comes_with_kernels(path) and path in index.includes and path not in here:
            message = f"registers no kernel in profile {sources.profile}, and nothing that is listed needs it"
            others = ", ".join(name for name in needed if path in needed[name])
            unless = f", unless the list is for builds of {others} too" if others else ""
            found[path] = at_entry("unneeded", entry, message, f"{removal(entry)}{unless}")
    return found


def _needed(build: Build, index: KernelIndex, profile: str) -> frozenset[str]:
    """The files of a build that a profile has a use for."""
    kernels = index.kernel_files(profile)
    definitions = {d.location.file for op in index.op_names() if (d := index.op_definition(op)) is not None}
    asking = {path for path in build.present if path in kernels or path in definitions or not comes_with_kernels(path)}
    return frozenset(asking).union(DependencyGraph(index, profile).closure(sorted(asking)))


def missing_dependencies(build: Build, sources: Sources) -> dict[str, Finding]:
    """Source files that a listed one cannot be linked without, directly or not, and that the build does not have.

    A file that is empty in the profile is not missed, nor one of which a listed file is the copy.
    """
    lists = sources.index.build_lists
    found = {}
    for path, (entry, chain) in _missing(build, sources).items():
        asking, dependency = chain[-1]
        between = ", ".join(file for file, _ in chain[1:])
        way = f" by way of {between}, not listed either" if between else ", which is not listed"
        message = f"needs {path}{way}: {asking} uses {dependency.symbol}, declared in {dependency.declared_in}"
        found[path] = at_entry("missing-dependency", entry, message, how_listed(path, build, lists, entry.list))
    return found


Chain = Sequence[tuple[str, Dependency]]
"""From a listed file to one that it needs: who asks, and for what."""


def _missing(build: Build, sources: Sources) -> dict[str, tuple[ListEntry, Chain]]:
    """Each missing file with the first entry that leads to it, by the shortest way."""
    found: dict[str, tuple[ListEntry, Chain]] = {}
    dispensable: set[str] = set()
    todo: list[tuple[str, ListEntry, Chain]] = [(path, entry, ()) for path, entry in build.sources.items()]
    for path, entry, chain in todo:
        dependencies = sources.graph.direct(path)
        there = [dependency.file for dependency in dependencies if dependency.file in build.present]
        for dependency in dependencies:
            needed = dependency.file
            if needed in build.present or needed in found or needed in dispensable:
                continue
            if sources.is_dispensable(needed, there):
                dispensable.add(needed)
                continue
            found[needed] = entry, (*chain, (path, dependency))
            todo.append((needed, entry, found[needed][1]))
    return found
