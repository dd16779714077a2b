"""The types of a tree: what a fork adds to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.datatypes import DataType
from kernel_index.index import MemoryIndex
from kernel_index.profiles import profiles
from kernel_index.scan import ScanCache, scan_tree
from kernel_index.store import index_bytes, open_index
from kernel_index.type_table import UPSTREAM, type_table
from opselect.models.graph import Node
from opselect.requirements.kernel_attrs import KernelAttrs
from tests.kernel_index.scan.trees import PLAIN, printed, problems, tree

PROTO = """
enum DataType {
  DT_INVALID = 0; DT_FLOAT = 1;  // DT_GONE = 9;
  DT_NIB8 = 24;
  DT_NIB16 = 70 ;
  /* DT_GONE = 71; */
  DT_NIB8_REF = 124;
}
"""
HEADER = """
MATCH_TYPE_AND_ENUM(float, DT_FLOAT);
MATCH_TYPE_AND_ENUM( ::nib::nib8 , DT_NIB8 );
template <> struct DataTypeToEnum<nibble16> { static DataType v() { return value; }
  static constexpr DataType value = DT_NIB16; };
constexpr DataTypeSet kRealNumberTypes = ToSet(DT_FLOAT) | ToSet(DT_NIB8);
const DataTypeSet kNumberTypes = ToSet(DT_FLOAT) | ToSet(DT_NIB8) |
    ToSet(DT_NIB16);
