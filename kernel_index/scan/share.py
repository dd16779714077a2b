"""Scan some source files of a tree: the part of a scan that one process does."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from kernel_index.base_library import SAME_EVERYWHERE, BaseLibrary, is_base
from kernel_index.profiles import BuildProfile
from kernel_index.records import Diagnostic, Location, Lost
from kernel_index.scan.company import Company, Meetings, Source
from kernel_index.scan.notes import COMPUTED, FileNote, RecordedFiles, UnitNote, includers, reachable
from kernel_index.source_tree import SourceTree, SourceUnit
from kernel_index.symbols.unit_symbols import UnitSymbolReader

_OBJECTS_BETWEEN_COLLECTIONS = 100_000


@dataclass(frozen=True, slots=True)
class Share:
    """Source files to scan. Header conditions in ``known_problems`` need no source that meets them by itself.

    ``uncut`` asks for the slow way, on which no header and no text is left out.
    """

    tree: SourceTree
    units: tuple[SourceUnit, ...]
    profiles: tuple[BuildProfile, ...]
    known_problems: frozenset[Diagnostic] = frozenset()
    base: BaseLibrary = SAME_EVERYWHERE
    uncut: bool = False


@dataclass(slots=True)
class ShareResult:
    """The notes on a share's sources, on all files that they can reach, and on what must stay absent.

    ``passing`` sources must be scanned again next time: what they depend on is not known in full.
    """

    units: dict[str, UnitNote] = field(default_factory=dict)
    files: dict[str, FileNote] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    passing: set[str] = field(default_factory=set)


@contextlib.contextmanager
def _rare_collections() -> Iterator[None]:
    """Python looks for garbage in circles rarely: a scan makes millions of objects and next to none of it."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_rare_collections()
def scan_share(share: Share, done: Callable[[], None], files: RecordedFiles | None = None) -> ShareResult:
    """Scan the sources of a share; ``done`` is called after each. Raises PreprocessorError.

    With ``files`` what was read before is not read again.
    """
    files = files if files is not None else RecordedFiles(share.tree)
    result = ShareResult()
    sources: list[Source] = []
    for unit in share.units:
        file = files.get(unit.path)
        if file is not None:
            sources.append((unit, file))
            continue
        message = "cannot be read: what it registers is not known"
        result.units[unit.path] = UnitNote(
            unit.gpu_only, diagnostics=(Diagnostic(Location(unit.path, 1), message, Lost()),)
        )
        result.passing.add(unit.path)
        done()
    everyone = Company(files, sources, share.profiles, uncut=share.uncut)
    for file in [*(file for _, file in sources), *everyone.headers.closure]:
        if file.path not in result.files:
            result.files[file.path] = files.note(file)
    dependents = includers(result.files)
    # What a computed name leads to is among the headers of other sources or not: only alone is it always the same.
    computing = [p for p, note in result.files.items() if (COMPUTED, "") in (note.includes or ())]
    alone = reachable(computing, dependents)
    symbols = UnitSymbolReader(files, share.profiles, share.base)
    bodies: dict[str, tuple[str, ...]] = {}
    for unit, file in sources:
        company = everyone
        if unit.path in alone:
            company = Company(files, [(unit, file)], share.profiles, uncut=share.uncut)
        findings = company.findings(unit, file)
        # Kernels in folders of the base library are those of compilers and of devices that no phone has.
        linked = not share.base.has(unit.path) and not (is_base(unit.path) and findings.registrations)
        result.units[unit.path] = UnitNote(
            unit.gpu_only,
            tuple(findings.registrations),
            tuple(findings.op_definitions),
            tuple(findings.diagnostics),
            symbols=symbols.read(file) if linked and not unit.gpu_only else (),
        )
        if company is not everyone:
            result.passing.add(unit.path)
            result.units[unit.path] = replace(result.units[unit.path], header_problems=company.problems())
            bodies |= company.bodies
        done()
    for header, searched in (bodies | everyone.bodies).items():
        result.files[header] = replace(result.files[header], bodies=searched)
        for body in searched:
            result.files.setdefault(body, files.text_note(body))
    _attribute(everyone, Meetings(files, share.profiles, uncut=share.uncut), dependents, share.known_problems, result)
    result.absent = files.absent()
    return result


def _attribute(
    everyone: Company,
    meetings: Meetings,
    dependents: Mapping[str, Sequence[str]],
    known: Collection[Diagnostic],
    result: ShareResult,
) -> None:
    """Say of each source which problems of headers it meets by itself, and which it is suspected to."""
    suspected: dict[str, list[Diagnostic]] = {}
    for problem in everyone.problems():
        reached_by = reachable([problem.location.file], dependents)
        reached_by -= result.passing
        suspects = [s for s in everyone.sources if s[0].path in reached_by]
        for unit, _ in suspects:
            suspected.setdefault(unit.path, []).append(problem)
        if problem not in known:
            meetings.search(problem, sorted(suspects, key=lambda s: not result.units[s[0].path].registers))
    for path, problems in suspected.items():
        result.units[path] = cleared_up(replace(result.units[path], suspected=tuple(problems)), path, meetings)


def cleared_up(note: UnitNote, path: str, meetings: Meetings) -> UnitNote:
    """The note on a source after some were scanned by themselves."""
    if path in meetings.alone:
        return replace(note, header_problems=meetings.alone[path], suspected=())
    cleared = meetings.cleared.get(path, ())
    return replace(note, suspected=tuple(p for p in note.suspected if p not in cleared))
