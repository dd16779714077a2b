"""Which names lead to a sink, and where text mentions one.

Everything here goes by names alone, over all definitions in all branches, and so errs towards "leads there".
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kernel_index.preprocessor.files import SourceFile
from kernel_index.preprocessor.literals import finder
from kernel_index.preprocessor.macros import Macro

_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"\b[0-9]\w*")
_STATEMENT_END = re.compile("[;{}]")
_PASTE = re.compile(r"\w*(?:\s*##\s*\w*)+")


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

    Where all are parameters, as in ``CONCAT(a, b)``, nothing is known: such a macro :func:`joins`.
    """
    return [Paste(words[0], max(words[1:-1], key=len, default=""), words[-1]) for words in _chains(macro) if any(words)]


def joins(macro: Macro) -> bool:
    """Whether a macro builds names of its arguments alone."""
    return not all(map(any, _chains(macro)))


def _chains(macro: Macro) -> list[list[str]]:
    """The operands of every run of ``##``, each parameter empty."""
    if "##" not in macro.body:
        return []
    parameters = macro.parameters or ()
    return [
        ["" if word.strip() in parameters else word.strip() for word in chain.split("##")]
        for chain in _PASTE.findall(macro.body)
    ]


def joined(name: str, pieces: AbstractSet[str]) -> bool:
    """Whether a name is several pieces one after the other."""
    length = len(name)
    reached = {0}
    for begin in range(length):
        if begin in reached:
            ends = range(begin + 1, length if begin == 0 else length + 1)
            reached.update(end for end in ends if name[begin:end] in pieces)
    return length in reached


def pieces_of(file: SourceFile) -> frozenset[str]:
    """The words of a file that may be arguments of a macro that joins them: names, and what begins with a digit."""
    return file.words.union(_DIGITS.findall(file.text))


