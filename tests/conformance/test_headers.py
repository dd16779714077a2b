"""Headers in the words of TensorFlow's tool; OPSELECT_ORACLE names the folder with what it printed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conformance.headers import outcomes

FIXTURES = Path(__file__).parents[2] / "fixtures" / "headers"


def test_the_headers_among_the_fixtures_are_the_tools_byte_for_byte() -> None:
    results = list(outcomes(FIXTURES))
    assert [(outcome.case, outcome.differences) for outcome in results if outcome.differences] == []
    assert {outcome.release for outcome in results} == {"1.15.0", "2.14.1"}
    assert any(outcome.dropped for outcome in results)
    assert not any(outcome.absent for outcome in results)


def test_all_headers_are_the_tools_byte_for_byte() -> None:
    oracle = os.environ.get("OPSELECT_ORACLE")
    if not oracle:
        pytest.skip("OPSELECT_ORACLE names no folder of headers that TensorFlow printed")
    results = list(outcomes(Path(oracle)))
    assert [(outcome.case, outcome.differences) for outcome in results if outcome.differences] == []
    assert any(not outcome.absent for outcome in results)
