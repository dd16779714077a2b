"""Which symbols a source file leaves open and which it defines, in every build profile."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kernel_index.base_library import SAME_EVERYWHERE, BaseLibrary, is_base
from kernel_index.preprocessor.branches import own_condition_words
from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import (
    DEFINE,
    ELIF,
    IFDEF,
    IFNDEF,
    INCLUDE,
    OPENING,
    Files,
    SourceFile,
)  # fmt: skip
from kernel_index.preprocessor.inclusion import Inclusions
from kernel_index.preprocessor.macros import Macro, MacroSyntaxError, parse_define
from kernel_index.preprocessor.tokens import identifiers
from kernel_index.preprocessor.unit import Unit
from kernel_index.profiles import BuildProfile, is_mobile
from kernel_index.symbols.active import ActiveText
from kernel_index.symbols.library_headers import LibraryHeaders
from kernel_index.symbols.macro_made import declares, macro_made
from kernel_index.symbols.outline import without_literals
from kernel_index.symbols.table import SymbolTable, read_symbols
from kernel_index.symbols.words import TYPE_LIST, TYPE_MARK, words_of

_MEMBER_CALL = re.compile(r"(?:\.|->)\s*(\w+)\s*\(")
_STREAM = frozenset(("ostream",))
"""What ``operator<<`` takes need not be named where it is used: ``LOG(INFO) << x``."""

BUILD_MACROS = frozenset(("TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL", "TENSORFLOW_USE_MKLDNN_CONTRACTION_KERNEL"))
"""Macros that a target of a BUILD file defines for all that depend on it, so that no profile decides on them.

Source: ``defines`` of ``eigen_contraction_kernel_with_mkl`` in ``tensorflow/core/kernels/BUILD``, later in
``tensorflow/tsl/framework/contraction/BUILD``.
"""


PLATFORM_HEADERS = (
    "tensorflow/core/platform/platform.h",
    "tensorflow/tsl/platform/platform.h",
    "third_party/xla/third_party/tsl/tsl/platform/platform.h",
    "third_party/xla/xla/tsl/platform/platform.h",
)
"""Headers that decide for which platform a build is, ``IS_MOBILE_PLATFORM`` among others; TSL's moved with TSL."""


@dataclass(frozen=True, slots=True)
class UnitSymbols:
    """What an object file needs and gives in some build profiles.

    ``needs`` are pairs of a symbol and the file that declares it, ``defines`` pairs of a symbol and the data types
    that it is instantiated for, none where it is for any; ``types`` are words that stand for the data types that the
    file may put into templates, ``own_types`` those that its own text names. ``libraries`` are triples of a library, a
    header of it and the file that includes that. All are sorted. ``code`` is the same for files that are copies of each
    other but for comments.
    """

    profiles: tuple[str, ...]
    needs: tuple[tuple[str, str], ...] = ()
    defines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    types: tuple[str, ...] = ()
    own_types: tuple[str, ...] = ()
    libraries: tuple[tuple[str, str, str], ...] = ()
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Text:
    """The active text of a file: its symbols, its macros and its words."""

    path: str
    symbols: SymbolTable
    macros: Mapping[str, Sequence[Macro]]
    words: frozenset[str]


