"""Finds names by their first bytes, without reading them: a library has a million."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Symbols


def starting_with(symbols: Symbols, prefix: bytes, among: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
    """The numbers of the symbols whose names begin so, of all or of those ``among``; sorted as they are given."""
    numbers = np.arange(len(symbols), dtype=np.intp) if among is None else among
    at = symbols.name_at[numbers]
    numbers = numbers[at + len(prefix) <= len(symbols.text)]
    for place, byte in enumerate(prefix):
        numbers = numbers[symbols.text[symbols.name_at[numbers] + place] == byte]
    return numbers


def contains_from(symbols: Symbols, numbers: NDArray[np.intp], needle: bytes) -> NDArray[np.intp]:
    """Of some symbols those whose names contain a text."""
    text = symbols.text
    return np.array([n for n in numbers.tolist() if needle in _bytes(text, int(symbols.name_at[n]))], dtype=np.intp)


def _bytes(text: NDArray[np.uint8], at: int) -> bytes:
    found = text[at : at + 512].tobytes()
    end = found.find(b"\0")
    return found if end < 0 else found[:end]
