"""Where one of many words stands in a large block of bytes: what a log of gigabytes is searched with.

A table of four bytes of each word is looked up for every four bytes of the block, on arrays: a few passes over the
block, however many words there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

_QUAD: Final = 4
_WINDOW: Final = 6
_SHIFT: Final = 16
_FACTOR: Final = np.uint32(0x9E3779B1)
_MASK: Final = np.uint64((1 << 8 * _WINDOW) - 1)

_COMMON = b" etaoinsrhldcu"
"""Letters of which every text is full."""


class QuickSearch:
    """Finds words of at least six bytes; of each, the six bytes that are rarest in texts are looked for first."""

    def __init__(self, words: Iterable[bytes]) -> None:
        self._words: dict[bytes, list[tuple[int, bytes]]] = {}
        for word in sorted(set(words)):
            at = _rarest(word)
            self._words.setdefault(word[at : at + _WINDOW], []).append((at, word))
        self._windows = np.array(sorted(int.from_bytes(each, "little") for each in self._words), dtype=np.uint64)
        quads = (self._windows & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        self._table = np.zeros(1 << 16, dtype=bool)
        self._table[(quads * _FACTOR) >> _SHIFT] = True

    def offsets(self, block: bytes) -> list[int]:
        """The offsets at which a word begins, ascending, one that several words begin at once."""
        found: set[int] = set()
        for place in self._candidates(block):
            for at, word in self._words[block[place : place + _WINDOW]]:
                if place >= at and block.startswith(word, place - at):
                    found.add(place - at)
        return sorted(found)

    def _candidates(self, block: bytes) -> list[int]:
        """Where the six bytes of a word stand."""
        if len(block) < _WINDOW:
            return []
        padded = np.frombuffer(block + bytes(8), dtype=np.uint8)
        places: list[npt.NDArray[np.int64]] = []
        for align in range(_QUAD):
            quads = padded[align : align + (len(block) - align) // _QUAD * _QUAD].view("<u4")
            hits = np.flatnonzero(self._table[(quads * _FACTOR) >> _SHIFT]) * _QUAD + align
            # Eight bytes from each on, of which six count; the last ones end in what the block is padded with.
            windows = padded[hits[:, None] + np.arange(8)].view("<u8").ravel() & _MASK
            places.append(hits[np.isin(windows, self._windows)])
        candidates: list[int] = np.concatenate(places).tolist()
        return candidates


def _rarest(word: bytes) -> int:
    """Where the six bytes of a word begin that texts have least often: the fewest common letters."""
    starts = range(len(word) - _WINDOW + 1)
    return min(starts, key=lambda at: sum(byte in _COMMON for byte in word[at : at + _WINDOW]))
