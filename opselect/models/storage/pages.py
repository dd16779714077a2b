"""Stored bytes looked at page by page, as if they were a buffer."""

from __future__ import annotations

from typing import overload

from opselect.models.graph.values import ByteSource

PAGE = 1 << 14
"""Bytes read at once."""


class Pages:
    """The first ``end`` bytes of a source as a buffer of which only the pages that somebody looks at are read.

    Of those the last one is kept, which suits a walk from front to back. Raises InputError like the source.
    """

    def __init__(self, source: ByteSource, end: int) -> None:
        self._source = source
        self._end = end
        self._start = 0
        self._page = b""

    def __len__(self) -> int:
        return self._end

    @overload
    def __getitem__(self, key: int) -> int: ...

    @overload
    def __getitem__(self, key: slice) -> bytes: ...

    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, int):
            if not self._start <= key < self._start + len(self._page):
                self._turn(key)
            return self._page[key - self._start]
        start, stop, _ = key.indices(self._end)
        if start >= stop:
            return b""
        if stop - start > PAGE:
            return self._source.read(start, stop - start)
        if not self._start <= start <= stop <= self._start + len(self._page):
            self._turn(start)
        return self._page[start - self._start : stop - self._start]

    def _turn(self, start: int) -> None:
        self._page = self._source.read(start, min(PAGE, self._end - start))
        self._start = start
