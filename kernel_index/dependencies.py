"""What a kernel file cannot be linked without: direct dependencies closed transitively, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kernel_index.base_library import is_base
from kernel_index.index import KernelIndex
from kernel_index.records import Dependency
from kernel_index.walks import reached, way_to


@dataclass(frozen=True, slots=True)
class FileDependencies:
    """What one file asks for by itself: source files to link, and headers that it includes, directly or not.

    What the build compiles anyway is not among them.
    """

    needs: tuple[Dependency, ...]
    headers: tuple[str, ...]


class DependencyGraph:
    """The dependencies of files in builds of one profile.

    Where it is known by which build (:data:`kernel_index.records.BAZEL`, :data:`kernel_index.records.MAKE`), what that
    compiles anyway is left out; else only what every build of the release compiles.
    """

    def __init__(self, index: KernelIndex, profile: str, build: str = "") -> None:
        self._index = index
        self._profile = profile
        lists = index.build_lists
        self._listed = frozenset(lists.not_compiled.get(build, ())) if build else None
        self._compiled = frozenset(lists.compiled.get(build, ()))

    def of(self, file: str) -> FileDependencies:
        """The direct dependencies of a file; none for one that the index does not know."""
        headers = included((file,), self._index.includes)
        return FileDependencies(self.direct(file), tuple(path for path in headers if self._is_listed(path)))

    def direct(self, file: str) -> tuple[Dependency, ...]:
        """The source files that a file needs by itself."""
        return tuple(
            d for d in self._index.dependencies.get(file, ()) if self._profile in d.profiles and self._counts(d.file)
        )

    def _counts(self, needed: str) -> bool:
        return self._listed is None or self._is_listed(needed)

    def _is_listed(self, path: str) -> bool:
        if is_base(path):
            return self._listed is not None and path in self._listed
        return path not in self._compiled

    def closure(self, files: Iterable[str]) -> tuple[str, ...]:
        """All source files without which some files cannot be linked, themselves not among them, sorted."""
        return tuple(sorted(self.reasons(files)))

    def reasons(self, files: Iterable[str]) -> dict[str, tuple[str, Dependency]]:
        """Every source file of :meth:`closure`, with the file that asks for it, nearest first, and what for."""
        before = reached(files, self._needed_by)
        return {file: (asking, self._edge(asking, file)) for file, asking in before.items() if asking is not None}

    def path(self, files: Iterable[str], needed: str) -> tuple[Dependency, ...]:
        """Why a file is needed: the shortest way to it from one of some files, empty where none needs it."""
        way = way_to(needed, reached(files, self._needed_by))
        return tuple(self._edge(asking, file) for asking, file in pairwise(way))

    def _needed_by(self, file: str) -> Iterable[str]:
        return (dependency.file for dependency in self.direct(file))

    def _edge(self, asking: str, needed: str) -> Dependency:
        return next(dependency for dependency in self.direct(asking) if dependency.file == needed)


def included(files: Iterable[str], includes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Every file that some files include, directly or not, sorted; themselves are not among them."""
    before = reached(files, lambda file: includes.get(file, ()))
    return tuple(sorted(file for file, including in before.items() if including is not None))


def include_path(file: str, header: str, includes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The files on the shortest way of includes from a file to a header, that one last; empty where there is none."""
    return way_to(header, reached([file], lambda path: includes.get(path, ())))[1:]
