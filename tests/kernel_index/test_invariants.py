"""What must hold in every shipped index holds, and each rule would notice if it did not."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from kernel_index import shipped
from kernel_index.datatypes import DataType
from kernel_index.profiles import release_number
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    BuildLists,
    Condition,
    Constraint,
    Dependency,
    KernelRegistration,
    Location,
    OpDefinition,
    ScanResult,
)
from kernel_index.store import StoredIndex, index_bytes, open_index
from tests.kernel_index.invariants import Breach, breaches, gaps, losses, main, unexplained
from tests.kernel_index.known_breaches import KNOWN

RELEASES = shipped.releases()

ENDS = {"2.1": "tensorflow/contrib ended with 2.0"}
"""Releases that lack many ops of the one before, with the reason."""


@functools.cache
def index_of(release: str) -> StoredIndex:
    return open_index(shipped.find(release))


@functools.cache
def breaches_of(release: str) -> tuple[Breach, ...]:
    return tuple(breaches(index_of(release)))


@pytest.mark.parametrize("release", RELEASES)
def test_what_must_hold_in_every_index(release: str) -> None:
    assert [str(breach) for breach in unexplained(breaches_of(release), release)] == []


def test_what_is_said_of_upstream_is_so() -> None:
    """Every known breach is seen in a release that it is said of, else it would hide one of our own some day."""
    seen = {(b.rule, b.about, release_number(release)) for release in RELEASES for b in breaches_of(release)}
    seen |= {(b.rule, b.about, release_number(RELEASES[-1])) for b in gaps([*map(index_of, RELEASES)])}
    said = [known for known in KNOWN if any(known.is_of(release_number(release)) for release in RELEASES)]
    patterns = [(known, pattern) for known in said for pattern in known.about]
    unseen = [
        f"{known.rule}: {pattern}"
        for known, pattern in patterns
        if not any(replace(known, about=(pattern,)).covers(*breach) for breach in seen)
    ]
    assert unseen == []


def test_ops_do_not_come_and_go() -> None:
    found = gaps([*map(index_of, RELEASES)])
    assert [str(b) for b in found if not any(k.covers(b.rule, b.about, None) for k in KNOWN)] == []


def test_each_release_keeps_nearly_all_ops_of_the_one_before() -> None:
    for before, after in itertools.pairwise(RELEASES):
        limit = 0.1 if shipped.minor_of(after) in ENDS else 0.02
        assert losses(index_of(before), index_of(after)) <= limit, f"{before} → {after}"


FILE = "tensorflow/core/kernels/add_op.cc"
HEADER = "tensorflow/core/kernels/add_op.h"
OP = OpDefinition(
    "Add",
    (ArgDefinition("x", "T"), ArgDefinition("y", "T")),
    (ArgDefinition("z", "T"),),
    (AttrDefinition("T", "type", (DataType.DT_FLOAT, DataType.DT_INT32)), AttrDefinition("N", "int")),
    Location("tensorflow/core/ops/math_ops.cc", 7),
)
KERNEL = KernelRegistration(
    "Add", "CPU", "AddOp<float>", Location(FILE, 9), ("android",),
    constraints=(Constraint("T", (DataType.DT_FLOAT,)),), host_memory_args=("y",),
)  # fmt: skip
DESKTOP_KERNELS = tuple(
    replace(KERNEL, device=device, profiles=("desktop",)) for device in ("GPU", "TPU", "SYCL", "XLA_GPU")
)


def listed_by(group: str, *files: str) -> BuildLists:
    """Lists with one group, and the first source file for make."""
    return BuildLists(groups={group: files}, group_labels={group: files}, makefile=files[:1])


SCAN = ScanResult(
    "2.4.0",
    ("android", "desktop"),
    (KERNEL, *DESKTOP_KERNELS),
    (OP,),
    listed_by("portable_core_ops", FILE, HEADER, "tensorflow/core/kernels/unused.h"),
    includes={FILE: (HEADER,), HEADER: (), "tensorflow/core/kernels/sum.cc": ()},
    dependencies={FILE: (Dependency("tensorflow/core/kernels/sum.cc", "Sum", HEADER, ("android",)),)},
)


def with_kernels(*kernels: KernelRegistration) -> ScanResult:
    return replace(SCAN, registrations=(*SCAN.registrations, *kernels))


def constrained(attr: str, *allowed: DataType | int) -> KernelRegistration:
    return replace(KERNEL, profiles=("desktop",), constraints=(Constraint(attr, allowed),))


def opened(scan: ScanResult) -> StoredIndex:
    return StoredIndex("x", index_bytes(scan))


def needing(file: str, declared_in: str = HEADER) -> ScanResult:
    return replace(SCAN, dependencies={FILE: (Dependency(file, "Sum", declared_in, ("android",)),)})


BAD: list[tuple[str, str, ScanResult]] = [
    ("op is defined", "Sub", with_kernels(replace(KERNEL, op="Sub"))),
    ("constraint fits", "Add.U", with_kernels(constrained("U", DataType.DT_FLOAT))),
    ("constraint fits", "Add.T", with_kernels(constrained("T", DataType.DT_HALF))),
    ("constraint fits", "Add.T", with_kernels(constrained("T", 7))),
    ("constraint fits", "Add.T", with_kernels(constrained("T"))),
    ("constraint fits", "Add.N", with_kernels(constrained("N", DataType.DT_FLOAT))),
    (
        "host memory of an argument", "Add w",
        with_kernels(replace(KERNEL, profiles=("desktop",), host_memory_args=("w",))),
    ),
    ("file is known", "a.cc", with_kernels(replace(KERNEL, profiles=("desktop",), location=Location("a.cc", 1)))),
    ("file is known", "a.cc", with_kernels(replace(KERNEL, profiles=("desktop",), unit="a.cc"))),
    (
        "file is known", "a.h",
        with_kernels(replace(KERNEL, profiles=(), condition=Condition("X", True, "#if X", Location("a.h", 1)))),
    ),
    ("source is compiled", HEADER, with_kernels(replace(KERNEL, profiles=("desktop",), location=Location(HEADER, 1)))),
    ("line is one", FILE, with_kernels(replace(KERNEL, profiles=("desktop",), location=Location(FILE, 0)))),
    ("hidden for a reason", "Add", with_kernels(replace(KERNEL, profiles=()))),
    ("label is known", "lable", with_kernels(replace(KERNEL, label="lable"))),
    ("priority is small", "Add", with_kernels(replace(KERNEL, priority=7))),
    ("device is a name", "DEVICE_CPU + x", with_kernels(replace(KERNEL, device="DEVICE_CPU + x"))),
    ("class has a text", "Add", with_kernels(replace(KERNEL, profiles=("desktop",), kernel_class=" "))),
    (
        "header of macros was read", "tsl/platform/platform.h",
        replace(SCAN, missing_headers=("a.h", "tsl/platform/platform.h")),
    ),
    ("mobile builds leave types out", "android", replace(SCAN, registrations=(KERNEL, *DESKTOP_KERNELS[:1]))),
    ("listed file is known", "b.cc", replace(SCAN, build_lists=listed_by("portable_core_ops", "b.cc"))),
    ("listed file is known", "b.cc", replace(SCAN, build_lists=BuildLists(makefile=("b.cc",)))),
    ("dependency is known", "c.cc", needing("c.cc")),
    ("dependency is known", "c.h", needing("tensorflow/core/kernels/sum.cc", "c.h")),
    ("dependency is a source", HEADER, needing(HEADER)),
    ("one kernel a node", "Add", with_kernels(replace(KERNEL, kernel_class="Other"))),
    ("one kernel a node", "Add", with_kernels(replace(KERNEL, constraints=()))),
    ("one kernel a node", "Add", with_kernels(replace(KERNEL, constraints=(Constraint("N", (1,)),)))),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "about", "scan"), BAD, ids=[f"{rule} {n}" for n, (rule, *_) in enumerate(BAD)])
def test_a_breach_is_noticed(rule: str, about: str, scan: ScanResult) -> None:
    assert [(b.rule, b.about) for b in breaches(opened(scan))] == [(rule, about)]


def test_what_holds_is_no_breach() -> None:
    kernels = (
        replace(KERNEL, profiles=("desktop",)),
        constrained("T", DataType.DT_INT32),
        replace(KERNEL, priority=1, profiles=("desktop",)),
        replace(KERNEL, label="eigen"),
        replace(KERNEL, device="DEFAULT"),
    )
    assert breaches(opened(with_kernels(*kernels))) == []
    missing = BuildLists(makefile=("b.c", FILE), makefile_missing={"b.c": "b.cc"})
    assert breaches(opened(replace(SCAN, build_lists=missing))) == []


def test_an_op_that_one_release_loses_is_noticed() -> None:
    lost = replace(SCAN, op_definitions=(), registrations=())
    more = replace(SCAN, op_definitions=(OP, replace(OP, name="Sub")))
    releases = [replace(scan, release=f"2.{n}.0") for n, scan in enumerate((SCAN, more, lost, SCAN))]
    assert [str(b) for b in gaps([opened(scan) for scan in releases])] == ["op does not come back: Add: not in 2.2.0"]
    assert [losses(opened(a), opened(b)) for a, b in ((SCAN, more), (more, SCAN), (more, lost))] == [0, 0.5, 1]


def test_the_command_prints_what_is_not_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "good").write_bytes(index_bytes(SCAN))
    (tmp_path / "bad").write_bytes(index_bytes(with_kernels(replace(KERNEL, op="Sub"))))
    assert main([str(tmp_path / "good")]) == 0
    assert capsys.readouterr().out == ""
    assert main([str(tmp_path / "bad")]) == 1
    assert capsys.readouterr().out == f"2.4.0: op is defined: Sub: not so, though {FILE} has kernels of it\n"
