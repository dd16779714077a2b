"""Every op definition is what the running library says, defaults and allowed values included."""

from __future__ import annotations

from pathlib import Path

from kernel_index.records import ScanResult
from tests.conformance.op_definitions import compare_definitions, read_definitions, report_definitions
from tests.conformance.registry import REGISTRIES, ops_of_tests


def test_2_14(scan_2_14: ScanResult, tree_2_14: Path) -> None:
    theirs = read_definitions(REGISTRIES / "op_definitions_2.14.1.json.gz")
    comparison = compare_definitions(scan_2_14.op_definitions, theirs, ops_of_tests(scan_2_14, tree_2_14))
    print(report_definitions(comparison))
    assert comparison.missing == ()
    assert comparison.differences == {}
