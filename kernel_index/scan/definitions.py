"""Constants and typedefs that registrations use, looked up in the unit and the headers it includes.

A registration is expanded text, not compiled code: names such as ``DEVICE_CPU`` or ``kOpName`` are still names. They
are searched for only when a registration mentions one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kernel_index.datatypes import DataType, from_cpp, from_enum_name
from kernel_index.file_names import bodies_of
from kernel_index.preprocessor.files import Files, SourceFile
from kernel_index.preprocessor.tokens import is_string, string_value, tokenize

_MAX_ALIASES = 10
"""So many typedefs of typedefs are followed."""


_DEVICES = {"DEVICE_DEFAULT": "DEFAULT", "DEVICE_CPU": "CPU", "DEVICE_GPU": "GPU"}
"""Constants of ``framework/types.cc``, the same in all releases, for sources whose headers are not at hand."""

_TYPE_OF_ENUM = re.compile(r"\bEnumToDataType\s*<\s*([\w:]+)\s*>\s*::\s*Type$")


class Constants:
    """String constants as single files define them: shared by all units, for most are in headers."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._known: dict[tuple[str, str], str | None] = {}
        self.bodies: dict[str, tuple[str, ...]] = {}
        """Headers to the sources that were searched for what they declare, in order, those that are not there too."""

    def value(self, name: str, source: SourceFile) -> str | None:
        """The value a file gives a name: NUL and another name where it refers to that, None where it gives none."""
        key = (name, source.path)
        if key not in self._known:
            self._known[key] = self._find(name, source) if name in source.words else None
        return self._known[key]

    def _find(self, name: str, source: SourceFile) -> str | None:
        found = _values(name, source.text)
        if not found and re.search(
            rf"\bextern\s[^;={{}}()]*\b{name}\s*(?:\[\s*\])?\s*;|\b{name}\s*\(\s*\)\s*;", source.text
        ):
            # What x.h declares, x.cc defines.
            body = self._body(source)
            found = _values(name, body.text) if body is not None else set()
        return found.pop() if len(found) == 1 else None

    def _body(self, header: SourceFile) -> SourceFile | None:
        tried: list[str] = []
        body = None
        for path in bodies_of(header.path):
            tried.append(path)
            body = self._files.get(path)
            if body is not None:
                break
        self.bodies[header.path] = tuple(tried)
        return body


def _values(name: str, text: str) -> set[str]:
    """What a text gives a name: string constants, other names, what a function without parameters returns."""
    literals = r'((?:"[^"\n]*"\s*)+'
    constant = re.findall(rf"\b{name}\s*(?:\[\s*\])?\s*[={{]\s*{literals}|[A-Za-z_:]\w*(?:::\w+)*)\s*[;}},]", text)
    returned = re.findall(rf"\b{name}\s*\(\s*\)\s*\{{\s*return\s*{literals});\s*\}}", text)
    return {_text_value(found) for found in constant + returned}


class Definitions:
    """What names mean in one unit. All answers are None where no single meaning can be found."""

    def __init__(self, unit: SourceFile, files: Files, constants: Constants) -> None:
        self._unit = unit
        self._files = files
        self._constants = constants
        self._texts: list[SourceFile] | None = None
        self._strings: dict[str, str | None] = {}
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
        bare = name.rpartition("::")[2]
        if bare not in self._strings:
            self._strings[bare] = None  # what a name that refers to itself comes back to
            self._strings[bare] = self._find_string(bare) if bare.isidentifier() else None
        return self._strings[bare]

    def _find_string(self, name: str) -> str | None:
        for source in self._sources():
            value = self._constants.value(name, source)
            if value is None:
                continue
            if not value.startswith("\0"):
                return value
            if value[1:] != name:
                return self.string(value[1:])
            # "kArgOp = Library::kArgOp": the one that is meant stands in a header further on.
        return _DEVICES.get(name)

    def data_type(self, spelling: str) -> DataType | None:
        """The data type that a C++ type means here, typedefs of the unit and its headers followed."""
        if spelling not in self._types:
            self._types[spelling] = self._find_type(spelling)
        return self._types[spelling]

    def _find_type(self, spelling: str) -> DataType | None:
        for _ in range(_MAX_ALIASES):
            enum = _TYPE_OF_ENUM.search(spelling)
            known = from_enum_name(enum[1]) if enum else from_cpp(spelling)
            if known is not None:
                return known
            alias = self._alias(spelling.rpartition("::")[2].strip())
            if alias is None:
                return None
            spelling = alias
        return None

    def _alias(self, name: str) -> str | None:
        if not name.isidentifier():
            return None
        using = re.compile(rf"\busing\s+{name}\s*=\s*([^;]+);|\btypedef\s+([^;]+?)\s+{name}\s*;")
        for source in self._sources():
            if name in source.text:
                found = {(m[1] or m[2]).removeprefix("typename ").strip() for m in using.finditer(source.text)}
                if len(found) == 1:
                    return found.pop()
        return None

    def data_types(self, name: str) -> tuple[DataType, ...] | None:
        """The data types that a constant holds: one, or a list in braces."""
        bare = name.rpartition("::")[2]
        defined = re.compile(rf"\b{re.escape(bare)}\s*(?:\[\s*\d*\s*\])?\s*(?:=\s*)?(\{{[^{{}};]*\}}|=\s*[\w:]+\s*;)")
        for source in self._sources():
            found = set(defined.findall(source.text)) if bare in source.text else set()
            if len(found) == 1:
                types = [from_enum_name(w) for w in re.findall(r"\b\w*DT_\w+", found.pop())]
                return tuple(t for t in types if t is not None) if types and None not in types else None
        return None


def _text_value(literals: str) -> str:
    """The value of adjacent string literals; a name is marked with NUL in front."""
    if not literals.lstrip().startswith('"'):
        return "\0" + literals.rpartition("::")[2].strip()
    return "".join(string_value(t) for t in tokenize(literals) if is_string(t))
