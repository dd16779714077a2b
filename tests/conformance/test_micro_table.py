"""The table of functions for microcontrollers is that of real sources: OPSELECT_TFLM_TREE names a checkout of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opselect.lite.micro import micro_table
from opselect.lite.micro.sources import read_micro_table

TREE = os.environ.get("OPSELECT_TFLM_TREE", "")


@pytest.mark.skipif(not TREE, reason="OPSELECT_TFLM_TREE names no checkout of TensorFlow Lite for Microcontrollers")
def test_the_table_is_that_of_the_sources() -> None:
    table = micro_table()
    assert read_micro_table(Path(TREE), table.sources) == table
