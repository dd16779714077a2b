"""Which symbols belong to which kernel class, by their names and without reading them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opselect.audit.owners.classes import KernelClasses
from opselect.audit.owners.intervals import NOTHING
from opselect.binaries.image import Image, unmapped
from opselect.binaries.names.search import Beginnings

_LONGEST_CLASS = 512
"""Longer names of classes are not looked for: TensorFlow's have 220 characters at most."""
_FORMS = (
    b"_ZN", b"_ZNK", b"_ZZN", b"_ZZNK", b"_ZZZN", b"_ZZZNK", b"_ZTV", b"_ZTI", b"_ZTS", b"_ZTVN", b"_ZTIN", b"_ZTSN",
    b"_ZGVN", b"_ZGVZN", b"_ZGVZNK", b"_ZTIZN", b"_ZTIZNK", b"_ZTSZN", b"_ZTSZNK", b"_ZTVZN", b"_ZTVZNK",
)  # fmt: skip
"""What stands in front of the class in the names of members, of what is local to them, and of tables."""


def members_by_name(image: Image, classes: KernelClasses) -> NDArray[np.int32]:
    """For each symbol the number of the kernel class that it belongs to by its name, else -1.

    Members, what is local to them, thunks, guards, the table of virtual functions and type information: their mangled
    names have the class right behind a few letters.
    """
    symbols = image.symbols
    found = np.full(len(symbols), NOTHING, np.int32)
    inner = {
        name[1:-1] if name.startswith(b"N") else name: at
        for at, name in enumerate(classes.mangled)
        if 2 < len(name) <= _LONGEST_CLASS
    }
    if not inner or not len(symbols):
        return found
    candidates: list[tuple[bytes, int]] = []
    beginnings = Beginnings(symbols)
    unmapped(image.content)  # it has looked at the name of every symbol
    text = symbols.text
    longest = max(len(name) for name in inner) + 1
    for form in _FORMS:
        for number in beginnings.continuing_with(form, inner).tolist():
            start = int(symbols.name_at[number]) + len(form)
            candidates.append((text[start : start + longest].tobytes().partition(b"\0")[0], number))
    for number in beginnings.starting_with(b"_ZTh").tolist():
        start = int(symbols.name_at[number])
        name = text[start : start + longest + 16].tobytes().partition(b"\0")[0]
        candidates.append((name.partition(b"_N")[2].removeprefix(b"K"), number))
    candidates.sort()
    _matched(candidates, inner, found)
    return found


def _matched(candidates: list[tuple[bytes, int]], inner: dict[bytes, int], found: NDArray[np.int32]) -> None:
    """Walks sorted names and sorted classes side by side: the longest class that begins a name has it."""
    stack: list[tuple[bytes, int]] = []
    classes = sorted(inner.items())
    following = 0
    for name, number in candidates:
        while following < len(classes) and classes[following][0] <= name:
            while stack and not classes[following][0].startswith(stack[-1][0]):
                stack.pop()
            stack.append(classes[following])
            following += 1
        # What begins with a class follows it at once in the order: if this name does not, no later one does.
        while stack and not name.startswith(stack[-1][0]):
            stack.pop()
        found[number] = next((at for inside, at in reversed(stack) if _begins(name, inside)), NOTHING)


def _begins(name: bytes, class_name: bytes) -> bool:
    """Whether a class begins a name, and not a template of its name."""
    return name.startswith(class_name) and name[len(class_name) : len(class_name) + 1] != b"I"
