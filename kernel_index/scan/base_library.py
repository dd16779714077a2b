"""The base library of a checkout: which of its sources each build compiles, and which of the others kernels need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kernel_index.base_library import SAME_EVERYWHERE, BaseLibrary, is_base
from kernel_index.build_files.unlisted import UnlistedBuild
from kernel_index.libraries import LIBRARIES
from kernel_index.records import BAZEL, Dependency, LibraryUse
from kernel_index.scan.notes import UnitNote
from kernel_index.source_tree import SourceUnit, plain_sources

_JUDGED = ("tensorflow/core", "tensorflow/c", "tensorflow/tsl")
"""Folders whose sources kernels may link with. What they need of others, compilers among them, is not looked at."""

Builds = Mapping[str, UnlistedBuild]
"""The builds of a checkout by name (:func:`kernel_index.build_files.read_unlisted`)."""


def base_library(root: Path, builds: Builds) -> BaseLibrary:
    """What is not common to all builds of a checkout. With no build that can be read, nothing is known to differ."""
    if not builds:
        return SAME_EVERYWHERE
    everywhere = frozenset.intersection(*(build.libraries for build in builds.values()))
    return BaseLibrary(
        frozenset(
            path
            for folder in _JUDGED
            for path in plain_sources(root, folder)
            if is_base(path) and not all(build.may_compile(path) for build in builds.values())
        ),
        frozenset(library.name for library in LIBRARIES) - everywhere,
    )


def asked_for(units: Mapping[str, UnitNote], base: BaseLibrary) -> list[SourceUnit]:
    """Sources of the base library that some unit may need and some build does not compile, and that are no units yet.

    A unit may need the source file of each header that declares a symbol which it uses.
    """
    places = {place for note in units.values() for symbols in note.symbols for _, place in symbols.needs}
    wanted = base.not_compiled.intersection(map(base.source_of, places)) - units.keys()
    return [SourceUnit(path, gpu_only=False) for path in sorted(wanted)]


def not_compiled(
    builds: Builds,
    units: Mapping[str, UnitNote],
    dependencies: Mapping[str, Iterable[Dependency]],
    uses: Mapping[str, Iterable[LibraryUse]],
    headers: Iterable[str],
) -> dict[str, tuple[str, ...]]:
    """Of each build the files of base folders that it does not have: those with kernels, ops or what is needed.

    Bazel's have headers among them, which its lists must name too: those of such source files, and those through which
    libraries of others are included (``platform/jpeg.h``).
    """
    matter = {path for path in _that_matter(units, dependencies) if is_base(path)}
    through = {use.included_by for found in uses.values() for use in found}
    listed = {h for h in headers if is_base(h) and (h in through or BaseLibrary.source_of(h) in matter)} - matter
    return {
        name: tuple(
            sorted(path for path in (matter | listed if name == BAZEL else matter) if not build.may_compile(path))
        )
        for name, build in builds.items()
    }


def compiled(
    builds: Builds, units: Mapping[str, UnitNote], dependencies: Mapping[str, Iterable[Dependency]]
) -> dict[str, tuple[str, ...]]:
    """Of each build such files of the folders of kernels that it compiles though no list names them."""
    matter = {path for path in _that_matter(units, dependencies) if not is_base(path)}
    return {name: tuple(sorted(matter & build.sources)) for name, build in builds.items()}


def _that_matter(units: Mapping[str, UnitNote], dependencies: Mapping[str, Iterable[Dependency]]) -> set[str]:
    """Source files that register something, or that others need."""
    needed = {dependency.file for found in dependencies.values() for dependency in found}
    return {path for path, note in units.items() if note.registers or path in needed}
