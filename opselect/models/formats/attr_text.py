"""Defaults of op definitions as attr values of nodes.

Source: ``ParseAttrValue`` of ``framework/attr_value_util.cc``: shapes, tensors and functions are protobuf's text.
"""

from __future__ import annotations

import struct

from kernel_index.records import AttrDefinition, AttrScalar
from opselect.models.formats.attr_values import AttrReader
from opselect.models.formats.text import encode_text
from opselect.models.graph.values import NodeAttr
from opselect.models.storage import MemoryBytes


def default_of(attr: AttrDefinition) -> NodeAttr | None:
    """The default of an attr as a node holds it, None where there is none. InputError for words that say nothing."""
    if not attr.has_default:
        return None
    if isinstance(attr.default, tuple):
        return tuple(map(_single, attr.default))
    if attr.default is not None:
        return _single(attr.default)
    encoded = encode_text(f"{attr.type} {attr.default_text}", f"default of {attr.name}", "AttrValue")
    return AttrReader(encoded, MemoryBytes(encoded)).value([(0, len(encoded))])


def _single(value: AttrScalar) -> AttrScalar:
    """The value, a float as ``AttrValue`` holds it, in single precision."""
    if not isinstance(value, float):
        return value
    single: float
    (single,) = struct.unpack("<f", struct.pack("<f", value))
    return single
