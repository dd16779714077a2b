"""A place in a mangled name, and what all parts of the grammar need: limits, numbers, substitutions.

Source: the Itanium C++ ABI, section 5.1 "Name Mangling"; docstrings of the readers are its rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

LONGEST_NAME = 1 << 15
"""Names longer than this are not read: the longest of TensorFlow's libraries has 19,351 characters."""
_LONGEST_TEXT = 1 << 18
_MOST_WORK = 1 << 23
"""Characters that one name may write in all, since substitutions can double a text again and again."""
_DEEPEST = 90


class UnreadableError(Exception):
    """The name is not of the grammar, or a limit is met. Stays within this package."""


class Piece(NamedTuple):
    """A part of a readable name: what stands before and behind a declarator.

    ``encloses`` is "function" or "array" where a pointer to it needs parentheses. ``pack`` are the arguments of a
    parameter pack; while ``open_pack`` is set they still await the expansion that writes them out.
    """

    left: str
    right: str = ""
    encloses: str = ""
    pack: tuple[Piece, ...] | None = None
    open_pack: bool = False

    @property
    def text(self) -> str:
        """All of it, without a declarator."""
        if self.pack is not None:
            return ", ".join(part.text for part in self.pack if part.text)
        return self.left + self.right


class Cursor:
    """Walks over a mangled name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.at = 0
        self.known: list[Piece] = []
        self.arguments: list[Piece] = []
        self.in_lambda = 0
        self.in_conversion = False
        self._depth = 0
        self._work = 0

    def starts(self, text: str) -> bool:
        """Whether a text stands here."""
        return self.name.startswith(text, self.at)

    def skip(self, text: str) -> bool:
        """Goes behind a text if it stands here."""
        if self.name.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def need(self, text: str) -> None:
        """Goes behind a text that must stand here."""
        if not self.skip(text):
            raise UnreadableError

    @property
    def here(self) -> str:
        """The character here; empty at the end."""
        return self.name[self.at : self.at + 1]

    def take(self) -> str:
        """The character here, and goes behind it."""
        found = self.here
        if not found:
            raise UnreadableError
        self.at += 1
        return found

    def digits(self) -> str:
        """The decimal digits here; empty where there are none."""
        start = self.at
        end = len(self.name)
        while self.at < end and "0" <= self.name[self.at] <= "9":
            self.at += 1
        return self.name[start : self.at]

    def number(self) -> int:
        """``<number>``: decimal digits, with ``n`` in front of a negative one."""
        negative = self.skip("n")
        digits = self.digits()
        if not digits or len(digits) > 9:
            raise UnreadableError
        return -int(digits) if negative else int(digits)

    def sequence(self) -> int:
        """``[<seq-id>] _``: base 36 in digits and capitals; nothing is 0, ``0`` is 1."""
        start = self.at
        while (found := self.take()) != "_":
            if not (found.isdigit() or "A" <= found <= "Z") or self.at - start > 6:
                raise UnreadableError
        digits = self.name[start : self.at - 1]
        return int(digits, 36) + 1 if digits else 0

    def index(self) -> int:
        """``[<number>] _``: nothing is 0, ``0`` is 1."""
        found = self.digits()
        self.need("_")
        if len(found) > 9:
            raise UnreadableError
        return int(found) + 1 if found else 0

    def remember(self, piece: Piece) -> Piece:
        """Makes a part known to later substitutions."""
        self.spend(len(piece.left) + len(piece.right))
        self.known.append(piece)
        return piece

    def spend(self, count: int) -> None:
        """Counts written characters against the limits."""
        self._work += count
        if count > _LONGEST_TEXT or self._work > _MOST_WORK:
            raise UnreadableError

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """Around parts that contain themselves."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnreadableError
        try:
            yield
        finally:
            self._depth -= 1
