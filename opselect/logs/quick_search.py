"""Where one of many words stands in a large block of bytes: what a log of gigabytes is searched with.

A table of the words' first four bytes is looked up for every four bytes of the block, on arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

_QUAD: Final = 4
_SHIFT: Final = 16
_FACTOR: Final = np.uint32(0x9E3779B1)


class QuickSearch:
    """Finds words of at least four bytes, whatever their number is, in the time of a few passes over the block."""

    def __init__(self, words: Iterable[bytes]) -> None:
        self._words: dict[int, list[bytes]] = {}
        for word in sorted(set(words)):
            self._words.setdefault(int.from_bytes(word[:_QUAD], "little"), []).append(word)
        quads = np.array(sorted(self._words), dtype=np.uint32)
        self._quads = quads
        self._table = np.zeros(1 << 16, dtype=bool)
        self._table[(quads * _FACTOR) >> _SHIFT] = True

    def offsets(self, block: bytes) -> list[int]:
        """The offsets at which a word begins, ascending."""
        found: list[int] = []
        for align in range(_QUAD):
            count = (len(block) - align) // _QUAD
            if count <= 0:
                continue
            quads = np.frombuffer(block, dtype="<u4", count=count, offset=align)
            places = np.flatnonzero(self._table[(quads * _FACTOR) >> _SHIFT])
            places = places[np.isin(quads[places], self._quads)]
            for place in places.tolist():
                offset = place * _QUAD + align
                words = self._words[int.from_bytes(block[offset : offset + _QUAD], "little")]
                if any(block.startswith(word, offset) for word in words):
                    found.append(offset)
        found.sort()
        return found
