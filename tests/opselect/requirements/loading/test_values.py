"""Values of attrs: which are the same once a file has stored them."""

from __future__ import annotations

import pytest

from opselect.models.graph import NodeAttr
from opselect.requirements.loading.values import is_same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.1, 0.1 + 1e-12, True),
        (0.1, 0.1001, False),
        (0.0, -0.0, False),
        (1e39, 2e39, True),
        (1e39, -1e39, False),
        (1, True, False),
        (1, 1.0, False),
        ((1, 2), (1, 2), True),
        ((1, 2), (1, True), False),
        ((1, 2), (1,), False),
        ((1,), 1, False),
    ],
)
def test_values_are_compared_as_they_are_stored(one: NodeAttr, other: NodeAttr, same: bool) -> None:
    assert is_same(one, other) is is_same(other, one) is same
