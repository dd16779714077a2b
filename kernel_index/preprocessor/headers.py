"""The headers of a scan: what its units can include, whole."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from kernel_index.preprocessor.files import Files, SourceFile
from kernel_index.preprocessor.leads import Leads, Statements
from kernel_index.preprocessor.macros import Macro


class Headers:
    """The headers that some units can include, and which names of theirs lead to a sink.

    Obeyed through this class, every header is read whole in every unit and every text is expanded: the slow way, which
    leans on nothing. :class:`~kernel_index.preprocessor.cut.CutHeaders` is what scans use.
    """

    whole = True
    """Whether text counts that mentions no lead."""

    def __init__(self, files: Files, units: Iterable[SourceFile], sinks: Collection[str]) -> None:
        self._files = files
        self._units = list(units)
        self.closure = _closure(files, self._units)
        self.leads = Leads(sinks)
        self.leads.add([i.macro for h in self.closure for i in h.program if i.macro is not None])
        self._pieces: set[str] = set()
        for header in self.closure:
            self.leads.add_joining(header)
            self._pieces |= self.leads.pieces_to_join(header)
        self._leads_of = {unit.path: self._own_leads(unit) for unit in self._units}
        self._names: dict[str, list[str]] = {}
        self._statements: dict[tuple[str, frozenset[str]], Statements] = {}
        self._places: dict[int, tuple[SourceFile, int]] | None = None

    def leads_of(self, unit: SourceFile) -> Leads:
        """The leads of one unit: those of the headers, and its own."""
        return self._leads_of[unit.path]

    def _own_leads(self, unit: SourceFile) -> Leads:
        leads = Leads((), self.leads)
        leads.add([i.macro for i in unit.program if i.macro is not None])
        leads.add_joining(unit)
        leads.join(self._pieces, leads.own)
        joining = leads.joining.keys() - self.leads.joining.keys()
        if joining:
            for header in self.closure:
                if not header.words.isdisjoint(joining):
                    leads.add_joining(header)
        return leads

    def statements_of(self, file: SourceFile, leads: Leads) -> Statements:
        """The statements of a unit or header that mention a lead; most units add none to those of the headers."""
        own = frozenset(leads.own & file.words) if leads is not self.leads else frozenset()
        key = (file.path, own)
        statements = self._statements.get(key)
        if statements is None:
            names = self._names.get(file.path)
            if names is None:
                names = self._names[file.path] = self.leads.within(file.words)
            statements = self._statements[key] = Statements(file, {*names, *own})
        return statements

    def included_by(self, argument: str, including: SourceFile) -> tuple[SourceFile, ...]:
        """The headers that an ``#include`` comes down to."""
        header = self._files.resolve(argument, including.path)
        return () if header is None else (header,)

    def reached_by(self, argument: str, including: SourceFile) -> list[SourceFile]:
        """The header that an ``#include`` means and all that it can include, whole, whatever is defined."""
        header = self._files.resolve(argument, including.path)
        return [] if header is None else [header, *_closure(self._files, [header])]

    def registers_below(self, header: SourceFile) -> bool:
        """Whether a header or anything that it can include may register something itself."""
        return True

    def place_of(self, macro: Macro) -> tuple[SourceFile, int] | None:
        """The header that defines a macro, whole, and the index of the directive there; None for any other macro."""
        if self._places is None:
            self._places = {
                id(instruction.macro): (header, index)
                for header in self.closure
                for index, instruction in enumerate(header.program)
                if instruction.macro is not None
            }
        return self._places.get(id(macro))


def _closure(files: Files, units: Iterable[SourceFile]) -> list[SourceFile]:
    """Every file that some file includes, whatever is defined, sorted by path; units that are included among them."""
    todo = list(units)
    seen = {u.path for u in todo}
    found: dict[str, SourceFile] = {}
    while todo:
        for header in files.included(todo.pop()):
            found[header.path] = header
            if header.path not in seen:
                seen.add(header.path)
                todo.append(header)
    return [found[path] for path in sorted(found)]
