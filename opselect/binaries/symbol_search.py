"""Finding symbols by a part of their names, without looking at every name.

Libraries of TensorFlow have a hundred megabytes of names: what is sought is looked for in their bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Bytes, Symbols, unmapped

_CHUNK = 1 << 24
_LONGEST = 1 << 16
"""Bytes of a name before the part that is sought that are looked at; longer ones are cut there."""


def symbols_with(symbols: Symbols, parts: Sequence[bytes]) -> NDArray[np.int64]:
    """The numbers of the symbols whose names have one of some parts in them, in their order."""
    found = sorted((place, start) for start, place in set(_places(symbols.text, parts)))
    if not found or not len(symbols):
        return np.empty(0, np.int64)
    places, starts = (np.array(column, np.int64) for column in zip(*found, strict=True))
    # The first place behind the beginning of a name is in that name if the text around it begins no later: names can
    # share their ends.
    at = np.minimum(np.searchsorted(places, symbols.name_at), len(places) - 1)
    within = (places[at] >= symbols.name_at) & (starts[at] <= symbols.name_at)
    return np.flatnonzero(within)


def _places(text: Bytes, parts: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    """Where the text around a part begins, and where the part does."""
    longest = max(map(len, parts))
    for start in range(0, len(text), _CHUNK):
        first = max(start - _LONGEST, 0)
        chunk = text[first : start + _CHUNK + longest]
        data = chunk.tobytes()
        for part in parts:
            place = data.find(part, start - first)
            while place >= 0:
                yield first + data.rfind(b"\0", 0, place) + 1, first + place
                place = data.find(part, place + 1)
        unmapped(chunk)
