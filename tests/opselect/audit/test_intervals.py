from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opselect.audit.owners.intervals import NOTHING, keys_at, rows, split_over

_SIZE = 40
_SPANS = st.lists(st.tuples(st.integers(-5, _SIZE + 5), st.integers(0, 20)), max_size=12)


def _owner(spans: list[tuple[int, int]], place: int) -> int:
    """The rule in words: of those around a place the one that begins last, and of these the shortest."""
    around = [(start, -size, at) for at, (start, size) in enumerate(spans) if start <= place < start + size]
    return max(around)[2] if around else NOTHING


@given(_SPANS)
def test_every_place_has_the_innermost_interval(spans: list[tuple[int, int]]) -> None:
    table = rows([s for s, _ in spans], [s + n for s, n in spans], range(len(spans)))
    assert np.all(table.starts < table.ends)
    assert np.all(table.starts[1:] >= table.ends[:-1])
    places = np.arange(-10, _SIZE + 30)
    found = keys_at(table, places).tolist()
    expected = [_owner(spans, place) for place in places.tolist()]
    # Intervals that are equal are one another's match.
    same = [spans[a] == spans[b] if NOTHING not in {a, b} else a == b for a, b in zip(found, expected, strict=True)]
    assert all(same)


@given(_SPANS, _SPANS)
def test_what_is_split_covers_everything_once(whole: list[tuple[int, int]], claims: list[tuple[int, int]]) -> None:
    cuts = sorted({0, _SIZE, *(min(max(start, 0), _SIZE) for start, _ in whole)})
    layout = rows(cuts[:-1], cuts[1:], range(len(cuts) - 1))
    table = rows([s for s, _ in claims], [s + n for s, n in claims], range(len(claims)))
    starts, ends, parts, keys = split_over(layout, table)
    assert starts[0] == 0
    assert ends[-1] == _SIZE
    assert np.array_equal(starts[1:], ends[:-1])
    assert np.all(starts < ends)
    places = np.arange(_SIZE)
    row = np.searchsorted(starts, places, "right") - 1
    assert np.array_equal(parts[row], keys_at(layout, places))
    assert np.array_equal(keys[row], keys_at(table, places))


def test_an_interval_goes_on_behind_one_within() -> None:
    table = rows([0, 10, 12], [30, 20, 14], [0, 1, 2])
    assert [(s, e, k) for s, e, k in zip(*(column.tolist() for column in table), strict=True)] == [
        (0, 10, 0),
        (10, 12, 1),
        (12, 14, 2),
        (14, 20, 1),
        (20, 30, 0),
    ]
