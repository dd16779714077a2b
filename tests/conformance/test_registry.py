"""Every registration of a running TensorFlow is found as it is, and nothing else is reported."""

from __future__ import annotations

from pathlib import Path

from kernel_index.records import ScanResult
from tests.conformance.registry import (
    KERNEL_FOLDERS,
    REGISTRY_1_15_HALF,
    REGISTRY_2_14,
    compare,
    ops_of_tests,
    read_registry,
    report,
)  # fmt: skip


def test_2_14(scan_2_14: ScanResult, tree_2_14: Path) -> None:
    comparison = compare(scan_2_14, read_registry(REGISTRY_2_14), ops_of_tests(scan_2_14, tree_2_14))
    print(report(comparison, everything=True))
    assert [str(d) for d in comparison.unexplained] == []
    assert comparison.found / comparison.registry >= 0.999
    desktop = [r for r in scan_2_14.registrations if "desktop" in r.profiles]
    kernels = sum(r.location.file.startswith(KERNEL_FOLDERS) for r in desktop)
    surplus = [d for d in comparison.surplus if d.place.startswith(KERNEL_FOLDERS) and "/risc/" not in d.place]
    assert kernels > 10_000
    assert surplus == []


def test_gpu_kernels_of_the_cpu_library(scan_2_14: ScanResult, tree_2_14: Path) -> None:
    """Registrations for device GPU that need no CUDA: none is taken for one that does, or the other way round."""
    tests = ops_of_tests(scan_2_14, tree_2_14)
    comparison = compare(scan_2_14, read_registry(REGISTRY_2_14), tests, devices=("GPU",))
    assert [str(d) for d in comparison.unexplained] == []
    assert comparison.found > 400


def test_1_15(scan_1_15: ScanResult, tree_1_15: Path) -> None:
    rows = read_registry(REGISTRY_1_15_HALF)
    ops = frozenset(str(row["op"]) for row in rows)
    comparison = compare(scan_1_15, rows, ops_of_tests(scan_1_15, tree_1_15), ops=ops)
    print(report(comparison, everything=True))
    assert [str(d) for d in comparison.unexplained] == []
    assert comparison.found / comparison.registry >= 0.999
