"""What the listed source files of a build need of each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kernel_index.build_files.entries import ListEntry
from kernel_index.build_files.mobile_lists import comes_with_kernels
from kernel_index.dependencies import DependencyGraph
from kernel_index.index import KernelIndex
from kernel_index.needed_files import BuildNeeds, knows_definitions, names
from kernel_index.preprocessor.files import Files
from kernel_index.profiles import BuildProfile, is_mobile
from kernel_index.records import Dependency
from kernel_index.symbols.replaceable import Replaceable
from opselect.build_lists.checking.builds import Build, how_listed
from opselect.build_lists.checking.finding import at_entry, by_apply, removal
from opselect.findings import Finding, Mend
from opselect.findings.mends import scan_root
from opselect.selection.why_missing import explain_library


class Sources:
    """The source files of a checkout, as one profile compiles them."""

    def __init__(self, index: KernelIndex, files: Files, profile: BuildProfile) -> None:
        self.index = index
        self.profile = profile.name
        self.kernel_files = index.kernel_files(profile.name)
        self._replaceable = Replaceable(files, profile)

    def is_empty(self, path: str) -> bool:
        """Whether the profile compiles nothing of a file."""
        return path not in self.kernel_files and self._replaceable.defines_nothing(path)

    def needs(self, build: str) -> BuildNeeds:
        """What the source files need in a build."""
        return BuildNeeds(self.index, self.profile, build)


def unneeded(build: Build, sources: Sources) -> dict[str, Finding]:
    """Listed source files without a kernel in the profile that no other listed one needs.

    Files that define ops are needed where the build has a kernel of one, in its lists or in its base library. Files
    that the scan does not know are not judged. Headers are left alone: they cost nothing, and which of them a compiler
    opens hangs on macros.
    """
    index = sources.index
    needed = {name: _needed(build, index, name) for name in index.profiles if is_mobile(name)}
    here = needed.get(sources.profile) or _needed(build, index, sources.profile)
    defining = _defining(index)
    found = {}
    for path, entry in build.sources.items():
        defined = defining.get(path, ())
        judged = defined or comes_with_kernels(path) or path in index.build_lists.not_compiled.get(build.build, ())
        if judged and path in index.includes and path not in here:
            what = (
                f"the build has no kernel of {names(defined)}, which it defines" if defined else "registers no kernel"
            )
            message = f"{what} in profile {sources.profile}, and nothing that is listed needs it"
            others = ", ".join(name for name in needed if path in needed[name])
            unless = f", unless the list is for builds of {others} too" if others else ""
            found[path] = at_entry("unneeded", entry, message, removal(entry, unless=unless))
    return found


def _needed(build: Build, index: KernelIndex, profile: str) -> frozenset[str]:
    """The files of a build that a profile has a use for."""
    kernels = index.kernel_files(profile)
    unlisted = BuildNeeds(index, profile, build.build)
    rest = _defining(index).keys() | frozenset(index.build_lists.not_compiled.get(build.build, ()))
    asking = {path for path in build.present if path in kernels or not (path in rest or comes_with_kernels(path))}
    asking |= unlisted.definitions([*asking, *filter(unlisted.compiles, kernels)]).keys() & build.present
    return frozenset(asking) | unlisted.needed(sorted(asking)).keys()


def _defining(index: KernelIndex) -> dict[str, list[str]]:
    """Source file to the ops that it defines."""
    found: dict[str, list[str]] = {}
    for op in index.op_names():
        definition = index.op_definition(op)
        if definition is not None:
            found.setdefault(definition.source, []).append(op)
    return found


def undefined_ops(build: Build, sources: Sources) -> dict[str, Finding]:
    """Files that define ops of which listed files register kernels, and that the build does not compile.

    Each is said of the first entry with such a kernel. Kernels of the base library are not judged: no list has them.
    """
    index, needs, lists = sources.index, sources.needs(build.build), sources.index.build_lists
    kernel_ops = index.kernel_ops(sources.profile)
    ops: dict[str, dict[str, str]] = {}
    found = {}
    for path in build.sources:
        for op in kernel_ops.get(path, ()):
            definition = index.op_definition(op)
            file = definition.source if definition is not None else ""
            absent = not (file in build.present or needs.compiles(file)) if file else knows_definitions(index)
            if absent:
                ops.setdefault(file, {}).setdefault(op, path)
    for file, asking in ops.items():
        first = next(iter(asking.values()))
        entry = build.sources[first]
        if file:
            message = f"registers kernels of {names(asking)}, which {file} defines, and that is not listed"
            mends: tuple[Mend, ...] = (how_listed(file, build, lists), by_apply("--mode", "extend"))
        else:
            message = f"registers kernels of {names(asking)}, which no source file that was scanned defines"
            mends = (scan_root("scan the folder with the REGISTER_OP too (--root DIR)"),)
        found[file or first] = at_entry("undefined-op", entry, message, *mends)
    return found


def missing_libraries(build: Build, sources: Sources, have: Collection[str]) -> dict[str, Finding]:
    """Libraries that listed files are compiled with and the build does not have, each at the first such entry."""
    found = {}
    for library, (file, use) in sources.needs(build.build).missing_libraries(build.sources).items():
        if library not in have:
            lacking = explain_library(use, file, sources.index, build.build)
            found[library] = at_entry("missing-library", build.sources[file], lacking.reason, *lacking.mends)
    return found


def missing_dependencies(build: Build, sources: Sources) -> dict[str, Finding]:
    """Source files that a listed one cannot be linked without, directly or not, and that the build does not have."""
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
    graph = DependencyGraph(sources.index, sources.profile, build.build)
    todo: list[tuple[str, ListEntry, Chain]] = [(path, entry, ()) for path, entry in build.sources.items()]
    for path, entry, chain in todo:
        for dependency in graph.direct(path):
            needed = dependency.file
            if needed not in build.present and needed not in found:
                found[needed] = entry, (*chain, (path, dependency))
                todo.append((needed, entry, found[needed][1]))
    return found
