"""Values of attrs as op definitions look at them: of what kind they are, and whether they are the default."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from kernel_index.datatypes import DataType
from kernel_index.records import AttrDefinition
from opselect.models.graph import AttrPlaceholder, BytesRef, FunctionRef, NodeAttr, Shape, TensorRef

EMPTY_LIST = "list()"
"""The kind of a list without elements, which fits every list attr."""
MIXED_LIST = "list(mixed)"
PLACEHOLDER = "placeholder"
"""The kind of a value that a caller of the function binds; a definition is not held against it."""

_KINDS: Mapping[type, str] = {
    DataType: "type",
    bool: "bool",
    int: "int",
    float: "float",
    str: "string",
    BytesRef: "string",
    Shape: "shape",
    TensorRef: "tensor",
    FunctionRef: "func",
    AttrPlaceholder: PLACEHOLDER,
}

_SHAPES = {"{}": Shape(()), "{ unknown_rank: true }": Shape()}


def kind_of(value: NodeAttr) -> str:
    """The kind as ``OpDef.AttrDef.type`` spells it: ``int``, ``list(type)`` … (``AttrValueHasType``)."""
    if not isinstance(value, tuple):
        return _KINDS[type(value)]
    kinds = {_KINDS[type(item)] for item in value}
    if not kinds:
        return EMPTY_LIST
    return f"list({kinds.pop()})" if len(kinds) == 1 else MIXED_LIST


def default_of(attr: AttrDefinition) -> NodeAttr | None:
    """The default as a node would have it; None where there is none, or one that is not evaluated."""
    if attr.default is not None or attr.type != "shape":
        return attr.default
    return _SHAPES.get(attr.default_text)


def is_same(one: NodeAttr, other: NodeAttr) -> bool:
    """Whether two values are one, floats as a file stores them (32 bits); ``True`` and ``1`` are not."""
    if isinstance(one, tuple) or isinstance(other, tuple):
        if not (isinstance(one, tuple) and isinstance(other, tuple)) or len(one) != len(other):
            return False
        return all(map(is_same, one, other))
    if kind_of(one) != kind_of(other):
        return False
    if isinstance(one, float) and isinstance(other, float):
        return _stored(one) == _stored(other)
    return one == other


def _stored(number: float) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:
        return b"inf" if number > 0 else b"-inf"
