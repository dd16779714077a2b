"""Small indexes written by hand."""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.datatypes import DataType
from kernel_index.index import MemoryIndex
from kernel_index.records import (
    AttrScalar,
    BuildLists,
    Condition,
    Constraint,
    KernelRegistration,
    Location,
    OpDefinition,
    ScanResult,
)

KERNELS = "tensorflow/core/kernels"
FLOAT, DOUBLE, INT32, HALF = DataType.DT_FLOAT, DataType.DT_DOUBLE, DataType.DT_INT32, DataType.DT_HALF
PROFILES = ("android-slim", "android-full", "desktop", "selective")


def kernel(
    op: str,
    *types: AttrScalar,
    attr: str = "T",
    device: str = "CPU",
    label: str = "",
    priority: int = 0,
    file: str = "",
    line: int = 10,
    profiles: tuple[str, ...] = PROFILES,
    condition: Condition | None = None,
) -> KernelRegistration:
    """A registration of ``OpOp`` in ``op.cc``; ``types`` are what it admits for ``attr``, none for no constraint."""
    return KernelRegistration(
        op=op,
        device=device,
        kernel_class=f"{op.strip('_')}Op",
        location=Location(file if "/" in file else f"{KERNELS}/{file or op.strip('_').lower() + '.cc'}", line),
        profiles=profiles,
        label=label,
        priority=priority,
        constraints=(Constraint(attr, types),) if types else (),
        condition=condition,
    )


def definition(name: str) -> OpDefinition:
    """A definition without arguments."""
    return OpDefinition(name, (), (), (), Location("tensorflow/core/ops/ops.cc", 1))


def index(
    registrations: Iterable[KernelRegistration] = (),
    definitions: Iterable[OpDefinition] = (),
    lists: BuildLists | None = None,
    release: str = "1.13.1",
) -> MemoryIndex:
    """An index of one scan with the profiles ``PROFILES``."""
    return MemoryIndex(ScanResult(release, PROFILES, tuple(registrations), tuple(definitions), lists or BuildLists()))
