"""Which headers of libraries a source file includes, directly or through headers of the tree, in a build profile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from kernel_index.libraries import library_of_header
from kernel_index.preprocessor.files import INCLUDE, Files, SourceFile
from kernel_index.preprocessor.text import include_target
from kernel_index.symbols.active import ActiveText

Found = tuple[tuple[str, str, str], ...]
"""Library, header and the file that includes it; one a library."""


class LibraryHeaders:
    """Follows includes to the headers of some libraries; only files on the way to one are looked at.

    ``reached`` gives every header of the tree that a file can include, directly or not.
    """

    def __init__(
        self, files: Files, libraries: Collection[str], reached: Callable[[SourceFile], Iterable[str]]
    ) -> None:
        self._files = files
        self._libraries = libraries
        self._reached = reached
        self._own: dict[str, dict[int, tuple[str, str]]] = {}
        self._leading: dict[str, bool] = {}

    def included(self, unit: SourceFile, active: ActiveText, open_names: Collection[str]) -> Found:
        """The libraries whose headers are included where conditions hold, or may; the nearest include of each."""
        if not self._libraries or not self._leads_to_some(unit):
            return ()
        found: dict[str, tuple[str, str]] = {}
        todo, seen = [unit], {unit.path}
        for file in todo:
            own = self._headers_of(file)
            for index in active.taken(file, open_names):
                instruction = file.program[index]
                if instruction.kind != INCLUDE:
                    continue
                if index in own:
                    library, target = own[index]
                    found.setdefault(library, (target, file.path))
                header = self._files.resolve(instruction.argument, file.path)
                if header is not None and header.path not in seen and self._leads_to_some(header):
                    seen.add(header.path)
                    todo.append(header)
        return tuple((library, *found[library]) for library in sorted(found))

    def _headers_of(self, file: SourceFile) -> dict[int, tuple[str, str]]:
        """The includes of a file that name a header of a library: instruction to library and target."""
        known = self._own.get(file.path)
        if known is None:
            known = self._own[file.path] = {}
            for index, instruction in enumerate(file.program):
                target = include_target(instruction.argument) if instruction.kind == INCLUDE else None
                library = library_of_header(target[0]) if target is not None else ""
                if target is not None and library in self._libraries:
                    known[index] = (library, target[0])
        return known

    def _leads_to_some(self, file: SourceFile) -> bool:
        known = self._leading.get(file.path)
        if known is None:
            below = (self._files.get(path) for path in self._reached(file))
            known = bool(self._headers_of(file)) or any(self._headers_of(f) for f in below if f is not None)
            self._leading[file.path] = known
        return known
