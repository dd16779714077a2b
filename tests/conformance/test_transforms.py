"""Our transforms do what the Graph Transform Tool does. OPSELECT_ORACLE names the folder with its graphs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.transforms import FAIL, PASS, judge, read_cases


@pytest.fixture(scope="module")
def oracle() -> Path:
    folder = os.environ.get("OPSELECT_ORACLE")
    if not folder:
        pytest.skip("OPSELECT_ORACLE names no folder with outputs of TensorFlow's tools")
    return Path(folder).resolve()


def test_every_graph_is_equal_or_differs_on_purpose(oracle: Path) -> None:
    verdicts = [judge(case) for case in read_cases(oracle)]
    assert sum(verdict.kind == PASS for verdict in verdicts) > len(verdicts) // 2
    assert [str(verdict) for verdict in verdicts if verdict.kind == FAIL] == []