class UnitSymbolReader:
    """Reads the symbols of source files; headers are read once for all that include them.

    Of macros that files define both branches count, and of :data:`BUILD_MACROS` where a build may define them: no
    library of kernels for phones depends on the target that does.
    """

    def __init__(self, files: Files, profiles: Sequence[BuildProfile], base: BaseLibrary = SAME_EVERYWHERE) -> None:
        self._files = files
        self._base = base
        self._library_headers = LibraryHeaders(files, base.libraries, self._reached)
        self._profiles = {profile.name: profile for profile in profiles}
        self._active: dict[tuple[str, tuple[str, ...]], ActiveText] = {}
        self._below: dict[str, frozenset[str]] = {}
        self._with_kernels: dict[str, bool] = {}
        self._condition_words: dict[str, frozenset[str]] = {}
        self._defines: dict[str, frozenset[str]] = {}
        self._calls_of_templates: dict[str, frozenset[str]] = {}
        self._taken: dict[tuple[str, str, tuple[str, ...], frozenset[str]], _Text] = {}
        self._texts: dict[tuple[str, tuple[int, ...]], _Text] = {}
        self._macro_symbols: dict[int, tuple[Macro, SymbolTable, set[str]]] = {}
        self._mentioned: dict[str, dict[int, set[str]]] = {}
        self._defined_macros: dict[str, dict[int, Sequence[Macro]]] = {}

    def read(self, unit: SourceFile) -> tuple[UnitSymbols, ...]:
        """The symbols of a source file, profiles with the same ones together."""
        below = self._reached(unit)
        headers = sorted(path for path in below if self._comes_with_kernels(path))
        files = [file for path in headers if (file := self._files.get(path)) is not None]
        platform = tuple(path for path in PLATFORM_HEADERS if path in below)
        open_names = self._open_names(unit, files, below, platform)
        called = frozenset[str]().union(*map(self._called_by_templates, below))
        found: dict[tuple[object, ...], tuple[UnitSymbols, list[str]]] = {}
        code = _code(unit)
        plain: dict[tuple[int, ...], UnitSymbols] = {}
        for profile in self._profiles:
            names = open_names if is_mobile(profile) else open_names | BUILD_MACROS
            own = self._text(unit, profile, platform, names)
            texts = [self._text(file, profile, platform, names) for file in files]
            active = self._active_text(profile, platform)
            libraries = self._library_headers.included(unit, active, names)
            visible = tuple(map(id, (own, *texts)))
            if visible not in plain:
                plain[visible] = self._symbols(own, texts, called)
            symbols = plain[visible]
            in_base = {place for _, place in symbols.needs if is_base(place)}
            seen = frozenset(self._actively_included(unit, active, names, in_base)) if in_base else frozenset()
            key = (libraries, seen, visible)
            if key not in found:
                needs = tuple((symbol, place) for symbol, place in symbols.needs if place in seen or not is_base(place))
                found[key] = (replace(symbols, needs=needs, libraries=libraries, code=code), [])
            found[key][1].append(profile)
        merged: dict[UnitSymbols, list[str]] = {}
        for symbols, profiles in found.values():
            merged.setdefault(symbols, []).extend(profiles)
        order = list(self._profiles)
        return tuple(
            replace(symbols, profiles=tuple(sorted(profiles, key=order.index))) for symbols, profiles in merged.items()
        )

    def _actively_included(
        self, unit: SourceFile, active: ActiveText, open_names: frozenset[str], wanted: set[str]
    ) -> Iterator[str]:
        """Those of some headers that a file includes where conditions hold, or may; only what leads to one is read."""
        todo, seen = [unit], {unit.path}
        for file in todo:
            for index in active.taken(file, open_names):
                instruction = file.program[index]
                if instruction.kind != INCLUDE:
                    continue
                header = self._files.resolve(instruction.argument, file.path)
                if header is None or header.path in seen:
                    continue
                seen.add(header.path)
                if header.path in wanted:
                    yield header.path
                if not wanted.isdisjoint(self._reached(header)):
                    todo.append(header)

    def _open_names(
        self, unit: SourceFile, headers: Sequence[SourceFile], below: Iterable[str], platform: Iterable[str]
    ) -> frozenset[str]:
        """Macros that conditions ask for and that some file in reach defines, so that either may be."""
        words: set[str] = set()
        for file in (unit, *headers):
            words |= self._words_of_conditions(file)
        defined: set[str] = set()
        for path in (unit.path, *below):
            defined |= words & self._defines_of(path)
        for path in platform:
            defined -= self._defines_of(path)
        return frozenset(defined)

    def _active_text(self, profile: str, platform: tuple[str, ...]) -> ActiveText:
        known = self._active.get((profile, platform))
        if known is None:
            macros = _macros(self._profiles[profile])
            for path in platform:
                file = self._files.get(path)
                if file is not None:
                    headers = CutHeaders(self._files, [file], ())
                    macros = dict(Unit(file, headers, Inclusions(headers), frozenset()).run(macros).macros)
            known = self._active[profile, platform] = ActiveText(macros)
        return known

    # Files.

    def _reached(self, file: SourceFile) -> frozenset[str]:
        """Every header that a file can include, directly or not."""
        known = self._below.get(file.path)
        if known is None:
            seen: set[str] = set()
            todo = [file]
            while todo:
                for header in self._files.included(todo.pop()):
                    if header.path not in seen:
                        seen.add(header.path)
                        todo.append(header)
            known = self._below[file.path] = frozenset(seen - {file.path})
        return known

    def _comes_with_kernels(self, path: str) -> bool:
        """Whether a header is no part of the base library, or includes one from the folders of kernels."""
        known = self._with_kernels.get(path)
        if known is None:
            file = self._files.get(path)
            below = self._reached(file) if file is not None else ()
            known = self._with_kernels[path] = not (self._base.has(path) and all(map(is_base, below)))
        return known

    def _words_of_conditions(self, file: SourceFile) -> frozenset[str]:
        known = self._condition_words.get(file.path)
        if known is None:
            words: set[str] = set()
            for instruction in file.program:
                if instruction.kind in (IFDEF, IFNDEF):
                    words.add(instruction.argument)
                elif instruction.kind in OPENING or instruction.kind == ELIF:
                    words.update(own_condition_words(instruction))
            known = self._condition_words[file.path] = frozenset(words - {file.guard})
        return known

    def _defines_of(self, path: str) -> frozenset[str]:
        known = self._defines.get(path)
        if known is None:
            file = self._files.get(path)
            program = file.program if file is not None else ()
            guard = file.guard if file is not None else ""
            known = frozenset(i.argument for i in program if i.kind == DEFINE and i.argument != guard)
            self._defines[path] = known
        return known

    def _called_by_templates(self, path: str) -> frozenset[str]:
        """The members that a header's templates may call of the classes that they are instantiated with."""
        known = self._calls_of_templates.get(path)
        if known is None:
            file = self._files.get(path)
            text = file.text if file is not None and is_base(path) else ""
            known = frozenset(_MEMBER_CALL.findall(text)) if "template" in text else frozenset()
            self._calls_of_templates[path] = known
        return known

    def _text(self, file: SourceFile, profile: str, platform: tuple[str, ...], open_names: frozenset[str]) -> _Text:
        """The active text of a file; equal texts are one object."""
        names = open_names & self._words_of_conditions(file)
        key = (file.path, profile, platform, names)
        known = self._taken.get(key)
        if known is None:
            taken = self._active_text(profile, platform).taken(file, names)
            known = self._texts.get((file.path, taken))
            if known is None:
                known = self._texts[file.path, taken] = _read_text(file, taken)
                self._take_in(known)
            self._taken[key] = known
        return known

    def _take_in(self, text: _Text) -> None:
        for name, words in text.symbols.entities.items():
            self._mentioned.setdefault(name, {})[id(text)] = words
        for name, macros in text.macros.items():
            self._defined_macros.setdefault(name, {})[id(text)] = macros

    # Symbols.

    def _symbols(self, own: _Text, headers: Sequence[_Text], called: frozenset[str]) -> UnitSymbols:
        """Needed is what is declared in sight, reached from the file's own text, and defined nowhere in sight.

        A member is reached with its class where a template of the base library may call it (``called``): Variant
        calls ``Encode`` of whatever is stored in it.
        """
        visible = frozenset(map(id, (own, *headers)))
        words, macros = self._mentions(own, headers, visible)
        tables = [(text.path, text.symbols) for text in headers]
        tables += [(own.path, own.symbols), *((own.path, self._symbols_of(macro)) for macro in macros)]
        bodies: dict[str, set[str]] = {}
        for _, table in tables:
            for symbol, signatures in table.bodies.items():
                bodies.setdefault(symbol, set()).update(signatures)
        implied = set[str]().union(*(table.implied for _, table in tables))
        needs: dict[str, str] = {}
        for path, table in tables:
            for symbol, signatures in table.declared.items():
                if not signatures <= bodies.get(symbol, set()) and _is_used(symbol, words, implied, called):
                    needs.setdefault(symbol, path)
            for symbol in table.extern:
                if _is_used(symbol, words, table.extern, called):
                    needs.setdefault(symbol, path)
        generic = own.symbols.generic.union(*(self._symbols_of(macro).generic for macro in macros))
        defines: set[tuple[str, tuple[str, ...]]] = {(symbol, ()) for symbol in generic}
        for _, table in tables:
            defines.update((symbol, types) for symbol, found in table.defined.items() for types in found)
        return UnitSymbols(
            (), tuple(sorted(needs.items())), tuple(sorted(defines)), _type_words(words), _type_words(own.words)
        )

    def _mentions(self, own: _Text, headers: Sequence[_Text], visible: frozenset[int]) -> tuple[set[str], list[Macro]]:
        """Every word that a file's text leads to through what is in sight, and the macros on the way."""
        words = set(own.words)
        primary = set[str]().union(*(text.symbols.primary for text in (own, *headers)))
        for text in headers:
            words |= text.symbols.roots
            for name, mentioned in text.symbols.specialized.items():
                # A template of a library outside the tree may use what the tree specialises.
                if name not in primary:
                    words |= mentioned
        macros: dict[int, Macro] = {}
        todo = set(words)
        while todo:
            reached: set[str] = set()
            for word in todo & self._mentioned.keys():
                for number, mentioned in self._mentioned[word].items():
                    if number in visible:
                        reached |= mentioned
            for word in todo & self._defined_macros.keys():
                for number, defined in self._defined_macros[word].items():
                    if number in visible:
                        for macro in defined:
                            macros[id(macro)] = macro
                            reached |= self._symbols_and_words_of(macro)[1]
            todo = reached - words
            words |= todo
        return words, list(macros.values())

    def _symbols_of(self, macro: Macro) -> SymbolTable:
        return self._symbols_and_words_of(macro)[0]

    def _symbols_and_words_of(self, macro: Macro) -> tuple[SymbolTable, set[str]]:
        known = self._macro_symbols.get(id(macro))
        if known is None:
            text = without_literals(macro.body)
            known = (macro, read_symbols(text) if declares(macro) else SymbolTable(), words_of(text))
            self._macro_symbols[id(macro)] = known
        return known[1:]


