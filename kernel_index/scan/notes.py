"""What a scan notes besides its findings, so that a later scan can tell which of them still hold."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kernel_index.base_library import SAME_EVERYWHERE, BaseLibrary
from kernel_index.preprocessor.files import INCLUDE, Files, SourceFile, search_order
from kernel_index.preprocessor.text import include_target
from kernel_index.profiles import BuildProfile
from kernel_index.records import Diagnostic, KernelRegistration, OpDefinition
from kernel_index.scan.stamps import Stamp, digest, settled, stamp
from kernel_index.source_tree import SEARCH, SourceTree
from kernel_index.symbols.unit_symbols import UnitSymbols
from kernel_index.type_table import TypeTable
from kernel_index.walks import reached

COMPUTED = "?"
"""Stands for the target of an ``#include`` that a macro names."""

UNSTEADY = "?"
"""Stands for the digest of a file that changed during a scan."""


@dataclass(frozen=True, slots=True)
class FileNote:
    """A file as a scan saw it.

    ``digest`` is empty where there was no file, ``stamp`` None where only the digest tells of a change. ``includes``
    has the targets of its ``#include`` lines with their quotes, each with the path found or nothing; it is None for
    a file of which only the text was searched. ``bodies`` are the sources that were searched for what a header
    declares, in order: the last one, if any, was there.
    """

    digest: str
    stamp: Stamp | None
    includes: tuple[tuple[str, str], ...] | None = None
    bodies: tuple[str, ...] = ()

    @property
    def included(self) -> tuple[str, ...]:
        """The files of the tree that it includes, in order, each once."""
        return tuple(dict.fromkeys(path for _, path in self.includes or () if path))


@dataclass(frozen=True, slots=True)
class UnitNote:
    """What one source file registers, and what there is to say of it.

    ``header_problems`` are conditions of its headers that cannot be evaluated. The ``suspected`` ones were met in
    a batch with other sources, for which more conditions matter; a scan of this source alone may not meet them.
    """

    gpu_only: bool
    registrations: tuple[KernelRegistration, ...] = ()
    op_definitions: tuple[OpDefinition, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    header_problems: tuple[Diagnostic, ...] = ()
    suspected: tuple[Diagnostic, ...] = ()
    symbols: tuple[UnitSymbols, ...] = ()

    @property
    def registers(self) -> bool:
        """Whether it registers anything."""
        return bool(self.registrations or self.op_definitions)


@dataclass(slots=True)
class ScanNotes:
    """All notes of a scan.

    ``absent`` are paths that must stay absent for the includes to lead where they did; one that ends in a slash is a
    folder that must stay one. ``surveyed`` says of files, by their place on disk, whether they name a registration
    macro. ``types`` is the text of the tree's own types, which any registration may name. The symbols of the units are
    those for the base library ``base``.
    """

    profiles: tuple[BuildProfile, ...] = ()
    units: dict[str, UnitNote] = field(default_factory=dict)
    files: dict[str, FileNote] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    surveyed: dict[str, tuple[Stamp, bool]] = field(default_factory=dict)
    types: str = ""
    base: BaseLibrary = SAME_EVERYWHERE


class RecordedFiles(Files):
    """The files of a tree, with notes on all that were read or asked for in vain."""

    def __init__(self, tree: SourceTree) -> None:
        super().__init__(tree.root, SEARCH, dict(tree.extra_roots), tree.roots, tree.links)
        self._tree = tree
        self._seen: dict[str, tuple[str, Stamp | None]] = {}
        self._unread: list[str] = []

    @property
    def types(self) -> TypeTable:
        """What types are called in the tree."""
        return self._tree.types

    def read(self, path: str) -> bytes | None:
        before = stamp(self._tree.where(path))
        data = super().read(path) if before is not None else None
        if data is None:
            self._unread.append(path)
        else:
            # The time is taken before reading: what is written meanwhile gets another.
            self._seen[path] = (digest(data), settled(before))
        return data

    def note(self, file: SourceFile) -> FileNote:
        """The note on a file that was preprocessed."""
        includes: dict[tuple[str, str], None] = {}
        for instruction in file.program:
            if instruction.kind == INCLUDE:
                target = include_target(instruction.argument)
                found = self.resolve(instruction.argument, file.path)
                includes[quoted_target(target), found.path if found is not None else ""] = None
        seen, time = self._seen[file.path]
        return FileNote(seen, time, tuple(includes))

    def text_note(self, path: str) -> FileNote:
        """The note on a file that was only searched, or is not there."""
        return FileNote(*self._seen.get(path, ("", None)))

    def absent(self) -> set[str]:
        """What must stay absent, see :class:`ScanNotes`."""
        return shortest_absent(self._unread, self._tree)


def quoted_target(target: tuple[str, bool] | None) -> str:
    """An include's target as :class:`FileNote` spells it."""
    if target is None:
        return COMPUTED
    return f'"{target[0]}"' if target[1] else f"<{target[0]}>"


def candidates(target: str, including: str, roots: tuple[str, ...]) -> Iterator[str]:
    """The paths at which an include's target is looked for, in order: the rule of :class:`Files`."""
    name = target[1:-1]
    own = (posixpath.dirname(including),) if target[0] == '"' else ()
    for folder in (*own, *search_order(including, SEARCH, roots)):
        path = posixpath.normpath(posixpath.join(folder, name))
        if not path.startswith(("../", "/")):
            yield path


def shortest_absent(paths: Iterable[str], tree: SourceTree) -> set[str]:
    """For paths at which no file is, the outermost thing on the way to each that is absent."""
    folders: dict[str, str] = {"": ""}

    def missing_folder(folder: str) -> str:
        """The outermost folder that is absent, empty where all are there."""
        unknown = []
        while folder not in folders:
            unknown.append(folder)
            folder = posixpath.dirname(folder)
        known = folders[folder]
        for inner in reversed(unknown):
            if not known and not os.path.lexists(tree.where(inner)):
                known = inner
            folders[inner] = known
        return known

    found: set[str] = set()
    for path in paths:
        absent = missing_folder(posixpath.dirname(path)) or path
        is_folder = os.path.isdir(tree.where(path))  # noqa: PTH112 - Path.is_dir raises where a name is too long
        found.add(f"{path}/" if absent == path and is_folder else absent)
    return found


def includers(files: Mapping[str, FileNote]) -> dict[str, list[str]]:
    """Every included path with the files that include it."""
    found: dict[str, list[str]] = {}
    for path, note in files.items():
        for included in note.included:
            found.setdefault(included, []).append(path)
    return found


def reachable(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """The nodes that some nodes lead to, themselves among them."""
    return set(reached(start, lambda node: edges.get(node, ())))
