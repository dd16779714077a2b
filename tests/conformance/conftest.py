"""These tests need a real TensorFlow checkout: OPSELECT_TF_TREE names one, or several separated by colons."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel_index.records import ScanResult
from kernel_index.scan import scan_tree
from kernel_index.source_tree import version


def trees() -> list[Path]:
    """The checkouts that are named."""
    return [Path(part) for part in os.environ.get("OPSELECT_TF_TREE", "").split(":") if part]


def _tree(*releases: str) -> Path:
    """The checkout of one of the releases among those named; skips where there is none."""
    for tree in trees():
        if version(tree) in releases:
            return tree
    pytest.skip(f"OPSELECT_TF_TREE names no checkout of TensorFlow {' or '.join(releases)}")


@pytest.fixture(scope="session")
def tree_2_14() -> Path:
    return _tree("2.14.0", "2.14.1")


@pytest.fixture(scope="session")
def tree_1_15() -> Path:
    return _tree("1.15.0")


@pytest.fixture(scope="session")
def scan_2_14(tree_2_14: Path) -> ScanResult:
    return scan_tree(tree_2_14)


@pytest.fixture(scope="session")
def scan_1_15(tree_1_15: Path) -> ScanResult:
    return scan_tree(tree_1_15)
