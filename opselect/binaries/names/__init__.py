"""Mangled C++ names made readable, as far as an audit needs them.

Reading costs about a tenth of a millisecond a name, so nothing here is for all names of a library:
:mod:`opselect.binaries.names.search` finds the few that matter, by their bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from kernel_index.datatypes import DataType, from_cpp
from opselect.binaries.names.cursor import LONGEST_NAME, UnreadableError
from opselect.binaries.names.reader import NameReader

__all__ = ["LONGEST_NAME", "ReadName", "dtypes_in", "read_name", "readable"]


@dataclass(frozen=True, slots=True)
class ReadName:
    """What a mangled name says.

    ``kind`` is empty for functions and objects, else what the name is of its target: ``vtable``, ``typeinfo``,
    ``typeinfo name``, ``guard variable``, ``non-virtual thunk`` … ``scope`` is the class or namespace that the target
    is in, with template arguments, and ``member`` its own name in there; of a table of a class ``scope`` is the class
    and ``member`` is empty. ``around`` are the scopes of functions that it is local to, or that a lambda among its
    template arguments is local to, innermost first.
    """

    text: str
    kind: str
    scope: str
    member: str
    around: tuple[str, ...]

    @property
    def owner(self) -> str:
        """The class or namespace whose bytes these are: of what is local to a function, that of the function."""
        return self.around[0] if self.around else self.scope


@lru_cache(maxsize=1 << 16)
def read_name(mangled: str) -> ReadName | None:
    """Reads a mangled name; None for one of no class, of another language, or beyond the limits of this reader."""
    name = mangled.removeprefix("_") if mangled.startswith("__Z") else mangled  # Mach-O has one underscore more
    name = name.partition("@")[0]  # the version of a symbol of another library
    if not name.startswith("_Z") or len(name) > LONGEST_NAME:
        return None
    reader = NameReader(name)
    try:
        text = reader.mangled_name()
    except UnreadableError:
        return None
    return ReadName(text, reader.kind, reader.scope, reader.member, tuple(reader.around))


def readable(mangled: str) -> str:
    """A name as people write it; the name itself where it cannot be read."""
    found = read_name(mangled)
    return mangled if found is None else found.text


# A type among template arguments: std::complex<float>, unsigned long, Eigen::half, float.
_WORDS = re.compile(r"(?<![\w:])(?:std::complex<\w+>|(?:(?:un)?signed )?(?:long long|\w+)|\w+(?:::\w+)+)(?![\w:<])")
_INNER = re.compile(r"\w+_internal::")


def dtypes_in(text: str) -> tuple[DataType, ...]:
    """The data types among the template arguments of a readable name, each once, in order.

    Index types that Eigen's tensors have as their last argument are not told apart from data.
    """
    start = text.find("<")
    words = [] if start < 0 else _WORDS.findall(text, start + 1)
    found = [from_cpp(_INNER.sub("", word)) for word in words]
    return tuple(dict.fromkeys(dtype for dtype in found if dtype is not None))
