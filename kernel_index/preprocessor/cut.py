"""The headers of a scan, cut down to what can matter at all.

Everything here goes by names alone, over all definitions in all branches, and so errs towards "matters": what is left
out cannot change what a scan finds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from kernel_index.preprocessor.files import (
    DEFINE,
    ELIF,
    ENDIF,
    INCLUDE,
    ONCE,
    OPENING,
    OTHER,
    UNDEF,
    Files,
    Instruction,
    SourceFile,
    has_pragma_once,
)  # fmt: skip
from kernel_index.preprocessor.headers import Headers
from kernel_index.preprocessor.leads import Leads, Paste, Statements, joined, pastes, pieces_of
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import identifiers

_GUARD_MENTIONS = 2
"""A guard's name stands in the ``#ifndef`` and the ``#define`` of its header."""

_MAX_FLATTENED = 50
"""Maximum depth at which headers that only include others are taken out of the way; deeper ones stay."""


class CutHeaders(Headers):
    """The headers of a scan, cut down to the directives that can matter to it.

    A header macro matters if a directive or a statement of a unit mentions it, if the body of one that matters does,
    or if a conditional does on which a definition or inclusion that matters depends. A header matters if it defines
    or undefines such a macro, registers something itself, or includes a header that matters.
    """

    whole = False

    def __init__(self, files: Files, units: Iterable[SourceFile], sinks: Collection[str]) -> None:
        super().__init__(files, units, sinks)
        self._without_guard = self._with_guards_that_matter()
        self.closure = [self._without_guard.get(header.path, header) for header in self.closure]
        everywhere = set(self.leads).union(*(leads.own for leads in self._leads_of.values()))
        statements = {h.path: Statements(h, h.words & everywhere) for h in self.closure if h.words & everywhere}
        self._registering = {path: found for path, found in statements.items() if found.begins}
        self._edits: dict[str, list[tuple[SourceFile, Instruction, frozenset[str]]]] = {}
        self._inclusions: dict[str, list[tuple[str, frozenset[str]]]] = {}
        self._once_if: dict[str, set[str]] = {}
        for header in self.closure:
            self._take_in(header)
        self._circular = _on_circles({h.path: {included.path for included in files.included(h)} for h in self.closure})
        self._built: dict[Paste, list[str]] = {}
        self._relevant: set[str] = set()
        self._matters: set[str] = set()
        self._flat: dict[str, tuple[SourceFile, ...]] = {}
        self._targets: dict[tuple[str, str], tuple[SourceFile, ...]] = {}
        words: set[str] = set()
        for unit in self._units:
            leads = self._leads_of[unit.path]
            words |= self._words_that_matter(unit, self.statements_of(unit, leads), leads)
        for header in self.closure:
            if header.path in self._registering:
                words |= self._words_that_matter(header, self._registering[header.path], everywhere)
                words.update(self._matter(header.path))
        self._registering_below = set(self._matters)
        self._mention(words | self._joined_names(words))

    def _with_guards_that_matter(self) -> dict[str, SourceFile]:
        """Headers whose guard is a macro like any other, because something else mentions it."""
        guards: dict[str, list[SourceFile]] = {}
        for header in self.closure:
            if header.guard:
                guards.setdefault(header.guard, []).append(header)
        names = guards.keys()
        mentioned: Counter[str] = Counter()
        for file in {file.path: file for file in (*self.closure, *self._units)}.values():
            mentioned.update(names & file.words)
        return {
            header.path: replace(header, guard="", once=has_pragma_once(header.program))
            for guard, headers in guards.items()
            for header in headers
            if mentioned[guard] > 1 or header.text.count(guard) > _GUARD_MENTIONS
        }

    def _resolve(self, argument: str, including: SourceFile) -> SourceFile | None:
        header = self._files.resolve(argument, including.path)
        return None if header is None else self._without_guard.get(header.path, header)

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
            elif kind == ONCE and conditions:
                self._once_if.setdefault(header.path, set()).update(*conditions)
            elif kind == INCLUDE:
                included = self._resolve(argument, header)
                if included is not None:
                    around = frozenset().union(*conditions)
                    self._inclusions.setdefault(included.path, []).append((header.path, around))

    def _words_that_matter(self, file: SourceFile, statements: Statements, leads: Leads | AbstractSet[str]) -> set[str]:
        """The words of a file's conditions and statements with leads, and of the macros these use."""
        words = set(identifiers(" ".join(statements.texts())))
        bodies: dict[str, set[str]] = {}
        for instruction in file.program:
            if instruction.macro is not None:
                bodies.setdefault(instruction.argument, set()).update(self._words_of(instruction.macro))
            elif instruction.kind != OTHER:
                words.update(identifiers(instruction.argument))
        todo = [name for name in bodies if name in words or name in leads]
        while todo:
            new = bodies.pop(todo.pop(), set()) - words
            words |= new
            todo += new & bodies.keys()
        return words

    def _joined_names(self, words: AbstractSet[str]) -> set[str]:
        """The header macros whose names may come of words that matter where macros join their arguments."""
        joining = set(self.leads.joining).union(*(leads.joining for leads in self._leads_of.values()))
        used = words & joining
        if not used:
            return set()
        digits = set[str]().union(*(pieces_of(unit) - unit.words for unit in self._units))
        bodies = [self.leads.joining, *(leads.joining for leads in self._leads_of.values())]
        pieces = digits.union(words, *(body for found in bodies for body in found.values()))
        return {name for name in self._edits if joined(name, pieces)}

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
            words += self._once_if.get(path, ())
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
            target = self._resolve(argument, including)
            targets = self._targets[key] = self._flat_of(target) if target is not None else ()
        return targets

    def deciding(self, header: SourceFile) -> list[int]:
        """The directives of a header that matter, by index; with those that text follows which registers something."""
        if header.path not in self._matters:
            return []
        keep = self._keeper(header)
        registering = self._registering.get(header.path)
        begins = registering.begins if registering is not None else {}
        return [index for index, instruction in enumerate(header.program) if index in begins or keep(instruction)]

    def words_of(self, unit: SourceFile) -> AbstractSet[str]:
        """The words of a unit's conditions and of its statements with leads, and of the macros that these use."""
        leads = self.leads_of(unit)
        return self._words_that_matter(unit, self.statements_of(unit, leads), leads) | leads.own

    def registers_below(self, header: SourceFile) -> bool:
        """Whether a header or anything that it can include registers something itself."""
        return header.path in self._registering_below

    def _flat_of(self, header: SourceFile, depth: int = 0) -> tuple[SourceFile, ...]:
        flat = self._flat.get(header.path)
        if flat is None:
            program = header.program
            if header.path not in self._registering:
                program = _without(program, self._keeper(header))
            cut = SourceFile(header.path, header.text, program, [], header.once, header.guard)
            flat = self._flat[header.path] = self._flattened(cut, depth) if header.path in self._matters else ()
        return flat

    def _flattened(self, header: SourceFile, depth: int) -> tuple[SourceFile, ...]:
        """The headers that a header only includes, where none does anything when it is included again; else itself."""
        found: dict[str, SourceFile] = {}
        if (
            depth == _MAX_FLATTENED
            or header.path in self._circular
            or any(i.kind not in (INCLUDE, ONCE) for i in header.program)
        ):
            return (header,)
        for instruction in header.program:
            included = self._resolve(instruction.argument, header) if instruction.kind == INCLUDE else None
            if included is not None:
                for part in self._flat_of(included, depth + 1):
                    if not part.once:
                        return (header,)
                    found.setdefault(part.path, part)
        return tuple(found.values())

    def _keeper(self, header: SourceFile) -> Callable[[Instruction], bool]:
        def keep(instruction: Instruction) -> bool:
            if instruction.kind == ONCE:
                return not header.once
            if instruction.kind == INCLUDE:
                included = self._resolve(instruction.argument, header)
                return included is not None and included.path in self._matters
            return (
                instruction.kind in (DEFINE, UNDEF)
                and instruction.argument in self._relevant
                and instruction.argument != header.guard
            )

        return keep


def _on_circles(edges: Mapping[str, AbstractSet[str]]) -> AbstractSet[str]:
    """The nodes on a circle, or on the way from one circle to another.

    Such headers stay as they are: whether they are being included already decides what comes next.
    """
    left = dict(edges)
    for _ in range(2):  # what leads nowhere, then, with the edges turned, what nothing leads to
        backward: dict[str, set[str]] = {}
        for node, following in left.items():
            for other in following & left.keys():
                backward.setdefault(other, set()).add(node)
        waits = {node: len(following & left.keys()) for node, following in left.items()}
        todo = [node for node, count in waits.items() if count == 0]
        while todo:
            node = todo.pop()
            del left[node]
            for other in backward.get(node, ()):
                waits[other] -= 1
                if waits[other] == 0:
                    todo.append(other)
        left = {node: backward.get(node, set()) & left.keys() for node in left}
    return left.keys()


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
