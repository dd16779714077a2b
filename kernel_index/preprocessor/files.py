"""Source files taken apart once: their directives as a program that can be run for any set of macros."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kernel_index.links import Links
from kernel_index.preprocessor.macros import Macro, MacroSyntaxError, parse_define
from kernel_index.preprocessor.text import Directive, directives, include_target, newlines, text_of, without_comments
from kernel_index.preprocessor.tokens import identifiers

DEFINE, UNDEF, INCLUDE, IF, IFDEF, IFNDEF, ELIF, ELSE, ENDIF, ONCE, ERROR, OTHER = range(12)

_KEYWORDS = {
    "define": DEFINE, "undef": UNDEF, "include": INCLUDE, "include_next": INCLUDE, "if": IF, "ifdef": IFDEF,
    "ifndef": IFNDEF, "elif": ELIF, "else": ELSE, "endif": ENDIF, "error": ERROR, "elifdef": ELIF, "elifndef": ELIF,
}  # fmt: skip
OPENING = (IF, IFDEF, IFNDEF)

MAX_SOURCE = 1 << 22
"""Bytes; the largest source file of a TensorFlow, of generated tables, has 1.2 million. A scan takes some ten seconds
for the worst file of this size, and its memory is a hundred times as much."""


@dataclass(slots=True)
class Instruction:
    """One directive as an instruction: ``jump`` is where a branch that is not taken goes on.

    ``text_start`` and ``text_end`` bound the text after the directive, up to the next one. ``chain`` is the index of
    the ``#if`` that an ``#elif``, ``#else`` or ``#endif`` belongs to.
    """

    kind: int
    argument: str
    line: int
    text_start: int
    text_end: int
    macro: Macro | None = None
    jump: int = -1
    chain: int = -1


@dataclass(slots=True)
class SourceFile:
    """A file of the tree: ``path`` from its root, ``text`` without comments, ``program`` its directives.

    ``problems`` are (line, message) of directives that no compiler accepts. ``once`` says that a second inclusion
    adds nothing (an include guard around the whole file, or ``#pragma once`` in any case); ``guard`` is the guard's
    name.
    """

    path: str
    text: str
    program: list[Instruction]
    problems: list[tuple[int, str]] = field(default_factory=list)
    once: bool = False
    guard: str = ""
    _words: frozenset[str] | None = None
    _newlines: list[int] | None = None
    _folder: str | None = None

    @property
    def words(self) -> frozenset[str]:
        """The identifiers of the text, those of directives and literals included."""
        if self._words is None:
            self._words = frozenset(identifiers(self.text))
        return self._words

    def line_at(self, offset: int) -> int:
        """The line, counted from 1, of an offset in the text."""
        if self._newlines is None:
            self._newlines = newlines(self.text)
        return 1 + bisect_left(self._newlines, offset)

    @property
    def folder(self) -> str:
        """The folder of the file, from the root of the tree."""
        if self._folder is None:
            self._folder = self.path.rpartition("/")[0]
        return self._folder


def parse_file(path: str, text: str) -> SourceFile:
    """Take a source file apart. Never fails: what is malformed is listed under ``problems``."""
    clean = without_comments(text)
    found = directives(clean)
    first = found[0].start if found else len(clean)
    program = [Instruction(OTHER, "", 1, 0, first)]
    file = SourceFile(path, clean, program)
    open_chains: list[list[int]] = []
    for index, directive in enumerate(found):
        text_end = found[index + 1].start if index + 1 < len(found) else len(clean)
        instruction = _instruction(directive, text_end, file)
        position = len(program)
        program.append(instruction)
        if instruction.kind in OPENING:
            open_chains.append([position])
        elif instruction.kind in (ELIF, ELSE, ENDIF):
            if not open_chains:
                file.problems.append((directive.line, f"#{directive.keyword} without #if"))
                instruction.kind = OTHER
                continue
            chain = open_chains[-1]
            program[chain[-1]].jump = position
            instruction.chain = chain[0]
            chain.append(position)
            if instruction.kind == ENDIF:
                open_chains.pop()
    for chain in open_chains:
        file.problems.append((program[chain[0]].line, "the conditional is never closed by #endif"))
        program[chain[-1]].jump = len(program)
    _find_guard(file)
    return file


def _instruction(directive: Directive, text_end: int, file: SourceFile) -> Instruction:
    keyword, argument = directive.keyword, directive.argument
    kind = _KEYWORDS.get(keyword, OTHER)
    macro = None
    if kind == DEFINE:
        try:
            macro = parse_define(argument)
            argument = macro.name
        except MacroSyntaxError as problem:
            file.problems.append((directive.line, str(problem)))
            kind = OTHER
    elif kind in (UNDEF, IFDEF, IFNDEF):
        words = argument.split(None, 1)
        argument = words[0] if words else ""
    elif keyword in ("elifdef", "elifndef"):
        argument = f"defined({argument})" if keyword == "elifdef" else f"!defined({argument})"
    elif keyword == "pragma" and argument.split() == ["once"]:
        kind = ONCE
    return Instruction(kind, argument, directive.line, directive.end, text_end, macro)


def _find_guard(file: SourceFile) -> None:
    program = file.program
    file.once = has_pragma_once(program)
    if len(program) < 3 or program[1].kind != IFNDEF or program[2].kind != DEFINE:
        return
    name = program[1].argument
    end = program[1].jump
    outside = (file.text[: program[0].text_end] + file.text[program[-1].text_start :]).replace("\\\n", "")
    if program[2].argument == name and end == len(program) - 1 and program[end].kind == ENDIF and not outside.strip():
        file.once = True
        file.guard = name


def has_pragma_once(program: Sequence[Instruction]) -> bool:
    """Whether a ``#pragma once`` stands outside all conditions: one inside only counts where it is obeyed."""
    depth = 0
    for instruction in program:
        if instruction.kind == ONCE and depth == 0:
            return True
        depth += (instruction.kind in OPENING) - (instruction.kind == ENDIF)
    return False


def search_order(including: str, search: tuple[str, ...], roots: tuple[str, ...]) -> tuple[str, ...]:
    """The folders in which the includes of a file are looked for: its own root, those of the tree, the other roots."""
    if not roots:
        return search
    own = tuple(root for root in roots if including.startswith(f"{root}/"))
    return tuple(dict.fromkeys((*own, *search, *roots)))


class Files:
    """The files of one tree, read and taken apart when first asked for.

    ``search`` are folders, from the root, in which quoted and angled includes are looked for besides the folder of
    the including file. ``outside`` maps the first part of a path to a folder outside the root. ``roots`` are folders,
    paths as in the tree, whose files include each other from there: a file is looked for in its own first. What is
    behind ``links`` that lead out is not there.
    """

    def __init__(
        self,
        root: Path,
        search: tuple[str, ...] = ("",),
        outside: Mapping[str, Path] | None = None,
        roots: tuple[str, ...] = (),
        links: Links | None = None,
    ) -> None:
        self._root = root
        self._links = links if links is not None else Links(root, *(outside or {}).values())
        self._search = search
        self._outside = outside or {}
        self._roots = roots
        self._files: dict[str, SourceFile | None] = {}
        self._resolved: dict[tuple[str, str, tuple[str, ...]], str | None] = {}
        self._included: dict[str, tuple[SourceFile, ...]] = {}
        self.missing: set[str] = set()
        """Headers that were asked for and are not in the tree."""

    def get(self, path: str) -> SourceFile | None:
        """The file at a path from the root, None where there is none; of one that is too large nothing is taken."""
        if path not in self._files:
            data = self.read(path)
            if data is not None and len(data) > MAX_SOURCE:
                data = b""
            self._files[path] = None if data is None else parse_file(path, text_of(data))
        return self._files[path]

    def read(self, path: str) -> bytes | None:
        """The bytes of the file at a path from the root, None where there is none; not all where it is too large."""
        first, _, rest = path.partition("/")
        where = self._outside[first] / rest if first in self._outside else self._root / path
        if self._links.lead_out(str(where)):
            return None
        try:
            with where.open("rb") as file:
                return file.read(MAX_SOURCE + 1)
        except (OSError, ValueError):  # ValueError: a NUL in the name
            return None

    def included(self, file: SourceFile) -> tuple[SourceFile, ...]:
        """Every file of the tree that a file includes in any branch, in order, each once."""
        found = self._included.get(file.path)
        if found is None:
            headers = (self.resolve(i.argument, file.path) for i in file.program if i.kind == INCLUDE)
            found = tuple({header.path: header for header in headers if header is not None}.values())
            self._included[file.path] = found
        return found

    def resolve(self, argument: str, including: str) -> SourceFile | None:
        """The file that an ``#include``'s argument means; None where the tree lacks it (``missing`` has its name)."""
        target = include_target(argument)
        if target is None:
            return None
        name, quoted = target
        folder = posixpath.dirname(including) if quoted else ""
        search = search_order(including, self._search, self._roots)
        key = (name, folder, search)
        if key not in self._resolved:
            self._resolved[key] = self._find(name, (folder, *search) if quoted else search)
        path = self._resolved[key]
        return self.get(path) if path is not None else None

    def _find(self, name: str, folders: tuple[str, ...]) -> str | None:
        for where in folders:
            path = posixpath.normpath(posixpath.join(where, name))
            if not path.startswith(("../", "/")) and self.get(path) is not None:
                return path
        self.missing.add(name)
        return None