constexpr DataTypeSet kNumberTypes = ToSet(DT_FLOAT);
"""
FRAMEWORK = {
    "tensorflow/core/framework/types.proto": PROTO,
    "tensorflow/core/framework/types.h": HEADER,
}
SOURCE = """
REGISTER_OP("A").Attr("T: {float, nib8}").Attr("U: realnumbertype").Attr("V: nib16 = DT_NIB16").Input("x: T");
#define KERNEL(t) REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint<t>("T"), K<t>);
KERNEL(float) KERNEL(tensorflow::nib8) KERNEL(nibble16)
REGISTER_KERNEL_BUILDER(Name("B").Device("CPU").TypeConstraint("T", {DT_NIB16, DT_FLOAT}), K);
"""


def test_the_types_that_a_fork_adds() -> None:
    table = type_table(HEADER, PROTO)
    assert [(t.name, int(t)) for t in table.own.values()] == [("DT_NIB8", 24), ("DT_NIB16", 70)]
    assert [str(table.from_cpp(s)) for s in ("nib8", "tensorflow::nib8", "nibble16", "float")] == [
        "DT_NIB8", "DT_NIB8", "DT_NIB16", "DT_FLOAT",
    ]  # fmt: skip
    assert (table.from_cpp("nib16"), table.from_spec("NIB8"), table.from_enum_name("DT_GONE")) == (None, None, None)
    assert str(table.from_enum_name("tensorflow::DT_NIB8_REF")) == "DT_NIB8"
    assert {word: [t.name for t in types] for word, types in table.classes.items()} == {
        "realnumbertype": ["DT_NIB8"],
        "numbertype": ["DT_NIB8", "DT_NIB16"],
        "numerictype": ["DT_NIB8", "DT_NIB16"],
    }


@pytest.mark.parametrize("proto", ["", "DT_FLOAT = 1; DT_INT2 = 31; DT_INT2_REF = 131;"])
def test_a_release_has_no_types_of_its_own(proto: str) -> None:
    assert type_table(HEADER, proto) is UPSTREAM


def test_a_type_of_the_releases_with_another_number_is_the_trees_own() -> None:
    table = type_table(HEADER, "DT_FLOAT = 1; DT_INT8 = 61;")
    assert [(t.name, int(t)) for t in table.own.values()] == [("DT_INT8", 61)]
    assert (table.from_spec("int8"), table.from_spec("float")) == (61, DataType.DT_FLOAT)


def test_kernels_and_definitions_of_a_fork(tmp_path: Path) -> None:
    result = scan_tree(tree(tmp_path / "tf", SOURCE, FRAMEWORK), profiles=(PLAIN,), jobs=1)
    assert problems(result) == []
    assert [printed(r) for r in result.registrations] == [
        "A@CPU T={DT_FLOAT}: K<float>",
        "A@CPU T={DT_NIB16}: K<nibble16>",
        "A@CPU T={DT_NIB8}: K<tensorflow::nib8>",
        "B@CPU T={DT_FLOAT,DT_NIB16}: K",
    ]
    (definition,) = result.op_definitions
    t, u, v = definition.attrs
    assert [str(x) for x in t.allowed or ()] == ["DT_FLOAT", "DT_NIB8"]
    assert "DT_NIB8" in map(str, u.allowed or ())
    assert (str(v.default), str((v.allowed or ("",))[0])) == ("DT_NIB16", "DT_NIB16")
    (tmp_path / "fork.opselidx").write_bytes(index_bytes(result))
    stored = open_index(tmp_path / "fork.opselidx")
    assert [printed(r) for r in stored.all_registrations()] == [printed(r) for r in result.registrations]
    assert repr(stored.op_definition("A")) == repr(definition)


def test_a_change_of_the_types_is_seen_by_the_next_scan(tmp_path: Path) -> None:
    root = tree(tmp_path / "tf", SOURCE, FRAMEWORK)
    cache = ScanCache(tmp_path / "cache")
    scan_tree(root, profiles=(PLAIN,), jobs=1, cache=cache)
    (root / "tensorflow/core/framework/types.proto").write_text(PROTO.replace("DT_NIB8 = 24", "DT_NIB8 = 25"))
    result = scan_tree(root, profiles=(PLAIN,), jobs=1, cache=cache)
    assert {int(v) for r in result.registrations for c in r.constraints for v in c.allowed} == {1, 25, 70}


def test_a_part_of_a_fork_brings_its_types(tmp_path: Path) -> None:
    root = tree(tmp_path / "tf", "")
    for name, text in FRAMEWORK.items():
        path = tmp_path / "part" / name.removeprefix("tensorflow/core/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "part/nib.cc").write_text(SOURCE)
    result = scan_tree(root, profiles=profiles("2.4"), extra_roots=[tmp_path / "part"], jobs=1)
    assert problems(result) == []
    assert len(result.registrations) == 4


def test_a_graphs_number_goes_by_the_name_of_the_fork(tmp_path: Path) -> None:
    index = MemoryIndex(scan_tree(tree(tmp_path, SOURCE, FRAMEWORK), profiles=(PLAIN,), jobs=1))
    node = Node("a", "A", (), "", {"T": DataType.DT_FLOAT8_E5M2})
    assert str(dict(KernelAttrs(index).of(node))["T"]) == "DT_NIB8"
    assert str(dict(KernelAttrs(None).of(node))["T"]) == "DT_FLOAT8_E5M2"


def test_the_width_of_long_is_that_of_each_profile(tmp_path: Path) -> None:
    source = """
typedef unsigned long Index;
#define KERNEL(op, t) REGISTER_KERNEL_BUILDER(Name(op).Device("CPU").TypeConstraint<t>("T"), K<t>);
KERNEL("A", long) KERNEL("B", Index) KERNEL("C", int)
"""
    chosen = tuple(p for p in profiles("2.4") if p.name in ("android", "raspberry-pi"))
    result = scan_tree(tree(tmp_path, source), profiles=chosen[::-1], jobs=1)
    assert {printed(r): r.profiles for r in result.registrations} == {
        "A@CPU T={DT_INT64}: K<long>": ("android",),
        "A@CPU T={DT_INT32}: K<long>": ("raspberry-pi",),
        "B@CPU T={DT_UINT64}: K<Index>": ("android",),
        "B@CPU T={DT_UINT32}: K<Index>": ("raspberry-pi",),
        "C@CPU T={DT_INT32}: K<int>": ("raspberry-pi", "android"),
    }
    assert problems(result) == []


def test_a_type_without_data_type_is_said_to_be_one(tmp_path: Path) -> None:
    source = 'REGISTER_KERNEL_BUILDER(Name("A").Device("CPU").TypeConstraint<char>("T"), K);\n'
    result = scan_tree(tree(tmp_path, source), profiles=(PLAIN,), jobs=1)
    assert problems(result) == ["unit.cc:1: TensorFlow has no data type for 'char'"]