class Leads:
    """Names whose expansion can reach a sink: the sinks, and every macro whose body mentions a lead."""

    def __init__(self, sinks: Collection[str], parent: Leads | None = None) -> None:
        self._parent = parent
        self._names: set[str] = set(sinks)
        self._mentioned_by: dict[str, list[str]] = {}
        self._pasted_by: list[tuple[Paste, str]] = []
        self._defined: dict[str, list[Macro]] = {}
        self._joining: dict[str, set[str]] = {}

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

    def add(self, macros: Collection[Macro]) -> None:
        """Take in macros, and everything that leads to a sink through them."""
        reached = []
        for macro in macros:
            for word in macro.words:
                self._mentioned_by.setdefault(word, []).append(macro.name)
                if word in self:
                    reached.append(macro.name)
            self._pasted_by += [(paste, macro.name) for paste in pastes(macro)]
        self._take_joining(macros)
        self._close(reached)
        self._close_over_pastes()

    def _take_joining(self, macros: Collection[Macro]) -> None:
        """Note the macros that join their arguments, and those whose bodies mention one."""
        for macro in macros:
            self._defined.setdefault(macro.name, []).append(macro)
        known = set() if self._parent is None else self._parent.joining.keys()
        todo = [macro.name for macro in macros if joins(macro) or not macro.words.isdisjoint(known)]
        while todo:
            name = todo.pop()
            if name not in self._joining:
                self._joining[name] = set[str]().union(*(macro.words for macro in self._macros(name)))
                todo += self._macros_mentioning(name)

    def _macros(self, name: str) -> list[Macro]:
        own = self._defined.get(name, [])
        return own if self._parent is None else own + self._parent._macros(name)

    @property
    def joining(self) -> Mapping[str, AbstractSet[str]]:
        """The macros that join their arguments, or call one that does, with the words of their bodies."""
        return self._joining if self._parent is None else {**self._parent.joining, **self._joining}

    def add_joining(self, file: SourceFile) -> None:
        """Take in the macros that join their arguments where a file calls one with words that may make a lead."""
        if not file.words.isdisjoint(self.joining):
            words = pieces_of(file).union(*self.joining.values())
            names = [name for name in self if joined(name, words)]
            if names:  # all words of the file are too many: those of the calls decide
                self.join(self.pieces_to_join(file), names)

    def pieces_to_join(self, file: SourceFile) -> set[str]:
        """The words of the statements of a file that call a macro which joins its arguments, and all they expand to."""
        used = file.words & self.joining.keys()
        return self._words_below(_WORD.findall(" ".join(Statements(file, used).texts()))) if used else set()

    def join(self, pieces: AbstractSet[str], names: Iterable[str]) -> None:
        """Take in the macros that join their arguments where some pieces make one of these leads."""
        pieces = set(pieces).union(*self.joining.values())
        if any(joined(name, pieces) for name in names):
            self._close(list(self.joining))

    def _words_below(self, words: Iterable[str]) -> set[str]:
        """Some words and all that they may expand to."""
        found: set[str] = set()
        todo = list(words)
        while todo:
            word = todo.pop()
            if word not in found:
                found.add(word)
                for macro in self._macros(word):
                    todo += macro.words
        return found

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

    def __init__(self, file: SourceFile, names: Collection[str]) -> None:
        alternatives = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True))
        self._file = file
        self._text = file.text
        self._names = rf"\b(?:{alternatives})\b"
        self._any = re.compile(self._names) if names else None
        self._walk: re.Pattern[str] | None = None
        self._parentheses: re.Pattern[str] | None = None
        self._begins: dict[int, list[int]] | None = None
        self._found: dict[int, list[tuple[int, int]]] = {}

    @property
    def begins(self) -> Mapping[int, list[int]]:
        """Where statements begin after each instruction of the file that may come to a sink, ascending.

        They mention a name, or are inside parentheses at a directive, after which they mention one.
        """
        if self._begins is None:
            program = self._file.program if self._any is not None else []
            for index, instruction in enumerate(program):
                found = self.find(instruction.text_start, instruction.text_end)
                if found:
                    self._found[index] = found
            self._begins = {index: [begin for begin, _ in found] for index, found in self._found.items()}
            for index in self._found:
                self._add_left_open(index)
        return self._begins

    def _add_left_open(self, index: int) -> None:
        """Where text that mentions a name goes on with a statement from before its directive, note that begin, too."""
        assert self._begins is not None  # the caller has set it
        for before in range(index - 1, -1, -1):
            start, end = self._file.program[before].text_start, self._file.program[before].text_end
            begin = self._left_open(start, end)
            if begin is not None and begin > max(self._begins.get(before, ()), default=-1):
                self._begins.setdefault(before, []).append(begin)
            if begin is not None or before in self._found or _STATEMENT_END.search(self._text, start, end):
                break

    def texts(self) -> Iterator[str]:
        """The statements that begin after an instruction, with what may belong to them after those that follow."""
        text = self._text
        depth = 0
        goes_on = False
        for index, instruction in enumerate(self._file.program if self.begins else ()):
            start, end = instruction.text_start, instruction.text_end
            if goes_on:
                yield text[start:end]
                depth += _depth(text, start, end)
                goes_on = depth > 0 or _STATEMENT_END.search(text, start, end) is None
            begins = self.begins.get(index)
            if begins is not None:
                last = begins[-1]
                begin, stop = -1, end
                for begin, stop in self._found.get(index, ()):
                    yield text[begin:stop]
                depth = _depth(text, last, stop)
                if begin != last or depth > 0 or text[stop - 1] not in ";{}":
                    yield text[last:end]
                    goes_on = True

    def find(self, start: int, end: int, most: int = sys.maxsize) -> list[tuple[int, int]]:
        """Offsets of the first statements in ``text[start:end]`` that mention a name, ascending: (begin, end).

        A name inside parentheses may be the argument of a macro, so its statement begins before the outermost
        parenthesis around it, at the name in front of that. It ends at the first ``;``, ``{`` or ``}`` outside
        parentheses; where the last of ``most`` ends is not looked for.
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
                if len(found) + 1 >= most:
                    return [*found, (begin, end)]
        if begin >= 0:
            found.append((begin, end))
        return found

    def _left_open(self, start: int, end: int) -> int | None:
        """Where the statement begins that is inside parentheses at ``end``: the rest of it may mention a name."""
        text = self._text
        part = text[start:end]
        if "(" not in part:
            return None
        if '"' not in part and "'" not in part:
            depth = 0
            for following in part.split("(")[1:]:
                depth = max(0, depth + 1 - following.count(")"))
            if depth == 0:
                return None
        if self._parentheses is None:
            self._parentheses = finder(text, "[()]")
        depth = 0
        outermost = start
        for match in self._parentheses.finditer(text, start, end):
            if match[0] == "(":
                if depth == 0:
                    outermost = match.start()
                depth += 1
            elif match[0] == ")":
                depth = max(0, depth - 1)
        return _name_before(text, outermost, start) if depth else None


def _depth(text: str, start: int, end: int) -> int:
    """How many more parentheses a part of a text opens than it closes."""
    return text.count("(", start, end) - text.count(")", start, end)


def _name_before(text: str, parenthesis: int, start: int) -> int:
    at = parenthesis
    while at > start and (text[at - 1].isspace() or text[at - 1] == "\\"):
        at -= 1
    word_end = at
    while at > start and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at -= 1
    return at if at < word_end else parenthesis
