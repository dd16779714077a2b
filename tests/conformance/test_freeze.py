"""What TensorFlow's own tools freeze, we freeze alike; OPSELECT_ORACLE names the folder with what they wrote."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.freeze import outcomes

FIXTURES = Path(__file__).parents[2] / "fixtures" / "freeze"


def test_the_graphs_among_the_fixtures_are_frozen_as_tensorflow_does() -> None:
    results = list(outcomes(FIXTURES))
    assert [(outcome.case, outcome.differences) for outcome in results if outcome.differences] == []
    assert {outcome.theirs for outcome in results} == {"ok", "error"}


def test_all_graphs_are_frozen_as_tensorflow_does() -> None:
    oracle = os.environ.get("OPSELECT_ORACLE")
    if not oracle:
        pytest.skip("OPSELECT_ORACLE names no folder of graphs that TensorFlow froze")
    results = list(outcomes(Path(oracle)))
    assert [(outcome.case, outcome.differences) for outcome in results if outcome.differences] == []
    assert results
