"""Scan a whole tree, on several cores, and only what is not known from an earlier scan."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from dataclasses import replace
from functools import partial
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import NamedTuple

from kernel_index.base_library import BaseLibrary
from kernel_index.build_files.lists import read_build_lists
from kernel_index.build_files.unlisted import read_unlisted
from kernel_index.diagnostics import in_order
from kernel_index.errors import OpselectError
from kernel_index.links import LEADS_OUT
from kernel_index.preprocessor.files import MAX_SOURCE
from kernel_index.processes import helpers
from kernel_index.profiles import BuildProfile
from kernel_index.records import BuildLists, Diagnostic, KernelRegistration, Location, Lost, OpDefinition, ScanResult
from kernel_index.scan.base_library import Builds, asked_for, base_library, compiled, not_compiled
from kernel_index.scan.batch import with_suspicions_checked
from kernel_index.scan.cache import ScanCache
from kernel_index.scan.graph_versions import graph_versions
from kernel_index.scan.notes import (
    COMPUTED,
    UNSTEADY,
    FileNote,
    RecordedFiles,
    ScanNotes,
    UnitNote,
    candidates,
    reachable,
)  # fmt: skip
from kernel_index.scan.recall import Recalled, Survey, recall
from kernel_index.scan.share import Share, ShareResult, scan_share
from kernel_index.scan.type_classes import of_tree
from kernel_index.scan.type_lists import type_lists
from kernel_index.scan.unchanged import Progress
from kernel_index.source_tree import SourceTree, SourceUnit, open_tree
from kernel_index.symbols.linking import library_uses, linked

_PLATFORM_HEADER = "tensorflow/core/platform/platform.h"

_WORTH_A_PROCESS = 8
"""Minimum number of source files that are worth the headers that one more process must read again."""


class Scanned(NamedTuple):
    """What a scan found, in how many source files, and whether all of it was known from the scan before."""

    result: ScanResult
    units: int
    unchanged: bool


def scan_sources(
    root: Path,
    release: str,
    chosen: tuple[BuildProfile, ...],
    extra_roots: Sequence[Path],
    jobs: int | None,
    progress: Progress | None,
    cache: ScanCache | None,
    *,
    uncut: bool,
    links: bool,
) -> Scanned:
    """Scan the source files of a tree that are not known from an earlier scan.

    The arguments are those of :func:`kernel_index.scan.scan_tree`, as are the errors; ``links`` are followed or not.
    """
    before = cache.load(root, extra_roots, chosen) if cache is not None else ScanNotes()
    survey = Survey(root, before.surveyed)
    tree = open_tree(root, extra_roots=extra_roots, release=release, registers=survey.registers, follow_links=links)
    builds, build_diagnostics = read_unlisted(tree.root, tree.links)
    base = base_library(tree.root, builds)
    if before.base != base:
        before = ScanNotes(surveyed=before.surveyed)
    recalled = recall(before, _with_units(tree, base.not_compiled & before.units.keys()), chosen)
    units: dict[str, UnitNote] = {}
    fresh: list[ShareResult] = []
    todo: Sequence[SourceUnit] = tree.units
    later = RecordedFiles(tree)  # the few sources that others ask for are scanned here, round by round
    while todo:
        if not units:
            part = _scan(tree, todo, chosen, recalled, base, jobs or os.cpu_count() or 1, progress, uncut=uncut)
        else:
            new = tuple(unit for unit in todo if unit.path not in recalled.units)
            part = [scan_share(Share(tree, new, chosen, base=base, uncut=uncut), _nothing, later)] if new else []
        fresh += part
        noted = recalled.units | {path: note for found in part for path, note in found.units.items()}
        units |= {unit.path: noted[unit.path] for unit in todo}
        todo = asked_for(units, base)
    tree = _with_units(tree, units)
    units = with_suspicions_checked(tree, chosen, {unit.path: units[unit.path] for unit in tree.units})
    files = _merged([recalled.files, *(part.files for part in fresh)])
    unchanged = recalled.complete and not fresh and survey.found == before.surveyed
    if cache is not None and not unchanged:
        passing = set[str]().union(*(part.passing for part in fresh))
        kept = {path: note for path, note in units.items() if path not in passing}
        absent = recalled.absent.union(*(part.absent for part in fresh))
        notes = ScanNotes(chosen, kept, _needed(files, kept), absent, survey.found, str(tree.types), base)
        cache.save(root, extra_roots, chosen, notes)
    lists, list_diagnostics = read_build_lists(tree.root, tree.links)
    result = scan_result(tree, chosen, units, files, (lists, (*list_diagnostics, *build_diagnostics)), builds)
    return Scanned(result, len(tree.units), unchanged)


def _nothing() -> None:
    pass


def _scan(
    tree: SourceTree,
    units: Sequence[SourceUnit],
    profiles: tuple[BuildProfile, ...],
    recalled: Recalled,
    base: BaseLibrary,
    jobs: int,
    progress: Progress | None,
    *,
    uncut: bool,
) -> list[ShareResult]:
    """Scan those of some units that are not known, in as many processes as are worth it."""
    unknown = [unit for unit in units if unit.path not in recalled.units]
    total, known = len(units), len(units) - len(unknown)

    def report(done: int) -> None:
        if progress is not None:
            progress(known + done, total)

    report(0)
    if not unknown:
        return []
    jobs = max(1, min(jobs, len(unknown) // _WORTH_A_PROCESS))
    # Neighbours in size go to different shares, so that all end at about the same time.
    by_size = sorted(unknown, key=lambda u: (-_size(tree, u.path), u.path))
    parts = [tuple(sorted(by_size[i::jobs], key=lambda u: u.path)) for i in range(jobs)]
    shares = [Share(tree, part, profiles, base, uncut) for part in parts]
    return [_scan_here(shares[0], report)] if jobs == 1 else _scan_in_processes(shares, report)


def _with_units(tree: SourceTree, more: Iterable[str]) -> SourceTree:
    """A tree with more source files to scan, none of them for GPUs."""
    units = {**{path: SourceUnit(path, gpu_only=False) for path in more}, **{unit.path: unit for unit in tree.units}}
    return replace(tree, units=tuple(units[path] for path in sorted(units)))


def _size(tree: SourceTree, path: str) -> int:
    try:
        return Path(tree.where(path)).stat().st_size
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return 0


def _scan_here(share: Share, report: Callable[[int], None]) -> ShareResult:
    count = 0

    def done() -> None:
        nonlocal count
        count += 1
        report(count)

    return scan_share(share, done)


_done: Synchronized[int] | None = None


def _start_worker(done: Synchronized[int]) -> None:
    global _done  # noqa: PLW0603 - the counter that a pool hands to its processes can only live here
    _done = done


def _count() -> None:
    assert _done is not None  # _start_worker runs first in every process of the pool
    with _done.get_lock():
        _done.value += 1


def _scan_in_worker(share: Share) -> ShareResult:
    return scan_share(share, _count)


def _scan_in_processes(shares: Sequence[Share], report: Callable[[int], None]) -> list[ShareResult]:
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    done = multiprocessing.get_context(method).Value("l", 0)
    try:
        with helpers(len(shares), method, partial(_start_worker, done)) as pool:
            futures = [pool.submit(_scan_in_worker, share) for share in shares]
            pending = set(futures)
            while pending:
                _, pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED)
                report(done.value)
            return [future.result() for future in futures]
    except BrokenExecutor:
        raise OpselectError(
            "a process of the scan was killed, as happens when memory runs out\n  --jobs 1 needs the least."
        ) from None


def _merged(parts: Iterable[Mapping[str, FileNote]]) -> dict[str, FileNote]:
    """The notes on all files; one that changed while it was scanned is unsteady, so that it counts as changed."""
    merged: dict[str, FileNote] = {}
    for part in parts:
        for path, note in part.items():
            known = merged.get(path)
            if known is None:
                merged[path] = note
                continue
            includes = known.includes if note.includes is None else note.includes
            merged[path] = replace(note, includes=includes, bodies=known.bodies or note.bodies)
            if known.digest != note.digest or includes not in (known.includes or includes, note.includes or includes):
                merged[path] = replace(note, digest=UNSTEADY, stamp=None)
    return merged


def _needed(files: Mapping[str, FileNote], units: Iterable[str]) -> dict[str, FileNote]:
    """The notes on the files that some sources depend on."""
    needed = reachable(units, {path: (*note.included, *note.bodies) for path, note in files.items()})
    return {path: note for path, note in files.items() if path in needed}


def scan_result(
    tree: SourceTree,
    profiles: Sequence[BuildProfile],
    units: Mapping[str, UnitNote],
    files: Mapping[str, FileNote],
    build_lists: tuple[BuildLists, Sequence[Diagnostic]],
    builds: Builds,
) -> ScanResult:
    """The notes on all source files of a tree, its build lists, and what its builds do without these, as one result."""
    notes = units.values()
    lists, list_diagnostics = build_lists
    symbols = {path: note.symbols for path, note in units.items()}
    upstream = [frozenset(names) for names in (lists.makefile, *lists.groups.values())]
    includes = {path: note.included for path, note in files.items() if note.includes is not None}
    scanned = sorted(reachable((path for path in units if path in includes), includes))
    found_by_units = (d for n in notes for d in (*n.diagnostics, *n.header_problems))
    missed = _beyond_links(tree, files, scanned)
    unread = [*_platforms_unknown(files), *_too_large(tree, files), *missed]
    diagnostics = in_order([*list_diagnostics, *unread, *found_by_units])
    targets = {
        target[1:-1]
        for path in scanned
        for target, found in files[path].includes or ()
        if not found and target != COMPUTED
    }
    lists_of_types = type_lists(RecordedFiles(tree), profiles)
    dependencies = linked(symbols, profiles, lists_of_types, upstream, includes)
    uses = library_uses(symbols)
    lists = replace(
        lists,
        not_compiled=not_compiled(builds, units, dependencies, uses, scanned),
        compiled=compiled(builds, units, dependencies),
        libraries={name: tuple(sorted(build.libraries)) for name, build in builds.items()},
    )
    return ScanResult(
        release=tree.release,
        profiles=tuple(dict.fromkeys(profile.name for profile in profiles)),
        registrations=tuple(sorted((r for note in notes for r in note.registrations), key=registration_key)),
        op_definitions=of_tree(_unique_ops(d for note in notes for d in note.op_definitions), tree.root, tree.links),
        build_lists=lists,
        diagnostics=diagnostics,
        skipped_files=dict(tree.skipped),
        missing_headers=tuple(sorted(targets)),
        includes={path: includes[path] for path in scanned},
        type_lists=lists_of_types,
        dependencies=dependencies,
        library_uses=uses,
        graph_versions=graph_versions(tree.root, tree.links),
    )


def _platforms_unknown(files: Mapping[str, FileNote]) -> Iterable[Diagnostic]:
    """A diagnostic where mobile builds cannot be distinguished from others: the header of their macro is missing.

    TSL took it over (2.9), and has stood in other places since.
    """
    note = files.get(_PLATFORM_HEADER)
    for target, found in (note.includes or ()) if note is not None else ():
        if not found and target[1:-1].endswith("/platform.h"):
            message = f"{target} is not in the tree: which kernels are left out of mobile builds is not known"
            yield Diagnostic(Location(_PLATFORM_HEADER, 1), message)


def _too_large(tree: SourceTree, files: Iterable[str]) -> Iterable[Diagnostic]:
    """A diagnostic for each source and header of which nothing was taken."""
    for path in files:
        size = _size(tree, path)
        if size > MAX_SOURCE:
            message = (
                f"it has {size:,} bytes, and more than {MAX_SOURCE:,} are not read: what it registers is not known"
            )
            yield Diagnostic(Location(path, 1), message, Lost())


def _beyond_links(tree: SourceTree, files: Mapping[str, FileNote], scanned: Iterable[str]) -> Iterable[Diagnostic]:
    """A diagnostic for every header that a file includes and that a link out of the tree leads to."""
    asked = {
        candidate
        for path in scanned
        for target, found in files[path].includes or ()
        if not found and target != COMPUTED
        for candidate in candidates(target, path, tree.roots)
    }
    for path in sorted(asked):
        if tree.leads_out(path):
            yield Diagnostic(Location(path, 1), f"{LEADS_OUT}: what it registers is not known", Lost())


def _unique_ops(definitions: Iterable[OpDefinition]) -> tuple[OpDefinition, ...]:
    """One definition an op; of several, the one under ``core/ops``, which every build has."""
    found: dict[str, OpDefinition] = {}
    for definition in sorted(definitions, key=lambda d: ("core/ops/" not in d.source, d.location, d.unit)):
        found.setdefault(definition.name, definition)
    return tuple(found[name] for name in sorted(found))


def registration_key(record: KernelRegistration) -> tuple[object, ...]:
    """The order of registrations: by op, then so that equal trees give equal files."""
    constraints = tuple((c.attr, tuple(str(v) for v in c.allowed)) for c in record.constraints)
    return (
        record.op, record.location, record.device, record.label, record.priority, constraints, record.kernel_class,
        record.unit, record.host_memory_args, record.system,
    )  # fmt: skip
