"""Which names lead to a sink, and which header macros can matter at all.

Everything here goes by names alone, over all definitions in all branches, and so errs towards "matters": text or a
header that is left out cannot change what a scan finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from kernel_index.preprocessor.files import (
    DEFINE,
    ELIF,
    ENDIF,
    INCLUDE,
    OPENING,
    OTHER,
    UNDEF,
    Files,
    Instruction,
    SourceFile,
)  # fmt: skip
from kernel_index.preprocessor.literals import finder
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import identifiers

_PASTE = re.compile(r"\w*(?:\s*##\s*\w*)+")


_MAX_FLATTENED = 50
"""So many headers deep, headers that only include others are taken out of the way; further ones stay."""


@dataclass(frozen=True, slots=True)
class Paste:
    """How the names look that a ``##`` of a macro builds, several in a row taken as one."""

    begin: str
    within: str
    end: str

    def builds(self, name: str) -> bool:
        """Whether the name may come out."""
        return name.startswith(self.begin) and name.endswith(self.end) and self.within in name


def pastes(macro: Macro) -> list[Paste]:
    """The pastes of a macro. A parameter can become anything, so only the fixed words in a paste say what it builds.

    Where all are parameters, as in ``CONCAT(a, b)``, nothing is known and nothing is reported.
    """
    if "##" not in macro.body:
        return []
    parameters = macro.parameters or ()
    found = []
    for chain in _PASTE.findall(macro.body):
        words = ["" if word.strip() in parameters else word.strip() for word in chain.split("##")]
        if any(words):
            found.append(Paste(words[0], max(words[1:-1], key=len, default=""), words[-1]))
    return found


class Leads:
    """Names whose expansion can reach a sink: the sinks, and every macro whose body mentions a lead."""

    def __init__(self, sinks: Collection[str], parent: Leads | None = None) -> None:
        self._parent = parent
        self._names: set[str] = set(sinks)
        self._mentioned_by: dict[str, list[str]] = {}
        self._pasted_by: list[tuple[Paste, str]] = []

    def __contains__(self, name: str) -> bool:
        return name in self._names or (self._parent is not None and name in self._parent)

    def __iter__(self) -> Iterator[str]:
        yield from self._names
        if self._parent is not None:
            yield from self._parent

    def _macros_mentioning(self, name: str) -> list[str]:
        own = self._mentioned_by.get(name, [])
        return own if self._parent is None else own + self._parent._macros_mentioning(name)

    def _all_pastes(self) -> list[tuple[Paste, str]]:
        return self._pasted_by if self._parent is None else self._pasted_by + self._parent._all_pastes()

    def add(self, macros: Iterable[Macro]) -> None:
        """Take in macros, and everything that leads to a sink through them."""
        reached = []
        for macro in macros:
            for word in macro.words:
                self._mentioned_by.setdefault(word, []).append(macro.name)
                if word in self:
                    reached.append(macro.name)
            self._pasted_by += [(paste, macro.name) for paste in pastes(macro)]
        self._close(reached)
        self._close_over_pastes()

    def _close_over_pastes(self) -> None:
        """Take in macros that can build a lead with ``##``: the parent's pastes can only build what is new here."""
        if self._parent is not None:
            self._take_built(self._pasted_by, self._parent)
        fresh = set(self._names)
        while fresh:
            before = set(self._names)
            self._take_built(self._all_pastes(), fresh)
            fresh = self._names - before

    def _take_built(self, pastes: Iterable[tuple[Paste, str]], names: Iterable[str]) -> None:
        self._close([name for paste, name in pastes if name not in self and any(paste.builds(n) for n in names)])

    def _close(self, names: list[str]) -> None:
        while names:
            name = names.pop()
            if name not in self:
                self._names.add(name)
                names += self._macros_mentioning(name)

    @property
    def own(self) -> AbstractSet[str]:
        """The leads that the parent does not have."""
        return self._names

    def within(self, words: Collection[str]) -> list[str]:
        """The leads among some words."""
        return [w for w in words if w in self]


