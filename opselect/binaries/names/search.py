"""Finds names by their first bytes, without reading them: a library has a million."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Symbols

_KEY_BYTES = 8
_ENDING_BYTES = 4


class Beginnings:
    """The first bytes of all names of a symbol table, which a search looks at before it looks at the names."""

    def __init__(self, symbols: Symbols) -> None:
        self._symbols = symbols
        self._keys = np.zeros(len(symbols), np.uint64)
        text = symbols.text
        last = max(len(text) - 1, 0)
        for place in range(_KEY_BYTES if len(text) else 0):
            self._keys <<= np.uint64(8)
            self._keys |= text[np.minimum(symbols.name_at + place, last)]

    def starting_with(self, prefix: bytes) -> NDArray[np.intp]:
        """The numbers of the symbols whose names begin so, in their order."""
        start, rest = prefix[:_KEY_BYTES], prefix[_KEY_BYTES:]
        low = int.from_bytes(start.ljust(_KEY_BYTES, b"\0"), "big")
        high = int.from_bytes(start.ljust(_KEY_BYTES, b"\xff"), "big")
        numbers = np.flatnonzero((self._keys >= np.uint64(low)) & (self._keys <= np.uint64(high)))
        text = self._symbols.text
        numbers = numbers[self._symbols.name_at[numbers] + len(prefix) <= len(text)]
        for place, byte in enumerate(rest, _KEY_BYTES):
            numbers = numbers[text[self._symbols.name_at[numbers] + place] == byte]
        return numbers

    def continuing_with(self, prefix: bytes, endings: Collection[bytes]) -> NDArray[np.intp]:
        """The numbers of the symbols whose names begin with a prefix and then as one of some texts may.

        Only the first four bytes of these are looked at, fewer where one is shorter.
        """
        numbers = self.starting_with(prefix)
        text = self._symbols.text
        count = min((len(ending) for ending in endings), default=0)
        count = min(count, _ENDING_BYTES)
        here = np.zeros(len(numbers), np.uint32)
        for place in range(count if len(text) else 0):
            here <<= np.uint32(8)
            here |= text[np.minimum(self._symbols.name_at[numbers] + len(prefix) + place, len(text) - 1)]
        sought = np.array([int.from_bytes(ending[:count], "big") for ending in endings], np.uint32)
        return numbers[np.isin(here, sought)]
