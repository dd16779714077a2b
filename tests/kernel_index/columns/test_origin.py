from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_index.columns.origin import COLUMN, read_origin, write_origin
from kernel_index.records import LibraryOrigin

TEXTS = st.lists(st.text(), max_size=3).map(tuple)


@given(st.builds(LibraryOrigin, TEXTS, st.text(), st.text(), TEXTS, TEXTS, TEXTS))
def test_an_origin_is_read_as_it_was_written(origin: LibraryOrigin) -> None:
    assert read_origin(write_origin(origin)[COLUMN]) == origin


def test_an_index_of_sources_has_no_column() -> None:
    assert write_origin(None) == {}
    assert read_origin([]) is None


@pytest.mark.parametrize("lines", [["profile\tx"], ["odd\tx"], ["profile\tx", "base\ty", "z"], ["base\tx\ty"]])
def test_a_damaged_column_is_an_error(lines: list[str]) -> None:
    with pytest.raises((ValueError, LookupError)):
        read_origin(lines)
