"""Constants and typedefs that registrations use, looked up in the unit and the headers it includes.

A registration is expanded text, not compiled code: names such as ``DEVICE_CPU`` or ``kOpName`` are still names. They
are searched for only when a registration mentions one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar, cast

from kernel_index.datatypes import DataType, LongBits, has_no_data_type, width_varies
from kernel_index.preprocessor.expand import Expander, ExpansionError
from kernel_index.preprocessor.files import DEFINE, SourceFile
from kernel_index.preprocessor.macros import Macro
from kernel_index.scan.classes import ClassText, class_name, find_class, template_arguments
from kernel_index.scan.constants import Constants, Expression, given
from kernel_index.scan.expressions import (
    NotEvaluatedError,
    last_word,
    number_of,
    plain,
    split_arguments,
    split_qualified,
    string_of,
)  # fmt: skip
from kernel_index.scan.notes import RecordedFiles

T = TypeVar("T", str, int)

_MAX_ALIASES = 10
"""Maximum number of typedefs of typedefs that are followed."""


_DEVICES = {"DEVICE_DEFAULT": "DEFAULT", "DEVICE_CPU": "CPU", "DEVICE_GPU": "GPU"}
"""Constants of ``framework/types.cc``, the same in all releases, for sources whose headers are not at hand."""

_UPSTREAMS = ("tensorflow", "tsl", "tflite")
"""Namespaces of headers that may not be at hand."""

_TYPE_OF_ENUM = re.compile(r"\bEnumToDataType\s*<\s*([\w:]+)\s*>\s*::\s*Type$")


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """What is read of expressions: how, and a value that any name may stand for while only the form is looked at."""

    evaluate: Callable[[Sequence[str], Callable[[str], T]], T]
    any: T


_STRINGS: _Kind[str] = _Kind(string_of, "")
_NUMBERS: _Kind[int] = _Kind(number_of, 1)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A class, and what the parameters of its template stand for."""

    text: ClassText
    bound: Mapping[str, str]


