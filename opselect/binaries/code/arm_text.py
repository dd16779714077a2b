"""Operands of ARM instructions, 32 and 64 bits, as the disassembler writes them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_PARTS = re.compile(r"\[[^\]]*\]!?|\{[^}]*\}|[^,\[\]{}]+")


class Indirect(NamedTuple):
    """Memory at ``base`` plus ``offset`` or another register; ``shift`` bits to the left.

    With ``before`` the base is moved first; what moves it behind is an operand of its own.
    """

    base: str
    offset: int
    register: str
    shift: int
    before: bool


Operand = str | int | Indirect
"""A register, a number, or memory. A list of registers stands as it is written."""


@lru_cache(maxsize=1 << 14)
def operands(text: str) -> tuple[Operand, ...]:
    """The operands of an instruction."""
    return tuple(_operand(part.strip()) for part in _PARTS.findall(text) if part.strip())


def _operand(text: str) -> Operand:
    if text.startswith("["):
        parts = [part.strip() for part in text.strip("[]!").split(",")]
        offset, register, shift = 0, "", 0
        for part in parts[1:]:
            if part.startswith("#"):
                offset = _number(part) or 0
            elif part.startswith("lsl"):
                shift = _number(part.partition(" ")[2]) or 0
            elif part and not part.startswith(("sxt", "uxt")):
                register = part
        return Indirect(parts[0], offset, register, shift, text.endswith("!"))
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | None:
    try:
        return int(text.lstrip("#"), 0)
    except ValueError:
        return None
