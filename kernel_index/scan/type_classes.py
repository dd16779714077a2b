"""Which types ``numbertype`` and its like stand for in a tree: they grew over the releases.

Op definitions are read by the newest sets (:mod:`kernel_index.scan.ops`); this takes out what an earlier tree lacks.
Source: ``NumberTypes()`` and ``RealNumberTypes()`` of ``framework/types.cc`` (up to 1.5) and ``framework/types.h``, for
builds that are not mobile: mobile builds have fewer types still, and no kernels for the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kernel_index.datatypes import DataType
from kernel_index.links import Links
from kernel_index.records import AttrDefinition, OpDefinition
from kernel_index.scan.ops import NUMBER_TYPES, REAL_NUMBER_TYPES

FILES = ("tensorflow/core/framework/types.h", "tensorflow/core/framework/types.cc")

_DEFINED = re.compile(
    r"DataTypeSet\s+k(Number|RealNumber)Types\s*=([^;]*);|"
    r"DataTypeVector\s+(Number|RealNumber)Types\(\)\s*\{\s*return\s*\{([^}]*)\}"
)
_NEWEST: Mapping[str, tuple[DataType, ...]] = {"Number": NUMBER_TYPES, "RealNumber": REAL_NUMBER_TYPES}


def lacking(root: Path, links: Links | None = None) -> Mapping[str, frozenset[DataType]]:
    """The types that each of the two classes lacks in the tree at ``root``; none where it does not say.

    Files behind ``links`` that lead out say nothing.
    """
    found: dict[str, frozenset[DataType]] = {}
    for file in FILES:
        if links is not None and links.lead_out(str(root / file)):
            continue
        try:
            text = (root / file).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for in_header, types, in_source, listed in _DEFINED.findall(text):
            names = re.findall(r"\bDT_\w+", types or listed)
            has = {DataType[name] for name in names if name in DataType.__members__}
            # The first is for builds that are not mobile.
            found.setdefault(in_header or in_source, frozenset(_NEWEST[in_header or in_source]) - has)
    return found


def of_tree(definitions: Sequence[OpDefinition], root: Path, links: Links | None = None) -> tuple[OpDefinition, ...]:
    """The definitions without types that a class of types, which an attr allows as a whole, lacks in the tree."""
    missing = {name: types for name, types in lacking(root, links).items() if types}
    if not missing:
        return tuple(definitions)
    return tuple(replace(d, attrs=tuple(_without(attr, missing) for attr in d.attrs)) for d in definitions)


def _without(attr: AttrDefinition, missing: Mapping[str, frozenset[DataType]]) -> AttrDefinition:
    allowed = attr.allowed
    if allowed is None or attr.type not in ("type", "list(type)"):
        return attr
    for name, types in missing.items():
        # The word stands for just this run of types: a list that spells out the same ones has another order.
        run = _NEWEST[name]
        for start in range(len(allowed) - len(run) + 1):
            if allowed[start : start + len(run)] == run:
                has = tuple(value for value in run if value not in types)
                allowed = allowed[:start] + has + allowed[start + len(run) :]
                break
    return replace(attr, allowed=allowed)
