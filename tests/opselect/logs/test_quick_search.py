"""Words in blocks of bytes: all of them, wherever they stand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opselect.logs.quick_search import QuickSearch

LETTERS = st.sampled_from([b"a", b"b", b"ab", b"\n", b"\xff"])
TEXTS = st.lists(LETTERS, max_size=60).map(b"".join)
WORDS = st.lists(st.lists(LETTERS, min_size=6, max_size=9).map(b"".join), min_size=1, max_size=6)


@given(TEXTS, WORDS)
def test_every_word_is_found_wherever_it_stands(block: bytes, words: list[bytes]) -> None:
    expected = [at for at in range(len(block)) if any(block.startswith(word, at) for word in words)]
    assert QuickSearch(words).offsets(block) == expected


@given(st.binary(max_size=40), st.integers(0, 8))
def test_a_word_at_any_alignment_and_at_the_very_end(before: bytes, more: int) -> None:
    block = before + b"OpKernel" + b"." * more
    assert len(before) in QuickSearch([b"OpKernel", b"unresolved"]).offsets(block)


def test_blocks_shorter_than_a_word_have_none() -> None:
    assert [QuickSearch([b"OpKernel"]).offsets(block) for block in (b"", b"Op", b"OpK", b"OpKe", b"OpKerne")] == [
        []
    ] * 5


def test_the_shortest_words_are_found_at_the_very_end_of_blocks_of_any_length() -> None:
    search = QuickSearch([b"OpKern"])
    assert [search.offsets(b"." * before + b"OpKern") for before in range(9)] == [[before] for before in range(9)]
