"""Kernels against what TensorFlow's own computed (fixtures/evaluation)."""

from __future__ import annotations

import numpy as np
import pytest

from opselect.rewriting.evaluation import KERNELS, Accuracy
from tests.conformance.evaluator import FIXTURE, Row, read_cases, table

NUMPY = 0 if np.finfo(np.longdouble).eps < np.finfo(np.float64).eps else 2
"""How far NumPy's functions of double are from the truth on a machine without a wider type."""
LIMITS = {Accuracy.EXACT: 0, Accuracy.ONE_ULP: 1 + NUMPY, Accuracy.TWO_ULPS: 2 + NUMPY, Accuracy.SUM: 0}
APPROXIMATE_LIMIT = 16
"""Of what is not folded, in units in the last place."""
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
def rows() -> dict[tuple[str, str, bool], Row]:
    with np.errstate(all="ignore"):
        return table(read_cases(FIXTURE))


@pytest.mark.parametrize("op", sorted(KERNELS.keys() - NOT_COMPARED))
def test_results_are_as_near_as_the_kernel_says(op: str, rows: dict[tuple[str, str, bool], Row]) -> None:
    found = {(kind, rough): row for (name, kind, rough), row in rows.items() if name == op}
    assert sum(row.cases - row.refused for row in found.values())
    for (kind, rough), row in found.items():
        assert not row.problems, kind
        kernel = KERNELS[op]
        assert row.largest <= (APPROXIMATE_LIMIT if rough else LIMITS[kernel.accuracy]), kind
        # Complex numbers are compared by what they are apart.
        assert row.relative <= (SUM_LIMIT if rough or kernel.accuracy is Accuracy.SUM else LIMITS[kernel.accuracy]), (
            kind
        )
