from __future__ import annotations

from dataclasses import replace

from kernel_index.datatypes import DataType
from kernel_index.index import MemoryIndex
from kernel_index.overlay import OverlayIndex, collide
from kernel_index.records import (
    BuildLists,
    Constraint,
    Dependency,
    KernelRegistration,
    Location,
    OpDefinition,
    ScanResult,
)

FLOAT, HALF = DataType.DT_FLOAT, DataType.DT_HALF


def kernel(op: str, file: str, *types: DataType, line: int = 1, priority: int = 0) -> KernelRegistration:
    constraints = (Constraint("T", types),) if types else ()
    return KernelRegistration(op, "CPU", f"{op}Op", Location(file, line), ("android",), "", priority, constraints)


def definition(op: str, file: str) -> OpDefinition:
    return OpDefinition(op, (), (), (), Location(file, 1))


def scan(*records: KernelRegistration | OpDefinition) -> ScanResult:
    kernels = tuple(r for r in records if isinstance(r, KernelRegistration))
    ops = tuple(r for r in records if isinstance(r, OpDefinition))
    return ScanResult("2.4.0", ("android",), kernels, ops, BuildLists())


def overlay(base: ScanResult, own: ScanResult, replaced: frozenset[str] = frozenset()) -> OverlayIndex:
    return OverlayIndex(MemoryIndex(base), own, replaced)


def test_both_answer_together() -> None:
    base = scan(kernel("Mul", "mul.cc", FLOAT), definition("Mul", "ops.cc"))
    own = scan(kernel("Mul", "mine/mul.cc", HALF), kernel("Mine", "mine/mine.cc"), definition("Mine", "mine/mine.cc"))
    index = overlay(base, own)
    assert index.op_names() == ("Mine", "Mul")
    assert [r.source for r in index.registrations("Mul")] == ["mul.cc", "mine/mul.cc"]
    assert [index.kernel_classes(op) for op in ("Mul", "Mine")] == [{"MulOp"}, {"MineOp"}]
    assert index.kernel_classes("Nope") == frozenset()
    assert index.op_definition("Mul") == base.op_definitions[0]
    assert index.op_definition("Mine") == own.op_definitions[0]
    assert index.kernel_files("android") == {"mul.cc", "mine/mul.cc", "mine/mine.cc"}
    assert index.kernel_counts("android") == {"mul.cc": (1, 1), "mine/mul.cc": (1, 1), "mine/mine.cc": (1, 1)}
    assert index.kernel_counts("android", ["mul.cc", "mine/mine.cc"]) == {"mul.cc": (1, 1), "mine/mine.cc": (1, 1)}
    assert index.defining_files == {"Mul": "ops.cc", "Mine": "mine/mine.cc"}
    in_a_header = replace(definition("Mul", "ops.h"), unit="ops.cc")
    assert overlay(scan(in_a_header), own).defining_files == index.defining_files
    assert index.count_registrations() == 3
    assert index.own_files == {"mine/mul.cc", "mine/mine.cc"}
    assert index.conflicts() == ()
    assert MemoryIndex(index.as_scan()).registrations("Mul") == index.registrations("Mul")


def test_a_file_of_the_same_path_takes_the_place_of_the_releases() -> None:
    base = scan(kernel("Mul", "mul.cc", FLOAT), kernel("Add", "mul.cc", FLOAT))
    index = overlay(base, scan(kernel("Mul", "mul.cc", HALF)), frozenset(("mul.cc",)))
    assert [r.constraints[0].allowed for r in index.registrations("Mul")] == [(HALF,)]
    assert index.registrations("Add") == ()
    assert index.kernel_counts("android") == {"mul.cc": (1, 1)}
    assert index.conflicts() == ()


def test_a_kernel_for_the_same_nodes_is_a_conflict_with_both_places() -> None:
    base = scan(kernel("Mul", "mul.cc", FLOAT, line=7))
    own = scan(kernel("Mul", "mine/mul.cc", FLOAT, HALF, line=3))
    (conflict,) = overlay(base, own).conflicts()
    assert str(conflict).startswith("mine/mul.cc:3: a kernel of Mul for CPU collides with the one at mul.cc:7")
    assert conflict in overlay(base, own).diagnostics


def test_an_op_defined_twice_is_a_conflict() -> None:
    (conflict,) = overlay(scan(definition("Mul", "ops.cc")), scan(definition("Mul", "mine/ops.cc"))).conflicts()
    assert str(conflict) == "mine/ops.cc:1: the op Mul is already defined at ops.cc:1"


def test_what_collides() -> None:
    assert collide(kernel("A", "a.cc", FLOAT), kernel("A", "b.cc"))
    assert collide(kernel("A", "a.cc", FLOAT, HALF), kernel("A", "b.cc", HALF))
    assert not collide(kernel("A", "a.cc", FLOAT), kernel("A", "b.cc", HALF))
    assert not collide(kernel("A", "a.cc", FLOAT), kernel("A", "b.cc", FLOAT, priority=1))
    assert not collide(kernel("A", "a.cc", FLOAT), replace(kernel("A", "b.cc", FLOAT), profiles=("desktop",)))


def test_a_replaced_file_needs_what_the_release_needs_for_the_headers_that_it_includes() -> None:
    helper = Dependency("helper.cc", "Help", "helper.h", ("android",))
    other = Dependency("other.cc", "Other", "other.h", ("android",))
    itself = Dependency("mul.cc", "Mul", "helper.h", ("android",))
    base = replace(
        scan(kernel("Mul", "mul.cc"), kernel("Add", "add.cc")),
        dependencies={"add.cc": (helper, itself, other), "mul.cc": (other,)},
        includes={"all.h": ("helper.h",)},
    )
    more = Dependency("more.cc", "More", "more.h", ("android",))
    own = replace(scan(kernel("Mul", "mul.cc")), dependencies={"mul.cc": (more,)}, includes={"mul.cc": ("all.h",)})
    index = overlay(base, own, frozenset(("mul.cc",)))
    assert index.dependencies == {"add.cc": (helper, itself, other), "mul.cc": (helper, more)}
    alone = overlay(base, replace(own, dependencies={}, includes={}), frozenset(("mul.cc",)))
    assert alone.dependencies == {"add.cc": (helper, itself, other)}
