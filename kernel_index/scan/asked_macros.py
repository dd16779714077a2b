"""Which macros the registrations of a checkout hang on: what conditions around them ask for, and what they are made of.

Everything goes by names over all branches, as :class:`kernel_index.preprocessor.cut.CutHeaders` does, and so errs
towards "asked": a macro that is not among them opens or closes no registration, whatever a build defines it as.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kernel_index.preprocessor.branches import branches_around, condition_words
from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import DEFINE, INCLUDE, UNDEF, Instruction, SourceFile
from kernel_index.preprocessor.leads import Leads, Paste, joined, pastes
from kernel_index.preprocessor.tokens import identifiers
from kernel_index.records import Location
from kernel_index.scan.notes import RecordedFiles
from kernel_index.scan.unit_scan import SINKS
from kernel_index.source_tree import SourceTree


@dataclass(frozen=True, slots=True)
class AskedMacros:
    """What the registrations of a checkout hang on.

    ``places`` has each macro that a condition around a registration, or around what registrations are made of, asks
    for, with these conditions sorted by path and line. Macros that the checkout defines itself are among them.
    ``written`` are the words of the text of registrations and of the macros in it, ``pastes`` and ``pieces`` what the
    ``##`` of these macros makes further names of: a macro that a build passes by such a name is a part of what is
    registered. A file that cannot be read asks for nothing: a scan says so of it.
    """

    places: Mapping[str, tuple[Location, ...]]
    written: AbstractSet[str]
    pastes: AbstractSet[Paste]
    pieces: AbstractSet[str]

    def decides(self, name: str) -> bool:
        """Whether what is registered may hang on a macro of that name; errs towards yes."""
        return name in self.places or self.writes(name)

    def writes(self, name: str) -> bool:
        """Whether the text of registrations may come to a macro of that name; errs towards yes."""
        is_built = any(paste.builds(name) for paste in self.pastes)
        return name in self.written or is_built or joined(name, self.pieces)


def asked_macros(tree: SourceTree) -> AskedMacros:
    """The macros that what a checkout registers hangs on."""
    files = RecordedFiles(tree)
    units = [file for unit in tree.units if (file := files.get(unit.path)) is not None]
    headers = CutHeaders(files, units, SINKS)
    found: dict[str, set[Location]] = {}
    written: set[str] = set()
    built: set[Paste] = set()
    pieces: set[str] = set()
    for file in units:
        deciding = list(_deciding(file, headers))
        _note(file, deciding, found)
        leads = headers.leads_of(file)
        written |= _written(file, deciding, headers, leads)
        written.update(*(identifiers(each.argument) for each in file.program if _is_computed(each)))
        built |= _built(file, deciding)
        pieces |= leads.pieces_to_join(file)
    for header in headers.closure:
        deciding = headers.deciding(header)
        if deciding:
            _note(header, deciding, found)
            written |= _written(header, deciding, headers, headers.leads)
            built |= _built(header, deciding)
            pieces |= headers.leads.pieces_to_join(header)
    places = {name: tuple(sorted(where)) for name, where in sorted(found.items())}
    return AskedMacros(places, written, built, pieces)


def _written(file: SourceFile, deciding: Iterable[int], headers: CutHeaders, leads: Leads) -> set[str]:
    """The words of a file's statements that register something, and of the macros that may be in them."""
    words = set(identifiers(" ".join(headers.statements_of(file, leads).texts())))
    return words.union(*(macro.words for index in deciding if (macro := file.program[index].macro) is not None))


def _built(file: SourceFile, deciding: Iterable[int]) -> set[Paste]:
    macros = (file.program[index].macro for index in deciding)
    return {paste for macro in macros if macro is not None for paste in pastes(macro)}


def _is_computed(instruction: Instruction) -> bool:
    """Whether a macro says what is included."""
    return instruction.kind == INCLUDE and instruction.argument[:1] not in ('"', "<")


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
