"""What a kernel file cannot be linked without: direct dependencies closed transitively, each with its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from kernel_index.base_library import is_base
from kernel_index.index import KernelIndex
from kernel_index.records import Dependency

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class FileDependencies:
    """What one file asks for by itself: source files to link, and headers that it includes, directly or not.

    What the build has without being told is not among them.
    """

    needs: tuple[Dependency, ...]
    headers: tuple[str, ...]


class DependencyGraph:
    """The dependencies of files in builds of one profile.

    Where it is known by which build (:data:`kernel_index.records.BAZEL`, :data:`kernel_index.records.MAKE`), what that
    compiles without being told is left out; else only what every build of the release compiles.

    networkx takes longer to import than a look-up takes, so only :meth:`path` makes a graph of it, which grows with
    the questions.
    """

    def __init__(self, index: KernelIndex, profile: str, build: str = "") -> None:
        self._index = index
        self._profile = profile
        lists = index.build_lists
        self._listed = frozenset(lists.not_compiled.get(build, ())) if build else None
        self._compiled = frozenset(lists.compiled.get(build, ()))
        self._graph: nx.DiGraph[str] | None = None

    def of(self, file: str) -> FileDependencies:
        """The direct dependencies of a file; none for one that the index does not know."""
        headers = included((file,), self._index.includes)
        return FileDependencies(self.direct(file), tuple(path for path in headers if self._is_told(path)))

    def direct(self, file: str) -> tuple[Dependency, ...]:
        """The source files that a file needs by itself."""
        return tuple(
            d for d in self._index.dependencies.get(file, ()) if self._profile in d.profiles and self._counts(d.file)
        )

    def _counts(self, needed: str) -> bool:
        return self._listed is None or self._is_told(needed)

    def _is_told(self, path: str) -> bool:
        if is_base(path):
            return self._listed is not None and path in self._listed
        return path not in self._compiled

    def closure(self, files: Iterable[str]) -> tuple[str, ...]:
        """All source files without which some files cannot be linked, themselves not among them, sorted."""
        return tuple(sorted(self.reasons(files)))

    def reasons(self, files: Iterable[str]) -> dict[str, tuple[str, Dependency]]:
        """Every source file of :meth:`closure`, with the file that asks for it, nearest first, and what for."""
        todo = list(dict.fromkeys(files))
        start = frozenset(todo)
        found: dict[str, tuple[str, Dependency]] = {}
        for file in todo:
            for dependency in self.direct(file):
                if dependency.file not in start and dependency.file not in found:
                    found[dependency.file] = file, dependency
                    todo.append(dependency.file)
        return found

    def path(self, files: Sequence[str], needed: str) -> tuple[Dependency, ...]:
        """Why a file is needed: the shortest way to it from one of some files, empty where none needs it."""
        from networkx import multi_source_dijkstra_path

        graph = self._grown(list(files))
        ways = multi_source_dijkstra_path(graph, set(files))
        way = ways.get(needed, ())
        return tuple(graph.edges[edge]["reason"] for edge in pairwise(way))

    def _grown(self, files: Iterable[str]) -> nx.DiGraph[str]:
        """The graph, with all that some files lead to."""
        from networkx import DiGraph

        graph = self._graph if self._graph is not None else DiGraph()
        self._graph = graph
        todo = [file for file in files if file not in graph]
        graph.add_nodes_from(todo)
        while todo:
            file = todo.pop()
            for dependency in self.direct(file):
                if dependency.file not in graph:
                    graph.add_node(dependency.file)
                    todo.append(dependency.file)
                graph.add_edge(file, dependency.file, reason=dependency)
        return graph


def included(files: Iterable[str], includes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Every file that some files include, directly or not, sorted; themselves are not among them."""
    todo = list(files)
    start = frozenset(todo)
    seen = set(start)
    while todo:
        for header in includes.get(todo.pop(), ()):
            if header not in seen:
                seen.add(header)
                todo.append(header)
    return tuple(sorted(seen - start))


def include_path(file: str, header: str, includes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The files on the shortest way of includes from a file to a header, that one last; empty where there is none."""
    came_from = {file: ""}
    todo = [file]
    for path in todo:
        for following in includes.get(path, ()):
            if following not in came_from:
                came_from[following] = path
                todo.append(following)
    way: list[str] = []
    while header in came_from and header != file:
        way.insert(0, header)
        header = came_from[header]
    return tuple(way)
