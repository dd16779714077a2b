"""Scan some source files of a tree: the part of a scan that one process does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kernel_index.base_library import SAME_EVERYWHERE, BaseLibrary, is_base
from kernel_index.diagnostics import in_order
from kernel_index.links import LEADS_OUT
from kernel_index.profiles import BuildProfile
from kernel_index.rare_collections import rare_collections
from kernel_index.records import Diagnostic, Location, Lost
from kernel_index.scan.batch import Batch, Source
from kernel_index.scan.notes import COMPUTED, FileNote, RecordedFiles, UnitNote, includers, reachable
from kernel_index.source_tree import SourceTree, SourceUnit
from kernel_index.symbols.unit_symbols import UnitSymbolReader


@dataclass(frozen=True, slots=True)
class Share:
    """Source files to scan; ``uncut`` asks for the slow way, on which no header and no text is left out."""

    tree: SourceTree
    units: tuple[SourceUnit, ...]
    profiles: tuple[BuildProfile, ...]
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


@rare_collections()
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
        problem = LEADS_OUT if share.tree.leads_out(unit.path) else "cannot be read"
        message = f"{problem}: what it registers is not known"
        result.units[unit.path] = UnitNote(
            unit.gpu_only, diagnostics=(Diagnostic(Location(unit.path, 1), message, Lost()),)
        )
        result.passing.add(unit.path)
        done()
    together = Batch(files, sources, share.profiles, uncut=share.uncut)
    for file in [*(file for _, file in sources), *together.headers.closure]:
        if file.path not in result.files:
            result.files[file.path] = files.note(file)
    # What a computed name leads to is among the headers of other sources or not: only alone is it always the same.
    computing = [p for p, note in result.files.items() if (COMPUTED, "") in (note.includes or ())]
    alone = reachable(computing, includers(result.files))
    symbols = UnitSymbolReader(files, share.profiles, share.base)
    bodies: dict[str, tuple[str, ...]] = {}
    for unit, file in sources:
        by_itself = unit.path in alone
        batch = Batch(files, [(unit, file)], share.profiles, uncut=share.uncut) if by_itself else together
        findings = batch.findings(unit, file)
        header_problems = in_order(findings.header_problems)
        # Kernels in folders of the base library are those of compilers and of devices that no phone has.
        linked = not share.base.has(unit.path) and not (is_base(unit.path) and findings.registrations)
        result.units[unit.path] = UnitNote(
            unit.gpu_only,
            tuple(findings.registrations),
            tuple(findings.op_definitions),
            tuple(findings.diagnostics),
            header_problems=header_problems if by_itself or share.uncut else (),
            suspected=() if by_itself or share.uncut else header_problems,
            symbols=symbols.read(file) if linked and not unit.gpu_only else (),
        )
        if by_itself:
            result.passing.add(unit.path)
            bodies |= batch.bodies
        done()
    for header, searched in (bodies | together.bodies).items():
        result.files[header] = replace(result.files[header], bodies=searched)
        for body in searched:
            result.files.setdefault(body, files.text_note(body))
    result.absent = files.absent()
    return result
