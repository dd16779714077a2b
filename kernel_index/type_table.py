"""What types are called in one tree: those of all releases, and those that a fork adds.

Source: ``framework/types.proto`` for names and numbers, ``framework/types.h`` for the C++ types
(``MATCH_TYPE_AND_ENUM`` and specialisations of ``DataTypeToEnum``) and for the classes of types that op definitions may
name. In op definitions a type goes by its enum name in lower case (``framework/types.cc``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kernel_index.datatypes import DataType, LongBits, from_cpp, from_enum_name, from_spec, own_type
from kernel_index.preprocessor.text import without_comments

_NUMBER = re.compile(r"\b(DT_\w+)\s*=\s*(\d+)\s*;")
_MATCH = re.compile(
    r"\bMATCH_TYPE_AND_ENUM\s*\(\s*([^(),]+?)\s*,\s*(DT_\w+)\s*\)"
    r"|\bDataTypeToEnum\s*<\s*([^<>;{}]+?)\s*>\s*\{(?:(?!\bstruct\b)[^#])*?\b(DT_\w+)"
)
_CLASS = re.compile(r"\bk(RealNumber|Number|Quantized)Types\s*=([^;]*);")
_CLASS_WORDS = {
    "RealNumber": ("realnumbertype",),
    "Number": ("numbertype", "numerictype"),
    "Quantized": ("quantizedtype",),
}


@dataclass(frozen=True, slots=True)
class TypeTable:
    """``own`` are the types that a tree has and no release has, by enum name.

    ``spellings`` maps their C++ types, without namespaces, to enum names, and ``classes`` the classes of types in op
    definitions to the own types in them.
    """

    own: Mapping[str, DataType] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, tuple[DataType, ...]] = field(default_factory=dict)

    def from_cpp(self, spelling: str, long_bits: LongBits = 64) -> DataType | None:
        """The data type that a C++ type spells, see :func:`kernel_index.datatypes.from_cpp`."""
        own = self.spellings.get(_without_namespaces(spelling)) if self.spellings else None
        return self.own[own] if own is not None else from_cpp(spelling, long_bits)

    def from_enum_name(self, name: str) -> DataType | None:
        """The data type of an enum name, with or without namespace."""
        own = self.own.get(name.rpartition("::")[2].removesuffix("_REF"))
        return own if own is not None else from_enum_name(name)

    def from_spec(self, word: str) -> DataType | None:
        """The data type that a word of an op definition's attr spec names."""
        own = self.own.get(f"DT_{word.upper()}") if word.islower() else None
        return own if own is not None else from_spec(word)


UPSTREAM = TypeTable()
"""The types of the releases."""


def type_table(types_h: str, types_proto: str) -> TypeTable:
    """The types of a tree, from the texts of its ``types.h`` and ``types.proto``."""
    own = {
        name: own_type(name, int(number))
        for name, number in _NUMBER.findall(without_comments(types_proto))
        if not name.endswith("_REF") and DataType.__members__.get(name) != int(number)
    }
    if not own:
        return UPSTREAM
    header = without_comments(types_h)
    matches = ((m[1] or m[3], m[2] or m[4]) for m in _MATCH.finditer(header))
    spellings = {_without_namespaces(spelling): name for spelling, name in matches if name in own}
    classes: dict[str, tuple[DataType, ...]] = {}
    for kind, members in _CLASS.findall(header):
        for word in _CLASS_WORDS[kind]:  # the first definition is the one of builds with all types
            classes.setdefault(word, tuple(own[n] for n in re.findall(r"\bDT_\w+", members) if n in own))
    return TypeTable(own, spellings, classes)


def _without_namespaces(spelling: str) -> str:
    return " ".join(re.sub(r"\b\w+\s*::\s*|^\s*::", " ", spelling).split())
