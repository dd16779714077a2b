"""What is known of a register or a word of memory, and the calls that are made with it.

A value is a number (an address of the image among them), a `Place` in memory that only exists when the program runs, an
`Imported` address, or what stands there (`Loaded`). None is what is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from opselect.binaries.code.jumps import Jumps

GIVEN = -(1 << 32)
"""The base of what a function is given as its first argument, where that matters; one less for each further one."""
STACK = 0
"""The base of places on the stack; the other bases are numbers of calls, whose result they are."""


_MOST_OBJECTS = 16
_WIDEST = 64
_WORDS_OF_OBJECT = 4


class Place(NamedTuple):
    """An address that is ``offset`` bytes behind a base: the stack where the function began, or a call's result."""

    base: int
    offset: int


class Imported(NamedTuple):
    """The address of a symbol of another library."""

    name: str


class Loaded(NamedTuple):
    """The word that stands at the address of a symbol of another library, as in ``DEVICE_CPU``."""

    name: str


class Either(NamedTuple):
    """One of two values, which only the run decides: a conditional move."""

    first: int
    second: int


Value = int | Place | Imported | Loaded | Either | bytes | None
"""Bytes are the contents of a wide register."""

_NONE = Jumps()


class CodeCall(NamedTuple):
    """A call: ``number`` counts from 1 in the calls of its function and is the base of its result.

    ``place`` is the address of the instruction, ``after`` the one behind it. ``target`` is the address of the function
    in the image that it goes to in the end, or the name of an import; None where it cannot be known. ``memory`` is that
    of the whole function: what it held at the time of this call, it tells by ``number``. A ``jump`` is a call that the
    function ends with. ``jumps`` are those of the function that it stands in.
    """

    number: int
    place: int
    after: int
    target: int | str | None
    arguments: tuple[Value, ...]
    memory: Memory
    jump: bool = False
    jumps: Jumps = _NONE


class _Stored(NamedTuple):
    """What a word held from a store on: the calls and stores until then, the bytes that it takes, and the value."""

    calls: int
    number: int
    size: int
    value: Value


class Memory:
    """What is known of words of memory that only exist when the program runs.

    Every word keeps what it held before, with the number of calls that were made until then.
    """

    __slots__ = ("_stores", "_word_size", "_words", "calls", "texts")

    def __init__(self, word_size: int) -> None:
        self._words: dict[Place, list[_Stored]] = {}
        self._word_size = word_size
        self._stores = 0
        self.calls = 0
        self.texts: dict[Place, list[tuple[int, int]]] = {}
        """Places of objects that a call made of the text at an address, with the number of the call."""

    def store(self, place: Place, size: int, value: Value) -> None:
        """Notes what so many bytes at a place hold from now on."""
        self._stores += 1
        self._words.setdefault(place, []).append(_Stored(self.calls, self._stores, size, value))

    def load(self, place: Place, size: int, call: int | None = None) -> Value:
        """What so many bytes at a place hold, now or when a call was made."""
        words = self._words.get(place)
        if words is None:
            return None
        stored = words[-1] if call is None else next((word for word in reversed(words) if word.calls < call), None)
        if stored is None:
            return None
        _, _, held, value = stored
        if isinstance(value, bytes) and held > size:
            # A word of what a wide register held: the length of a text, and its letters behind it.
            return int.from_bytes(value[:size], "little") if len(value) >= size else None
        if held == size or not isinstance(value, int):
            return value if held >= size else None
        return value & ((1 << (8 * size)) - 1) if held > size else None

    def content(self, place: Place, limit: int, call: int) -> bytes:
        """The bytes from a place on when a call was made, as far as they are known without a gap."""
        stores = []
        for offset in range(place.offset - _WIDEST + 1, place.offset + limit):
            words = self._words.get(Place(place.base, offset), ())
            stores += [(word.number, offset - place.offset, word) for word in words if word.calls < call]
        known = bytearray(limit)
        is_known = bytearray(limit)
        for _, at, word in sorted(stores, key=lambda store: store[0]):
            found = b""
            if isinstance(word.value, int):
                found = (word.value & ((1 << (8 * word.size)) - 1)).to_bytes(word.size, "little")
            elif isinstance(word.value, bytes):
                found = word.value[: word.size]
            for number in range(max(-at, 0), min(word.size, limit - at)):
                is_known[at + number] = number < len(found)
                known[at + number] = found[number] if number < len(found) else 0
        end = is_known.find(0)
        return bytes(known[: end if end >= 0 else limit])

    def pair(self, place: Place, call: int) -> tuple[Value, Value]:
        """The two words at a place when a call was made."""
        size = self._word_size
        return self.load(place, size, call), self.load(Place(place.base, place.offset + size), size, call)

    def reachable(self, place: Place, call: int) -> Iterator[Value]:
        """The first words of an object when a call was made, and of the objects that these point at."""
        seen, wanted = {place}, [place]
        while wanted and len(seen) < _MOST_OBJECTS:
            start = wanted.pop()
            for at in range(_WORDS_OF_OBJECT):
                value = self.load(Place(start.base, start.offset + at * self._word_size), self._word_size, call)
                yield value
                if isinstance(value, Place) and value not in seen:
                    seen.add(value)
                    wanted.append(value)

    def made_of(self, place: Place, call: int) -> int | None:
        """The address of the text that an object at a place was made of before a call."""
        return next((text for number, text in reversed(self.texts.get(place, ())) if number < call), None)
