"""Which macros the registrations of a checkout hang on: those that its conditions ask for, and where.

Everything goes by names over all branches, as :class:`kernel_index.preprocessor.cut.CutHeaders` does, and so errs
towards "asked": a macro that is not among them opens or closes no registration, whatever a build defines it as.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kernel_index.preprocessor.branches import branches_around, condition_words
from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import DEFINE, INCLUDE, UNDEF, SourceFile
from kernel_index.records import Location
from kernel_index.scan.notes import RecordedFiles
from kernel_index.scan.unit_scan import SINKS
from kernel_index.source_tree import SourceTree


def asked_macros(tree: SourceTree) -> Mapping[str, tuple[Location, ...]]:
    """Each macro that a condition around a registration, or around what registrations are made of, asks for.

    With the places of these conditions, sorted by path and line. Macros that the checkout defines itself are among
    them. A file that cannot be read asks for nothing: a scan says so of it.
    """
    files = RecordedFiles(tree)
    units = [file for unit in tree.units if (file := files.get(unit.path)) is not None]
    headers = CutHeaders(files, units, SINKS)
    found: dict[str, set[Location]] = {}
    for file in units:
        _note(file, _deciding(file, headers), found)
    for header in headers.closure:
        _note(header, headers.deciding(header), found)
    return {name: tuple(sorted(places)) for name, places in sorted(found.items())}


def _deciding(unit: SourceFile, headers: CutHeaders) -> Iterator[int]:
    """The directives of a source file that matter, and those that text with a lead follows."""
    statements = headers.statements_of(unit, headers.leads_of(unit))
    used = headers.words_of(unit)
    for index, instruction in enumerate(unit.program):
        edits = instruction.kind in (DEFINE, UNDEF) and instruction.argument in used
        includes = instruction.kind == INCLUDE and bool(headers.included_by(instruction.argument, unit))
        if edits or includes or statements.find(instruction.text_start, instruction.text_end, 1):
            yield index


def _note(file: SourceFile, deciding: Iterable[int], found: dict[str, set[Location]]) -> None:
    seen: set[int] = set()
    for index in deciding:
        for branch in branches_around(file.program, index):
            if branch in seen:
                continue
            seen.add(branch)
            place = Location(file.path, file.program[branch].line)
            for name in condition_words(file.program, branch):
                if name != file.guard:
                    found.setdefault(name, set()).add(place)
