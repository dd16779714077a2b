"""Which notes of an earlier scan still hold for a tree as it is now."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kernel_index.preprocessor.files import search_order
from kernel_index.profiles import BuildProfile
from kernel_index.records import KernelRegistration
from kernel_index.scan.notes import (
    COMPUTED,
    FileNote,
    ScanNotes,
    UnitNote,
    candidates,
    includers,
    reachable,
    shortest_absent,
)  # fmt: skip
from kernel_index.scan.profile_match import mentions, profile_match
from kernel_index.scan.stamps import Stamp, content_digest, settled, stamp
from kernel_index.source_tree import SEARCH, SourceTree, names_a_sink


class Survey:
    """Which files name a registration macro, looked up again only where they have changed."""

    def __init__(self, root: Path, before: Mapping[str, tuple[Stamp, bool]]) -> None:
        self._root = f"{root}/"
        self._before = before
        self.found: dict[str, tuple[Stamp, bool]] = {}

    def registers(self, where: str) -> bool:
        """The answer that :func:`open_tree` asks for."""
        name = where.removeprefix(self._root)
        now = stamp(where)
        known = self._before.get(name)
        if known is None or known[0] != now:
            answer = names_a_sink(where)
            reliable = settled(now)
            if reliable is None:
                return answer
            known = (reliable, answer)
        self.found[name] = known
        return known[1]


@dataclass(slots=True)
class Recalled:
    """The notes that hold, for the profiles of now; ``complete`` where they are all that there is to note."""

    units: dict[str, UnitNote] = field(default_factory=dict)
    files: dict[str, FileNote] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    complete: bool = False


def recall(notes: ScanNotes, tree: SourceTree, profiles: Sequence[BuildProfile]) -> Recalled:
    """What an earlier scan found in source files for which nothing has changed since."""
    same_profiles = [(p.name, p.defines) for p in notes.profiles] == [(p.name, p.defines) for p in profiles]
    match = profile_match(notes.profiles, profiles)
    if match is None or notes.types != str(tree.types):
        return Recalled()
    included_by = includers(notes.files)
    files = {path: known for path, note in notes.files.items() if (known := _unchanged(tree.where(path), note))}
    preprocessed = {path for path, note in files.items() if note.includes is not None}
    changed = (notes.files.keys() | included_by.keys()) - preprocessed
    changed |= {path for path, note in files.items() if not files.keys() >= set(note.bodies)}
    absent = notes.absent
    settled_includes = not any(_appeared(path, tree) for path in absent)
    if not settled_includes:
        moved, absent = _follow_includes(files, tree)
        changed |= moved
    if match.macros:
        changed |= {path for path in preprocessed - changed if _mentions(tree.where(path), match.macros)}
    stale = reachable(changed, included_by)
    usable = preprocessed - stale
    units = {}
    for unit in tree.units:
        note = notes.units.get(unit.path)
        if note is not None and note.gpu_only == unit.gpu_only and unit.path in usable:
            units[unit.path] = note if same_profiles else _with_profiles(note, profiles, match.earlier)
    return Recalled(
        units,
        {path: note for path, note in files.items() if path not in stale or note.includes is None},
        absent,
        same_profiles and settled_includes and files == notes.files and len(units) == len(tree.units),
    )


def _unchanged(where: str, note: FileNote) -> FileNote | None:
    """The note with the file's stamp of now if the content is the same, else None."""
    now = stamp(where)
    if now is not None and now == note.stamp:
        return note
    found = content_digest(where) if now is not None else ""
    return replace(note, stamp=settled(now)) if found == note.digest else None


def _appeared(path: str, tree: SourceTree) -> bool:
    """Whether something is at a path of :attr:`ScanNotes.absent`."""
    if path.endswith("/"):
        return not Path(tree.where(path)).is_dir()
    return os.path.lexists(tree.where(path))


def _follow_includes(files: Mapping[str, FileNote], tree: SourceTree) -> tuple[set[str], set[str]]:
    """Files of which an include leads elsewhere than it did, and what must stay absent from now on."""
    moved: set[str] = set()
    unread: set[str] = set()
    known: dict[tuple[str, str, tuple[str, ...]], str] = {}
    for path, note in files.items():
        for target, found in note.includes or ():
            if target == COMPUTED:
                continue
            key = (target, posixpath.dirname(path), search_order(path, SEARCH, tree.roots))
            if key not in known:
                known[key] = ""
                for candidate in candidates(target, path, tree.roots):
                    if stamp(tree.where(candidate)) is not None:
                        known[key] = candidate
                        break
                    unread.add(candidate)
            if known[key] != found:
                moved.add(path)
    return moved, shortest_absent(unread, tree)


def _mentions(where: str, macros: frozenset[str]) -> bool:
    try:
        return mentions(Path(where).read_bytes(), macros)
    except OSError:
        return True


def _with_profiles(note: UnitNote, profiles: Sequence[BuildProfile], earlier: Mapping[str, str]) -> UnitNote:
    known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def renamed(record: KernelRegistration) -> KernelRegistration:
        if record.profiles not in known:
            known[record.profiles] = tuple(p.name for p in profiles if earlier[p.name] in record.profiles)
        return replace(record, profiles=known[record.profiles])

    symbols = (
        replace(found, profiles=tuple(p.name for p in profiles if earlier[p.name] in found.profiles))
        for found in note.symbols
    )
    return replace(
        note,
        registrations=tuple(map(renamed, note.registrations)),
        symbols=tuple(found for found in symbols if found.profiles),
    )
