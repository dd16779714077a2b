"""Compare the op definitions of a scan with those of a running TensorFlow.

    python -m tests.conformance.op_definitions TREE [--index FILE] [--definitions FILE]

prints how many there are and every difference. The definitions of the library are a table that ``dump_registry.py``
made: that of the tree's release in ``fixtures/registry`` unless another one is named.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import struct
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel_index.datatypes import DataType, from_spec
from kernel_index.records import ArgDefinition, AttrDefinition, OpDefinition
from tests.conformance.registry import REGISTRIES, open_scanned, ops_of_tests, table_of

Table = Mapping[str, Mapping[str, Any]]
"""Op to its definition, in the form that ``dump_registry.op_definitions`` gives."""

MADE_AT_RUN_TIME = re.compile(r"(Load|Retrieve)TPUEmbedding\w*Parameters\w*")
"""Ops that 1.14 to 2.1 register in a loop over algorithms (``core/ops/tpu_embedding_ops.cc``); no scan knows them."""


def read_definitions(path: Path) -> Table:
    """The table of a running library."""
    with gzip.open(path, "rt") as file:
        table: Table = json.load(file)
    return table


@dataclass(frozen=True, slots=True)
class DefinitionComparison:
    """How many definitions both sides have, which we lack, and op to what differs."""

    compared: int
    missing: tuple[str, ...]
    of_tests: tuple[str, ...]
    made_at_run_time: tuple[str, ...]
    differences: Mapping[str, tuple[str, ...]]


def compare_definitions(ours: Iterable[OpDefinition], theirs: Table, test_ops: Collection[str]) -> DefinitionComparison:
    """Compare what both define. ``test_ops`` are ops that only test sources define."""
    known = {d.name: d for d in ours}
    missing = [name for name in sorted(theirs) if name not in known]
    both = [name for name in sorted(theirs) if name in known]
    return DefinitionComparison(
        len(both),
        tuple(name for name in missing if name not in test_ops and not MADE_AT_RUN_TIME.fullmatch(name)),
        tuple(name for name in missing if name in test_ops),
        tuple(name for name in missing if MADE_AT_RUN_TIME.fullmatch(name)),
        {name: found for name in both if (found := tuple(_differences(known[name], theirs[name])))},
    )


def _differences(ours: OpDefinition, theirs: Mapping[str, Any]) -> list[str]:
    found = []
    for what, arguments in (("in", ours.inputs), ("out", ours.outputs)):
        if [a.name for a in arguments] != theirs[what]:
            found.append(f"names of {what}puts")
        elif [*map(_type_text, arguments)] != theirs.get(f"{what}_types", [*map(_type_text, arguments)]):
            found.append(f"types of {what}puts: {[*map(_type_text, arguments)]}, not {theirs[f'{what}_types']}")
    if ours.stateful != theirs["stateful"]:
        found.append("stateful")
    attrs = {a.name: a for a in ours.attrs}
    if attrs.keys() != theirs["attrs"].keys():
        return [*found, f"attrs {sorted(attrs.keys() ^ theirs['attrs'].keys())} on one side only"]
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


def _type_text(argument: ArgDefinition) -> str:
    """The type as ``dump_registry`` spells it: data types by one of their names, white space in one way."""
    words = re.split(r"(\w+)", argument.type_text.replace(" ", "").replace("*", " * "))
    return "".join(w if (found := from_spec(w)) is None else found.name[len("DT_") :].lower() for w in words)


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


def report_definitions(comparison: DefinitionComparison) -> str:
    lines = [
        f"op definitions compared: {comparison.compared}, of which {len(comparison.differences)} differ",
        f"defined by tests alone: {len(comparison.of_tests)}",
        f"registered in a loop at run time: {len(comparison.made_at_run_time)}",
        f"not found: {len(comparison.missing)} {' '.join(comparison.missing)}".rstrip(),
    ]
    lines += [f"{name}: {'; '.join(found)}" for name, found in comparison.differences.items()]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare op definitions with those of a running TensorFlow.")
    parser.add_argument("tree", type=Path, help="a checkout of the release")
    parser.add_argument("--index", type=Path, help="an index of that checkout: then it is not scanned")
    parser.add_argument("--definitions", type=Path, help="a table made by dump_registry.py")
    arguments = parser.parse_args()
    scanned = open_scanned(arguments.tree, arguments.index)
    table = arguments.definitions or table_of("op_definitions", scanned.release)
    if table is None:
        parser.error(f"there is no table of {scanned.release} in {REGISTRIES}: name one by --definitions")
    test_ops = ops_of_tests(scanned, arguments.tree)
    comparison = compare_definitions(scanned.op_definitions, read_definitions(table), test_ops)
    print(report_definitions(comparison))
    return 1 if comparison.missing or comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
