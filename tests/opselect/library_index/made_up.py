"""A base of a few kernels, and libraries that register them again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kernel_index.datatypes import DataType
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    BuildLists,
    Condition,
    Constraint,
    Deprecation,
    Diagnostic,
    GraphVersions,
    KernelRegistration,
    Location,
    Lost,
    OpDefinition,
    ScanResult,
)
from kernel_index.store import StoredIndex, index_bytes
from opselect.binaries.records import CompiledDefinition, RegisteredKernel, Registrations, Undecoded
from opselect.library_index.join import Join, join
from opselect.library_index.libraries import together
from tests.opselect.audit import made_up

PROFILES = ("android", "desktop")
KERNELS = "tensorflow/core/kernels"
FLOAT, HALF, INT32 = DataType.DT_FLOAT, DataType.DT_HALF, DataType.DT_INT32
SLIM_ONLY = Condition("IS_MOBILE_PLATFORM", False, "#if !defined(IS_MOBILE_PLATFORM)", Location(f"{KERNELS}/a.cc", 3))


def record(op: str, dtype: DataType | None = FLOAT, *profiles: str, **more: object) -> KernelRegistration:
    """The registration of the kernel that :func:`tests.opselect.audit.made_up.kernel` makes, on line 20."""
    file = str(more.pop("file", f"{KERNELS}/{op.lower()}_op.cc"))
    made = KernelRegistration(
        op,
        "CPU",
        f"{op}Op<{dtype.name if dtype else 'CPU'}>",
        Location(file, 20),
        profiles or PROFILES,
        constraints=() if dtype is None else (Constraint("T", (dtype,)),),
    )
    return replace(made, **more)  # type: ignore[arg-type] # any field


def defined(op: str, **more: object) -> OpDefinition:
    """The record of the definition that :func:`tests.opselect.audit.made_up.definition` makes."""
    made = OpDefinition(
        op,
        (ArgDefinition("x", "T"),),
        (ArgDefinition("y", "T"),),
        (AttrDefinition("T", "type"),),
        Location("tensorflow/core/ops/ops.cc", 7),
    )
    return replace(made, **more)  # type: ignore[arg-type] # any field


def base(
    records: Iterable[KernelRegistration], definitions: Iterable[OpDefinition] = (), *more: Diagnostic
) -> StoredIndex:
    """An index of sources with these kernels, all of whose files are known."""
    records, definitions = tuple(records), tuple(definitions)
    files = {each.source for each in records} | {each.source for each in definitions} | {SLIM_ONLY.location.file}
    scan = ScanResult(
        "2.14.1",
        PROFILES,
        records,
        definitions,
        BuildLists(
            "portable",
            {"portable_all_op_kernels": (f"{KERNELS}/relu_op.cc",)},
            {"portable_all_op_kernels": ("relu_op.cc",)},
            packages=(KERNELS,),
        ),
        diagnostics=more,
        includes=dict.fromkeys(sorted(files), ()),
        type_lists={"TF_CALL_float": {"android": ("float",)}},
        graph_versions=GraphVersions(1482),
    )
    return StoredIndex("base.opselidx", index_bytes(scan))


def made(
    known: StoredIndex,
    kernels: Iterable[RegisteredKernel],
    definitions: Iterable[CompiledDefinition] = (),
    undecoded: Iterable[Undecoded] = (),
    profile: str = "desktop",
) -> ScanResult:
    """The index of one library over a base."""
    part = Registrations(tuple(kernels), tuple(definitions), tuple(undecoded))
    return join(Join(together([("lib/libtf.so", part)]), known, "2.15.0", profile))


def of(scan: ScanResult, op: str) -> list[KernelRegistration]:
    """The registrations of an op."""
    return [each for each in scan.registrations if each.op == op]


kernel = made_up.kernel
definition = made_up.definition

__all__ = ["Deprecation", "Lost", "base", "defined", "definition", "kernel", "made", "of", "record"]
