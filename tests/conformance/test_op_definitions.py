"""Every op definition is what the running library says, defaults and allowed values included."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

from kernel_index.datatypes import DataType
from kernel_index.records import AttrDefinition, OpDefinition, ScanResult
from tests.conformance.registry import REGISTRIES


def _plain(value: object) -> object:
    if isinstance(value, DataType):
        return value.name
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


def _default(attr: AttrDefinition) -> object:
    return "OPAQUE" if attr.has_default and attr.default is None else _plain(attr.default)


def _single(value: object) -> object:
    """The value with its floats in single precision, as protobuf stores them."""
    if isinstance(value, list):
        return [_single(v) for v in value]
    return struct.pack("f", value) if isinstance(value, float) else value


def _difference(ours: OpDefinition, theirs: dict[str, Any]) -> list[str]:
    found = []
    if [a.name for a in ours.inputs] != theirs["in"] or [a.name for a in ours.outputs] != theirs["out"]:
        found.append("signature")
    if ours.stateful != theirs["stateful"]:
        found.append("stateful")
    attrs = {a.name: a for a in ours.attrs}
    if attrs.keys() != theirs["attrs"].keys():
        return [*found, "attrs"]
    for name, row in theirs["attrs"].items():
        attr = attrs[name]
        allowed = None if row["allowed"] is None else sorted(row["allowed"])
        if attr.type != row["type"] or attr.minimum != row["min"] or attr.has_default != row["has"]:
            found.append(name)
        elif (None if attr.allowed is None else sorted(map(str, attr.allowed))) != allowed:
            found.append(f"allowed values of {name}")
        elif attr.has_default and _single(_default(attr)) != _single(row["default"]):
            found.append(f"default of {name}: {_default(attr)!r}, not {row['default']!r}")
    return found


def test_2_14(scan_2_14: ScanResult, tree_2_14: Path) -> None:
    with gzip.open(REGISTRIES / "op_definitions_2.14.1.json.gz", "rt") as file:
        theirs = json.load(file)
    tests = "".join((tree_2_14 / p).read_text(errors="replace") for p in scan_2_14.skipped_files)
    ours = {d.name: d for d in scan_2_14.op_definitions}
    missing = [name for name in theirs if name not in ours and f'"{name}"' not in tests]
    differences = {n: d for n in theirs if n in ours and (d := _difference(ours[n], theirs[n]))}
    print(f"{len(theirs)} op definitions, {sum(n in ours for n in theirs)} compared, {len(differences)} differ")
    # The macro of a resource handle makes its op's name out of the resource's.
    assert missing == [name for name in missing if name == "StubResourceHandleOp"]
    assert differences == {}