def _code(unit: SourceFile) -> str:
    """A name for the text of a file without comments and layout, and for where its includes lead from."""
    text = " ".join([unit.folder, *unit.text.split()])
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _type_words(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(word for word in words if word.startswith((TYPE_MARK, TYPE_LIST))))


def _macros(profile: BuildProfile) -> dict[str, Macro]:
    """The macro table of a profile; definitions that no compiler accepts are left out, for the scan reports them."""
    table = {}
    for name, value in profile.defines.items():
        with contextlib.suppress(MacroSyntaxError):
            macro = parse_define(f"{name} {value}")
            table[macro.name] = macro
    return table


def _read_text(file: SourceFile, taken: Iterable[int]) -> _Text:
    parts = []
    macros: dict[str, list[Macro]] = {}
    for index in taken:
        instruction = file.program[index]
        parts.append(file.text[instruction.text_start : instruction.text_end])
        if instruction.macro is not None:
            macros.setdefault(instruction.argument, []).append(instruction.macro)
    text = without_literals("\n".join(parts))
    symbols = read_symbols(f"{text}\n{made}" if (made := macro_made(text, macros)) else text)
    return _Text(file.path, symbols, macros, frozenset(words_of(text)))


def _is_used(symbol: str, words: set[str], implied: Iterable[str], called: frozenset[str]) -> bool:
    if symbol.startswith("operator"):
        return words.issuperset(set(identifiers(symbol.partition("(")[2])) - _STREAM)
    owner, _, name = symbol.rpartition("::")
    if not owner:
        return name in words
    return owner in words and (symbol in implied or name in words or name in called)
