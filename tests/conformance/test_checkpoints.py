"""Every checkpoint that TensorFlow was asked about holds the same tensors for us; OPSELECT_ORACLE names the folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.checkpoints import outcomes


def test_checkpoints_hold_what_tensorflow_reads_in_them() -> None:
    oracle = os.environ.get("OPSELECT_ORACLE")
    if not oracle:
        pytest.skip("OPSELECT_ORACLE names no folder of checkpoints with TensorFlow's reading of them")
    results = list(outcomes(Path(oracle)))
    assert [(outcome.case, outcome.differences) for outcome in results if outcome.differences] == []
    assert results
