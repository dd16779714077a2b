"""Our summaries are TensorFlow's own. OPSELECT_ORACLE names the folder with its outputs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.summarize import comparable, differences, read_cases


@pytest.fixture(scope="module")
def oracle() -> Path:
    folder = os.environ.get("OPSELECT_ORACLE")
    if not folder:
        pytest.skip("OPSELECT_ORACLE names no folder with outputs of TensorFlow's tools")
    return Path(folder).resolve()


def test_every_text_is_equal(oracle: Path) -> None:
    cases = read_cases(oracle)
    assert cases
    assert {case.name: found for case in cases if (found := differences(case, oracle))} == {}


def test_only_ops_of_the_same_count_may_change_places() -> None:
    assert comparable("Op types used: 2 B, 2 A, 1 C\n") == comparable("Op types used: 2 A, 2 B, 1 C\n")
    assert comparable("Op types used: 2 A, 1 C\n") != comparable("Op types used: 1 A, 2 C\n")
