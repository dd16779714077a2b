"""Values of node attrs, on our own types.

Types, numbers, strings and lists of them are the plain values of :mod:`kernel_index.records`; this module adds the
rest of ``framework/attr_value.proto``: shapes, functions, placeholders, and data that stays where it is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from kernel_index.records import AttrScalar


class ByteSource(Protocol):
    """Where stored bytes are: a file on disk, or memory. Picklable, and holds nothing open."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes; InputError where they can no longer be read."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredBytes:
    """``length`` bytes at ``offset`` of a source, not loaded.

    Two are equal if their bytes are; comparing reads them.
    """

    source: ByteSource = field(repr=False)
    offset: int
    length: int

    def read(self) -> bytes:
        """The bytes themselves, loaded now; InputError where the file is gone or was changed."""
        return self.source.read(self.offset, self.length)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StoredBytes) or type(other) is not type(self):
            return NotImplemented
        if self.length != other.length:
            return False
        return (self.source, self.offset) == (other.source, other.offset) or self.read() == other.read()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.length))


@dataclass(frozen=True, slots=True, eq=False)
class TensorRef(StoredBytes):
    """A tensor: the bytes are a serialised ``TensorProto``."""


@dataclass(frozen=True, slots=True, eq=False)
class BytesRef(StoredBytes):
    """A string attr too long to load for nothing, such as an engine that a compiler left in a node."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape: -1 for a dimension that is not known, None instead of dimensions where not even the rank is."""

    dims: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class FunctionRef:
    """A function named by an attr, with the attrs that the caller binds."""

    name: str
    attrs: Mapping[str, NodeAttr] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class AttrPlaceholder:
    """The attr ``name`` of the function around the node: each caller binds it (``$T``)."""

    name: str


NodeAttrItem: TypeAlias = AttrScalar | Shape | TensorRef | BytesRef | FunctionRef | AttrPlaceholder
NodeAttr: TypeAlias = NodeAttrItem | tuple[NodeAttrItem, ...]
"""A node attr; a tuple is a list-valued one. Strings that are no UTF-8 carry their bytes as surrogate escapes."""
