"""What is known of words that only exist when a program runs."""

from __future__ import annotations

from opselect.binaries.code.values import Memory, Place


def test_words_of_what_a_wide_register_held() -> None:
    """A short text in place: its length and its letters go into memory together."""
    memory = Memory(8)
    memory.store(Place(0, 8), 16, (8).to_bytes(8, "little") + b"DeepCopy")
    assert memory.load(Place(0, 8), 8) == 8
    assert memory.pair(Place(0, 0), 1) == (None, 8)
    assert memory.content(Place(0, 16), 16, 1) == b"DeepCopy"


def test_a_word_that_is_cut_is_not_known() -> None:
    memory = Memory(8)
    memory.store(Place(0, 0), 16, b"abc")
    assert memory.load(Place(0, 0), 8) is None
    memory.store(Place(0, 0), 4, 7)
    assert memory.load(Place(0, 0), 8) is None
    assert memory.load(Place(0, 0), 2) == 7