class Definitions:
    """What names mean in one unit. All answers are None where no single meaning can be found."""

    def __init__(self, unit: SourceFile, files: RecordedFiles, constants: Constants, long_bits: LongBits = 64) -> None:
        self._unit = unit
        self._files = files
        self._constants = constants
        self._texts: list[SourceFile] | None = None
        self._values: dict[tuple[str | int, str, str], str | int | None] = {}
        self._classes: dict[str, _Scope | None] = {}
        self._macros: dict[str, Macro] | None = None
        self.types = files.types
        self.width_varies = False
        """Whether a type was asked for so far whose data type depends on how wide ``long`` is."""
        self._long_bits = long_bits
        self._types: dict[str, DataType | None] = {}

    def _sources(self) -> Iterator[SourceFile]:
        """The unit, then the headers it can include, nearest first."""
        if self._texts is None:
            self._texts = [self._unit]
            seen = {self._unit.path}
            for file in self._texts:
                for header in self._files.included(file):
                    if header.path not in seen:
                        seen.add(header.path)
                        self._texts.append(header)
        return iter(self._texts)

    def string(self, name: str) -> str | None:
        """The value of a string constant such as ``DEVICE_CPU``, or what a function without parameters returns."""
        return _DEVICES.get(last_word(name)) if (found := self._known(name, _STRINGS)) is None else found

    def string_of(self, tokens: Sequence[str]) -> str:
        """The value of a string expression. Raises NotEvaluatedError."""
        return string_of(tokens, lambda name: self._required(name, self.string(name)))

    def number_of(self, tokens: Sequence[str]) -> int:
        """The value of an expression of whole numbers. Raises NotEvaluatedError."""
        return number_of(tokens, lambda name: self._required(name, self._known(name, _NUMBERS)))

    def computed(self, tokens: Sequence[str]) -> bool:
        """Whether an expression is a variable of the unit that gets its value at run time, such as of an argument."""
        bare = plain(tokens)
        return len(bare) == 1 and bare[0].isidentifier() and any(given(bare[0], self._unit.text))

    @staticmethod
    def _required(name: str, value: T | None) -> T:
        if value is None:
            raise NotEvaluatedError(f"the value of '{name}' is not known")
        return value

    def _known(self, name: str, kind: _Kind[T], scope: _Scope | None = None) -> T | None:
        """What a name means, in a class or outside of all, remembered where it is outside."""
        qualifier, word = split_qualified(name)
        if not word.isidentifier():
            return None
        place = f"{scope.text.name}{sorted(scope.bound.items())}" if scope is not None else ""
        key = (kind.any, place, name)
        if key in self._values:
            return cast("T | None", self._values[key])
        self._values[key] = None  # what a name that refers to itself comes back to
        within = self._class(qualifier, scope) if qualifier else scope
        found = self._member(word, within, kind) if within is not None else None
        if found is None and (not qualifier or (within is None and self._is_scope(qualifier))):
            found = self._outside_classes(word, kind)
        self._values[key] = found
        return found

    def _is_scope(self, qualifier: str) -> bool:
        """Whether a qualifier is a namespace or an enumeration, and not a class that no source defines."""
        name = class_name(qualifier)
        return name in _UPSTREAMS or any(name in self._constants.scopes(source) for source in self._sources())

    def _outside_classes(self, word: str, kind: _Kind[T]) -> T | None:
        for source in self._sources():
            found = self._single(self._constants.expressions(word, source), kind, None)
            if found is not None:
                return found
        return None

    def strings(self, name: str) -> tuple[str, ...] | None:
        """The strings that a member of a class lists in braces, or what such a function without parameters returns."""
        qualifier, word = split_qualified(name)
        scope = self._class(qualifier, None)
        for expressions, within in self._given_to(word, scope) if scope is not None else ():
            lists = [tokens for tokens in expressions if tokens[0] == "{" and tokens[-1] == "}"]
            if len(lists) != 1:
                continue
            meaning = partial(self._named_string, within)
            try:
                return tuple(string_of(part, meaning) for part in split_arguments(lists[0][1:-1]) if part)
            except NotEvaluatedError:
                return None
        return None

    def _named_string(self, scope: _Scope, name: str) -> str:
        return self._required(name, self._known(name, _STRINGS, scope))

    def _member(self, word: str, scope: _Scope, kind: _Kind[T]) -> T | None:
        for expressions, within in self._given_to(word, scope):
            found = self._single(expressions, kind, within)
            if found is not None:
                return found
        return None

    def _given_to(self, word: str, scope: _Scope) -> Iterator[tuple[list[Expression], _Scope]]:
        """What a member of a class is given, with where: in its body, outside of that, or in one of its bases."""
        owner = scope.text
        yield list(given(word, owner.body)), scope
        if re.search(rf"\b{word}\b", owner.body):
            for source in self._sources():
                if owner.name in source.words and word in source.words:
                    bodies = [source] if source is self._unit else [source, self._constants.body(source)]
                    texts = [file.text for file in bodies if file is not None]
                    yield [e for t in texts for e in given(word, t, owner.name)], scope
        for base in owner.bases:
            within = self._class(base, scope) or self._shimmed(base, scope)
            if within is not None and within.text is not owner:
                yield from self._given_to(word, within)

    def _shimmed(self, base: str, scope: _Scope) -> _Scope | None:
        """The class that ``TfOpKernel<Impl, …>`` asks for its op's name, where its own header is not at hand.

        Source: ``tensorflow/lite/kernels/shim/tf_op_shim.h``.
        """
        arguments = template_arguments(base)
        return self._class(arguments[0], scope) if class_name(base) == "TfOpKernel" and arguments else None

    def _single(self, expressions: Iterable[Sequence[str]], kind: _Kind[T], scope: _Scope | None) -> T | None:
        """The one value that all of some expressions have, those left out that are none of the kind."""
        values: set[T | None] = set()
        for tokens in expressions:
            expanded = self._expanded(tokens)
            try:
                kind.evaluate(expanded, lambda _: kind.any)
            except NotEvaluatedError:
                continue
            try:
                values.add(kind.evaluate(expanded, lambda name: self._required(name, self._known(name, kind, scope))))
            except NotEvaluatedError:
                values.add(None)
        return values.pop() if len(values) == 1 else None

    def _expanded(self, tokens: Sequence[str]) -> Sequence[str]:
        """The tokens after the expansion of the macros that they call, by the nearest definition of each."""
        calls = {t for t, following in itertools.pairwise(tokens) if following == "(" and t.isidentifier()}
        if not calls:
            return tokens
        if self._macros is None:
            self._macros = {}
            for source in self._sources():
                for instruction in source.program:
                    if instruction.kind == DEFINE and instruction.macro is not None:
                        self._macros.setdefault(instruction.macro.name, instruction.macro)
        if calls.isdisjoint(self._macros):
            return tokens
        try:
            return plain(Expander(self._macros).expand(tokens))
        except ExpansionError:
            return tokens

    def _class(self, type_text: str, scope: _Scope | None) -> _Scope | None:
        """The class that a type is of, typedefs and template parameters followed; None where no source defines it."""
        if scope is not None:
            return self._find_class(type_text, scope)
        if type_text not in self._classes:
            self._classes[type_text] = self._find_class(type_text, None)
        return self._classes[type_text]

    def _find_class(self, type_text: str, scope: _Scope | None) -> _Scope | None:
        for _ in range(_MAX_ALIASES):
            name = class_name(type_text)
            if scope is not None and name in scope.bound:
                type_text, scope = scope.bound[name], None
                continue
            for source in self._sources():
                found = find_class(name, source.text) if name in self._constants.classes(source) else None
                if found is not None:
                    return _Scope(found, dict(zip(found.parameters, template_arguments(type_text), strict=False)))
            inner = re.search(rf"\busing\s+{name}\s*=\s*([^;]+);", scope.text.body) if scope is not None else None
            alias = inner[1].removeprefix("typename ").strip() if inner else self._alias(name)
            if alias is None:
                return None
            type_text = alias
        return None

    def data_type(self, spelling: str) -> DataType | None:
        """The data type that a C++ type means here, typedefs of the unit and its headers followed."""
        if spelling not in self._types:
            self._types[spelling] = self._find_type(spelling)
        return self._types[spelling]

    def _find_type(self, spelling: str) -> DataType | None:
        for _ in range(_MAX_ALIASES):
            enum = _TYPE_OF_ENUM.search(spelling)
            known = self.types.from_enum_name(enum[1]) if enum else self.types.from_cpp(spelling, self._long_bits)
            if known is not None:
                self.width_varies = self.width_varies or (not enum and width_varies(spelling))
                return known
            alias = self._alias(spelling.rpartition("::")[2].strip())
            if alias is None or has_no_data_type(spelling):
                return None
            spelling = alias
        return None

    def _alias(self, name: str) -> str | None:
        if not name.isidentifier():
            return None
        for source in self._sources():
            found = self._constants.aliases(source).get(name, ())
            if len(found) == 1:
                return next(iter(found))
        return None

    def data_types(self, name: str) -> tuple[DataType, ...] | None:
        """The data types that a constant holds: one, or a list in braces."""
        bare = name.rpartition("::")[2]
        defined = re.compile(rf"\b{re.escape(bare)}\s*(?:\[\s*\d*\s*\])?\s*(?:=\s*)?(\{{[^{{}};]*\}}|=\s*[\w:]+\s*;)")
        for source in self._sources():
            found = set(defined.findall(source.text)) if bare in source.text else set()
            if len(found) == 1:
                types = [self.types.from_enum_name(w) for w in re.findall(r"\b\w*DT_\w+", found.pop())]
                return tuple(t for t in types if t is not None) if types and None not in types else None
        return None
