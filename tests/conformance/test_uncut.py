"""A scan and an uncut one find the same in real checkouts; minutes each, so one of those named is enough here."""

from __future__ import annotations

from pathlib import Path

from kernel_index.records import ScanResult
from kernel_index.scan import scan_tree
from tests.conformance.uncut import compare


def test_1_15(scan_1_15: ScanResult, tree_1_15: Path) -> None:
    found = compare(scan_1_15, scan_tree(tree_1_15, uncut=True))
    assert found.cut_only == ()
    assert found.uncut_only == ()
    assert found.same > 10_000
