"""Kernels against what TensorFlow's own computed (fixtures/evaluation)."""

from __future__ import annotations

import numpy as np
import pytest

from opselect.evaluation import KERNELS, Accuracy
from tests.conformance.evaluator import FIXTURE, Row, read_cases, table

LIMITS = {Accuracy.EXACT: 0, Accuracy.ONE_ULP: 1, Accuracy.FEW_ULPS: 8, Accuracy.SUM: 0}
SUM_LIMIT = 16
"""In units in the last place of what was added up; of complex numbers relative to their distance from 0."""
NOT_COMPARED = {
    "BatchNormWithGlobalNormalization",
    "BiasAddV1",
    "ParallelDynamicStitch",
    "Snapshot",
    "PreventGradient",
    "PlaceholderWithDefault",
    "BatchMatMulV3",
}
"""Ops that compute what another does that is compared, or that TensorFlow 2.14 has no longer."""


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], Row]:
    with np.errstate(all="ignore"):
        return table(read_cases(FIXTURE))


@pytest.mark.parametrize("op", sorted(KERNELS.keys() - NOT_COMPARED))
def test_results_are_as_near_as_the_kernel_says(op: str, rows: dict[tuple[str, str], Row]) -> None:
    found = {kind: row for (name, kind), row in rows.items() if name == op}
    assert sum(row.cases - row.refused for row in found.values())
    for kind, row in found.items():
        assert not row.problems, kind
        limit = LIMITS[KERNELS[op].accuracy]
        # NumPy's functions of double are up to two units apart, and not the same on every machine.
        assert row.largest <= (max(limit, 2) if limit and kind in ("float64", "complex128") else limit), kind
        assert row.relative <= SUM_LIMIT, kind