class Statements:
    """Finds where in a file's text a statement begins that mentions one of some names."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        alternatives = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        self._text = text
        self._names = rf"\b(?:{alternatives})\b"
        self._any = re.compile(self._names) if names else None
        self._walk: re.Pattern[str] | None = None

    def find(self, start: int, end: int) -> list[tuple[int, int]]:
        """Offsets of the statements in ``text[start:end]`` that mention a name, ascending: (begin, end).

        A name inside parentheses may be the argument of a macro, so its statement begins before the outermost
        parenthesis around it, at the name in front of that. It ends at the first ``;``, ``{`` or ``}`` outside
        parentheses.
        """
        text = self._text
        if self._any is None or self._any.search(text, start, end) is None:
            return []
        if self._walk is None:
            self._walk = finder(text, rf"[();{{}}]|{self._names}")
        found: list[tuple[int, int]] = []
        begin = -1
        depth = 0
        outermost = start
        for match in self._walk.finditer(text, start, end):
            first = text[match.start()]
            if first == "(":
                if depth == 0:
                    outermost = match.start()
                depth += 1
            elif first == ")":
                depth = max(0, depth - 1)
            elif first in ";{}":
                if begin >= 0 and depth == 0:
                    found.append((begin, match.end()))
                    begin = -1
            elif begin < 0 and match.lastindex is None and (first.isalpha() or first in "_$"):
                begin = match.start() if depth == 0 else _name_before(text, outermost, start)
        if begin >= 0:
            found.append((begin, end))
        return found


def _name_before(text: str, parenthesis: int, start: int) -> int:
    at = parenthesis
    while at > start and (text[at - 1].isspace() or text[at - 1] == "\\"):
        at -= 1
    word_end = at
    while at > start and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at -= 1
    return at if at < word_end else parenthesis


class Headers:
    """The headers of a scan, cut down to the directives that can matter to it.

    A header macro matters if a directive or a statement of a unit mentions it, if the body of one that matters does,
    or if a conditional does on which a definition or inclusion that matters depends. A header matters if it defines
    or undefines such a macro, registers something itself, or includes a header that matters.
    """

    def __init__(self, files: Files, units: Iterable[SourceFile], sinks: Collection[str]) -> None:
        self._files = files
        units = list(units)
        self.closure = _closure(files, units)
        self.leads = Leads(sinks)
        self.leads.add(i.macro for h in self.closure for i in h.program if i.macro is not None)
        self._leads_of = {unit.path: self._own_leads(unit) for unit in units}
        everywhere = set(self.leads).union(*(leads.own for leads in self._leads_of.values()))
        self._registering = {h.path for h in self.closure if _registers(h, everywhere)}
        self._edits: dict[str, list[tuple[SourceFile, Instruction, frozenset[str]]]] = {}
        self._inclusions: dict[str, list[tuple[str, frozenset[str]]]] = {}
        for header in self.closure:
            self._take_in(header)
        self._built: dict[Paste, list[str]] = {}
        self._relevant: set[str] = set()
        self._matters: set[str] = set()
        self._places: dict[int, tuple[SourceFile, int]] | None = None
        self._flat: dict[str, tuple[SourceFile, ...]] = {}
        self._targets: dict[tuple[str, str], tuple[SourceFile, ...]] = {}
        words: set[str] = set()
        for unit in units:
            words |= self._words_that_matter(unit)
        for header in self.closure:
            if header.path in self._registering:
                words |= self._words_that_matter(header)
                words.update(self._matter(header.path))
        self._registering_below = set(self._matters)
        self._mention(words)

    def leads_of(self, unit: SourceFile) -> Leads:
        """The leads of one unit: those of the headers, and its own."""
        return self._leads_of[unit.path]

    def _own_leads(self, unit: SourceFile) -> Leads:
        leads = Leads((), self.leads)
        leads.add(i.macro for i in unit.program if i.macro is not None)
        return leads

    def _take_in(self, header: SourceFile) -> None:
        """Note what a header defines and includes, each with the words of the conditions around it."""
        conditions: list[set[str]] = []
        for instruction in header.program:
            kind, argument = instruction.kind, instruction.argument
            if kind in OPENING:
                conditions.append(set(identifiers(argument)) - {header.guard})
            elif kind == ELIF:
                conditions[-1].update(identifiers(argument))
            elif kind == ENDIF:
                conditions.pop()
            elif kind in (DEFINE, UNDEF) and argument != header.guard:
                around = frozenset().union(*conditions)
                self._edits.setdefault(argument, []).append((header, instruction, around))
            elif kind == INCLUDE:
                included = self._files.resolve(argument, header.path)
                if included is not None:
                    around = frozenset().union(*conditions)
                    self._inclusions.setdefault(included.path, []).append((header.path, around))

    def _words_that_matter(self, file: SourceFile) -> set[str]:
        """The words of a file's conditions and statements with leads, and of the macros these use."""
        leads = self._leads_of.get(file.path, self.leads)
        statements = Statements(file.text, leads.within(file.words))
        words: set[str] = set()
        bodies: dict[str, set[str]] = {}
        for instruction in file.program:
            if instruction.macro is not None:
                bodies.setdefault(instruction.argument, set()).update(self._words_of(instruction.macro))
            elif instruction.kind != OTHER:
                words.update(identifiers(instruction.argument))
            for start, end in statements.find(instruction.text_start, instruction.text_end):
                words.update(identifiers(file.text[start:end]))
        todo = [name for name in bodies if name in words or name in leads]
        while todo:
            new = bodies.pop(todo.pop(), set()) - words
            words |= new
            todo += new & bodies.keys()
        return words

    def _words_of(self, macro: Macro) -> set[str]:
        """The words of a macro's body, and the macros of headers whose names it can build with ``##``."""
        words = set(macro.words)
        for paste in pastes(macro):
            if paste not in self._built:
                self._built[paste] = [name for name in self._edits if paste.builds(name)]
            words.update(self._built[paste])
        return words

    def _mention(self, words: Iterable[str]) -> None:
        """Some words matter: so do the macros they name, with all these depend on, and their headers."""
        todo = list(words)
        while todo:
            name = todo.pop()
            if name in self._relevant or name not in self._edits:
                continue
            self._relevant.add(name)
            for header, instruction, around in self._edits[name]:
                todo += around
                if instruction.macro is not None:
                    todo += self._words_of(instruction.macro)
                todo += self._matter(header.path)

    def _matter(self, path: str) -> list[str]:
        """A header matters: so do those that include it. Returns the words of the conditions on the way."""
        words: list[str] = []
        todo = [path]
        while todo:
            path = todo.pop()
            if path in self._matters:
                continue
            self._matters.add(path)
            for includer, around in self._inclusions.get(path, ()):
                words += around
                todo.append(includer)
        return words

    def included_by(self, argument: str, including: SourceFile) -> tuple[SourceFile, ...]:
        """What an ``#include`` comes down to: the headers with directives that matter, cut down to these.

        A header that only includes others stands for them, in order; a header is named once.
        """
        key = (argument, including.folder)
        targets = self._targets.get(key)
        if targets is None:
            target = self._files.resolve(argument, including.path)
            targets = self._targets[key] = self._flat_of(target) if target is not None else ()
        return targets

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

    def registers_below(self, header: SourceFile) -> bool:
        """Whether a header or anything that it can include registers something itself."""
        return header.path in self._registering_below

    def _flat_of(self, header: SourceFile, depth: int = 0) -> tuple[SourceFile, ...]:
        flat = self._flat.get(header.path)
        if flat is None:
            # An inclusion of the header within itself is one that its guard turns away.
            self._flat[header.path] = ()
            flat = self._flat[header.path] = self._flattened(header, depth) if header.path in self._matters else ()
        return flat

    def _flattened(self, header: SourceFile, depth: int) -> tuple[SourceFile, ...]:
        program = header.program if header.path in self._registering else _without(header.program, self._keeper(header))
        if depth == _MAX_FLATTENED or any(i.kind != INCLUDE for i in program):
            return (SourceFile(header.path, header.text, program, [], header.once, header.guard),)
        found: dict[str, SourceFile] = {}
        for instruction in program:
            included = self._files.resolve(instruction.argument, header.path)
            if included is not None:
                for part in self._flat_of(included, depth + 1):
                    found.setdefault(part.path, part)
        return tuple(found.values())

    def _keeper(self, header: SourceFile) -> Callable[[Instruction], bool]:
        def keep(instruction: Instruction) -> bool:
            if instruction.kind == INCLUDE:
                included = self._files.resolve(instruction.argument, header.path)
                return included is not None and included.path in self._matters
            return (
                instruction.kind in (DEFINE, UNDEF)
                and instruction.argument in self._relevant
                and instruction.argument != header.guard
            )

        return keep


def _registers(header: SourceFile, leads: AbstractSet[str]) -> bool:
    """Whether text of a header, outside its macro bodies, mentions a lead."""
    names = header.words & leads
    if not names:
        return False
    statements = Statements(header.text, names)
    return any(statements.find(i.text_start, i.text_end) for i in header.program)


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


def _without(program: list[Instruction], keep: Callable[[Instruction], bool]) -> list[Instruction]:
    """The instructions to keep, and the conditionals around them, renumbered."""
    kept = [keep(i) for i in program]
    for end, instruction in enumerate(program):
        if instruction.kind == ENDIF and any(kept[instruction.chain : end]):
            for index in range(instruction.chain, end + 1):
                if index == instruction.chain or program[index].chain == instruction.chain:
                    kept[index] = True
    numbers: dict[int, int] = {}
    for index, wanted in enumerate(kept):
        if wanted:
            numbers[index] = len(numbers)
    return [
        replace(i, jump=numbers.get(i.jump, len(numbers)), chain=numbers.get(i.chain, -1), text_start=0, text_end=0)
        for i, wanted in zip(program, kept, strict=True)
        if wanted
    ]
