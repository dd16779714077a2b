"""Tables of virtual functions, and the names of classes that they lead to.

Source: the C++ ABI of Itanium, sections 2.5 "Virtual Table Layout" and 2.9.5 "RTTI Layout". Without type information,
as code for phones is often compiled, a table is two words of zero with pointers to functions behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from opselect.binaries.image import Image, Machine, SectionKind

_MOST_SLOTS = 256
_FEWEST_SLOTS = 3
"""Of a table that nothing names: two destructors and a function."""
_NAME_OF_CLASS = re.compile(rb"(?:N[\w.$]{2,}E|\d{1,4}[A-Za-z_][\w.$]*)\Z")


@dataclass(frozen=True, slots=True)
class VirtualTable:
    """A table of virtual functions: where it begins, where its ``end`` is, and the type information it leads to.

    ``point`` is the address that objects have. Without type information ``type_info`` and ``type_name`` are 0, and
    ``mangled`` is empty unless a symbol names the class.
    """

    start: int
    point: int
    end: int
    type_info: int
    type_name: int
    mangled: bytes
    slots: tuple[int, ...]


class VirtualTables:
    """Reads tables of virtual functions, each once."""

    def __init__(self, image: Image, candidates: Iterable[int]) -> None:
        self._image = image
        self._word = image.pointer_size
        self._known: dict[int, VirtualTable | None] = {}
        self._code = [
            (section.address, section.address + section.memory_size)
            for section in image.sections
            if section.kind is SectionKind.CODE
        ] or [(part.address, part.address + part.memory_size) for part in image.segments if part.executable]
        self._likely = set(self._with_pointers(sorted(set(candidates))))

    def _with_pointers(self, addresses: list[int]) -> list[int]:
        """Those of some addresses that lie in data and are aligned as a table of pointers is."""
        place = np.array(addresses, np.uint64)
        likely = place % np.uint64(self._word) == 0
        for start, end in self._code:
            likely &= (place < start) | (place >= end)
        inside = np.zeros(len(place), bool)
        for region in self._image.regions:
            inside |= (place >= region.address) & (place < region.end)
        likely &= inside
        known = self._image.pointers.places
        if len(known):
            following = np.minimum(np.searchsorted(known, place), len(known) - 1)
            likely &= known[following] <= place + np.uint64(2 * self._word)
        found: list[int] = place[likely].tolist()
        return found

    def at(self, address: int) -> VirtualTable | None:
        """The table that begins here or whose address point this is; None where there is none."""
        if address not in self._likely:
            return None
        if address not in self._known:
            self._known[address] = self._read(address) or self._read(address + 2 * self._word)
        return self._known[address]

    def _is_code(self, address: int) -> bool:
        return any(start <= address < end for start, end in self._code)

    def _read(self, point: int) -> VirtualTable | None:
        image, word = self._image, self._word
        start, end, mangled, type_name = point - 2 * word, 0, b"", 0
        for number in image.symbols.at(start):
            name = image.symbols.name(number)
            if name.lstrip("_").startswith("ZTV"):
                mangled = name.lstrip("_")[3:].encode()
                end = start + int(image.symbols.sizes[number])
        type_info = image.pointer(point - word) or 0
        if type_info and (place := image.pointer(type_info + word)):
            text = image.bytes_at(place, 2048).partition(b"\0")[0].lstrip(b"*")
            if _NAME_OF_CLASS.match(text):
                mangled, type_name = mangled or text, place
        if not mangled and not self._begins_plainly(start):
            return None
        most = (end - point) // word if end > point else _MOST_SLOTS
        slots, count = self._slots(point, most)
        if len(slots) < (1 if mangled else _FEWEST_SLOTS):
            return None
        end = max(end, point + count * word)
        return VirtualTable(start, point, end, type_info if type_name else 0, type_name, mangled, slots)

    def _begins_plainly(self, start: int) -> bool:
        """Whether two words of zero stand here that the loader leaves alone."""
        image, word = self._image, self._word
        return image.bytes_at(start, 2 * word) == bytes(2 * word) and all(
            image.pointers.number(place) is None for place in (start, start + word)
        )

    def _slots(self, point: int, most: int) -> tuple[tuple[int, ...], int]:
        """The functions of this file that a table names from its address point on, and how many slots it has."""
        pointers, word = self._image.pointers, self._word
        first = pointers.number(point)
        if first is None and len(pointers.places):
            return (), 0
        if first is None:
            words = self._image.bytes_at(point, most * word)
            order = ">" if self._image.big_endian else "<"
            values = np.frombuffer(words[: len(words) // word * word], f"{order}u{word}").tolist()
            imports = [-1] * len(values)
        else:
            places = pointers.places[first : first + most]
            together = places == point + np.arange(len(places), dtype=np.uint64) * np.uint64(word)
            count = len(places) if together.all() else int(np.argmin(together))
            values = pointers.values[first : first + count].tolist()
            imports = pointers.imports[first : first + count].tolist()
        found: list[int] = []
        for at, (value, outside) in enumerate(zip(values, imports, strict=True)):
            if self._image.machine is Machine.ARM:
                value &= ~1  # Thumb code
            if outside < 0 and not self._is_code(value):
                return tuple(found), at
            if outside < 0:
                found.append(value)
        return tuple(found), len(values)
