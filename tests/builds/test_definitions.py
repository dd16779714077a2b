"""A list with kernels and without what the makefile does not compile by itself, built and run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel_index.build_files.places import MAKEFILE_LIST
from tests.builds.builders import Make, copy_tree, skip_without
from tests.builds.conftest import apply
from tests.builds.run_graph import differences, run_model

DEFINITION = "tensorflow/core/ops/scan_ops.cc"
HELPER = "tensorflow/core/util/scan_order.cc"


def test_a_kernel_runs_only_with_the_file_that_defines_its_op(tmp_path: Path) -> None:
    builder = Make(copy_tree(tmp_path / "tree"))
    skip_without(builder.missing_tools())
    apply(builder, "running_total", "trim")
    listed = builder.tree / MAKEFILE_LIST
    entries = listed.read_text().splitlines()
    assert {DEFINITION, HELPER} <= set(entries)
    assert differences(run_model(builder.build(), "running_total"), "running_total") == []

    listed.write_text("".join(f"{entry}\n" for entry in entries if entry != DEFINITION))
    outcome = run_model(builder.build(), "running_total")
    assert outcome.code == 1
    assert "Op type not registered 'Cumsum' in binary running on " in outcome.err

    listed.write_text("".join(f"{entry}\n" for entry in entries if entry != HELPER))
    with pytest.raises(AssertionError, match=r"undefined reference to `tensorflow::ScanOrder::ScanOrder"):
        builder.build()
