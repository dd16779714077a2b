"""Kernels and op definitions of each checkout are what the wheel of its release says.

``OPSELECT_REGISTRIES`` names a folder with tables that ``dump_registry.py`` wrote. The table of another patch release
serves, too.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kernel_index.scan import scan_tree
from kernel_index.source_tree import version
from tests.conformance.conftest import trees
from tests.conformance.op_definitions import compare_definitions, read_definitions, report_definitions
from tests.conformance.registry import compare, ops_of_tests, read_registry, report, table_of

FOLDER = os.environ.get("OPSELECT_REGISTRIES")


@pytest.mark.parametrize("tree", trees(), ids=str)
def test_a_release_is_what_its_wheel_says(tree: Path) -> None:
    release = version(tree)
    registry, definitions = (
        table_of(kind, release, Path(FOLDER)) if FOLDER else None for kind in ("registered_kernels", "op_definitions")
    )
    if registry is None or definitions is None:
        pytest.skip(f"OPSELECT_REGISTRIES names no folder with tables of TensorFlow {release}")
    scan = scan_tree(tree)
    tests = ops_of_tests(scan, tree)
    kernels = compare(scan, read_registry(registry), tests, devices=None)
    print(report(kernels, everything=False, devices="all devices"))
    assert [str(d) for d in kernels.unexplained] == []
    ops = compare_definitions(scan.op_definitions, read_definitions(definitions), tests)
    print(report_definitions(ops))
    assert (ops.missing, ops.differences) == ((), {})
