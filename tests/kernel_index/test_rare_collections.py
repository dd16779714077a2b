"""How often Python collects garbage."""

from __future__ import annotations

import gc

import pytest

from kernel_index.rare_collections import rare_collections


def test_collections_are_rare_inside_and_as_before_after_it() -> None:
    before = gc.get_threshold()

    @rare_collections()
    def inside() -> None:
        assert gc.get_threshold() == (100_000, *before[1:])
        raise KeyError

    with pytest.raises(KeyError):
        inside()
    assert gc.get_threshold() == before
