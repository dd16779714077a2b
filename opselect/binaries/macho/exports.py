"""What a file exports by name: a trie that the loader walks, there even where the symbol table was stripped.

Source: "the export trie" in mach-o/loader.h of Apple's cctools. Each name is looked up; the trie is not read whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.errors import InputError
from opselect.binaries.macho.headers import MachFile

_REEXPORTED, _ABSOLUTE, _KIND = 8, 2, 3
_MOST_EDGES = 8_000_000
"""Edges that are looked at for all names together: some dozens a name."""


def exported_addresses(file: MachFile, names: Iterable[bytes]) -> dict[bytes, int]:
    """The addresses of those names that the file exports from itself.

    Raises InputError for a trie that is cut or that branches without end.
    """
    data = file.table("exports").tobytes()
    if not data:
        return {}
    trie = _Trie(file, data)
    found = {}
    for name in names:
        address = trie.address(name)
        if address is not None:
            found[name] = address
    return found


class _Trie:
    def __init__(self, file: MachFile, data: bytes) -> None:
        self._file = file
        self._data = data
        self._edges = 0

    def address(self, name: bytes) -> int | None:
        """Where a name leads; None where it is not exported, or from another library."""
        node, at = 0, 0
        while True:
            size, after = self._number(node)
            if at == len(name):
                return self._terminal(after) if size else None
            child = self._child(after + size, name, at)
            if child is None:
                return None
            node, at = child

    def _child(self, place: int, name: bytes, at: int) -> tuple[int, int] | None:
        """The node behind the edge that goes on with the name, and how much of the name is behind us then."""
        data = self._data
        count = data[place] if place < len(data) else 0
        place += 1
        for _ in range(count):
            self._edges += 1
            if self._edges > _MOST_EDGES:
                raise self._problem("they branch more than those of any library")
            end = data.find(b"\0", place)
            if end < 0:
                raise self._problem("they are cut")
            edge = data[place:end]
            node, place = self._number(end + 1)
            if edge and name.startswith(edge, at):
                return node, at + len(edge)
        return None

    def _terminal(self, place: int) -> int | None:
        flags, place = self._number(place)
        if flags & _REEXPORTED:
            return None
        value, _ = self._number(place)
        base = 0 if flags & _KIND == _ABSOLUTE else self._file.base
        return base + value & (1 << self._file.bits) - 1

    def _number(self, place: int) -> tuple[int, int]:
        value = shift = 0
        while place < len(self._data) and shift < 70:
            byte = self._data[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, place
            shift += 7
        raise self._problem("a number in them is cut or too long")

    def _problem(self, text: str) -> InputError:
        return InputError(self._file.name, f"its exports cannot be read: {text}")
