"""A source as a buffer: the same bytes, few of them read."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from opselect.models.storage import Pages
from opselect.models.storage.pages import PAGE

DATA = bytes(range(251)) * (3 * PAGE // 251)


@dataclass
class Counted:
    """A source that notes how many bytes each read asked for."""

    read_lengths: list[int] = field(default_factory=list)

    def read(self, offset: int, length: int) -> bytes:
        self.read_lengths.append(length)
        data = DATA[offset : offset + length]
        assert len(data) == length
        return data


places = st.integers(0, len(DATA) - 1)


@given(st.lists(st.one_of(places, st.builds(slice, places, places))))
def test_pages_hold_what_the_source_does(keys: list[int | slice]) -> None:
    pages = Pages(Counted(), len(DATA))
    assert len(pages) == len(DATA)
    for key in keys:
        assert pages[key] == DATA[key]


def test_a_page_is_read_once_and_nothing_beyond_the_end() -> None:
    source = Counted()
    pages = Pages(source, 5000)
    assert bytes(pages[place] for place in range(5000)) == DATA[:5000]
    assert source.read_lengths == [5000]


def test_what_nobody_looks_at_is_not_read() -> None:
    source = Counted()
    pages = Pages(source, len(DATA))
    assert pages[0] == DATA[0]
    assert pages[len(DATA) - 1] == DATA[-1]
    assert source.read_lengths == [PAGE, 1]
