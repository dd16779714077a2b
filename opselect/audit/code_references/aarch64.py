"""What AArch64 code refers to: every instruction is a word, so all words of a kind are read at once.

An address is made by two instructions, the page and then the rest of it, with others between them. Source: the Arm
Architecture Reference Manual, "A64 instruction set encoding".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opselect.audit.code_references.referents import CodeReferences, Referents
from opselect.binaries.image import Bytes, unmapped

_CHUNK = 1 << 18
"""In instructions."""
_BEHIND = 2048
"""So many instructions behind a page its rest is looked for, as long as the register keeps the page."""
_CALLER_SAVED = 19


def references(code: Bytes, address: int, targets: Referents) -> list[CodeReferences]:
    """The references of code that stands at an address."""
    words = code[: len(code) // 4 * 4].view("<u4")
    found = []
    for start in range(0, len(words), _CHUNK):
        chunk = words[start : start + _CHUNK + _BEHIND]
        own = min(_CHUNK, len(chunk))
        parts = [_branches(chunk[:own], address + 4 * start), _near(chunk[:own], address + 4 * start)]
        parts.append(_pages(chunk, own, address + 4 * start))
        places = np.concatenate([part[0] for part in parts])
        meant = np.concatenate([part[1] for part in parts])
        known = targets.known(meant)
        places, meant = places[known], meant[known]
        order = np.argsort(places, kind="stable")
        found.append(CodeReferences(places[order].astype(np.uint64), meant[order].astype(np.uint64)))
        unmapped(code[4 * start : 4 * (start + own)])
    return found


def _signed(values: NDArray[Any], bits: int) -> NDArray[np.int64]:
    wide = values.astype(np.int64)
    return np.where(wide >> (bits - 1) & 1, wide - (1 << bits), wide)


def _branches(words: NDArray[np.uint32], address: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """B and BL; conditional branches, which jump 1 MB at most, leave a function only where it is cut in two."""
    at = np.flatnonzero((words & 0x7C000000) == 0x14000000)
    places = address + 4 * at
    conditional = np.flatnonzero(((words & 0xFF000010) == 0x54000000) | ((words & 0x7E000000) == 0x34000000))
    others = address + 4 * conditional
    meant = places + 4 * _signed(words[at] & 0x3FFFFFF, 26)
    meant_by_others = others + 4 * _signed(words[conditional] >> 5 & 0x7FFFF, 19)
    return np.concatenate((places, others)), np.concatenate((meant, meant_by_others))


def _near(words: NDArray[np.uint32], address: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """ADR, and LDR of a literal."""
    at = np.flatnonzero((words & 0x9F000000) == 0x10000000)
    found = words[at]
    places = address + 4 * at
    meant = places + _signed((found >> 5 & 0x7FFFF) << 2 | (found >> 29 & 3), 21)
    literal = np.flatnonzero((words & 0x3B000000) == 0x18000000)
    others = address + 4 * literal
    meant_by_others = others + 4 * _signed(words[literal] >> 5 & 0x7FFFF, 19)
    return np.concatenate((places, others)), np.concatenate((meant, meant_by_others))


def _pages(words: NDArray[np.uint32], own: int, address: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """ADRP, and whatever adds to its register until something else is written to that.

    The place is that of the page's instruction: only what stands behind it can tell where a function ends.
    """
    at = np.flatnonzero((words[:own] & 0x9F000000) == 0x90000000)
    found = words[at]
    register = (found & 31).astype(np.int64)
    page: NDArray[np.int64] = ((address + 4 * at) >> 12 << 12) + (
        _signed((found >> 5 & 0x7FFFF) << 2 | (found >> 29 & 3), 21) << 12
    )
    places, meant = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for distance in range(1, _BEHIND):
        alive = at + distance < len(words)
        at, register, page = at[alive], register[alive], page[alive]
        if not len(at):
            break
        word = words[at + distance]
        base = (word >> 5 & 31) == register
        rest = _rest(word)
        used = np.flatnonzero(base & (rest >= 0))
        places.append(address + 4 * at[used])
        meant.append(page[used] + rest[used])
        alive = ~_overwrites(word, register)
        at, register, page = at[alive], register[alive], page[alive]
    return np.concatenate(places), np.concatenate(meant)


def _rest(word: NDArray[np.uint32]) -> NDArray[np.int64]:
    """What an ADD of a constant, a load or a store adds to its base; -1 for everything else."""
    constant = (word >> 10 & 0xFFF).astype(np.int64)
    added = (word & 0xFFC00000) == 0x91000000
    access = (word & 0x3B000000) == 0x39000000
    size = word >> 30
    wide = (word & 0x04800000) == 0x04800000  # sixteen bytes: a vector register whose size says one
    scaled = constant << np.where(wide & (size == 0), 4, size).astype(np.int64)
    return np.where(added, constant, np.where(access, scaled, -1))


def _overwrites(word: NDArray[np.uint32], register: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an instruction ends what is known of a register: it writes to it, calls, or leaves the function."""
    first, second = (word & 31) == register, (word >> 10 & 31) == register
    computes = ((word >> 26 & 7) == 4) | ((word >> 25 & 7) == 5)
    access = (word & 0x0A000000) == 0x08000000
    # A vector register has the same number and is another one.
    loads = access & (word & 0x04000000 == 0)
    pair = (word & 0x3A000000) == 0x28000000
    single = (word & 0x3A000000) == 0x38000000
    is_load = ~(pair | single) | (word >> 22 & 3 != 0)
    written = (computes & first) | (loads & is_load & (first | (pair & second)))
    call = ((word & 0xFC000000) == 0x94000000) | ((word & 0xFFFFFC1F) == 0xD63F0000)
    leaves = ((word & 0xFFFFFC1F) == 0xD65F0000) | ((word & 0xFFFFFC1F) == 0xD61F0000)
    ended: NDArray[np.bool_] = written | (call & (register < _CALLER_SAVED)) | leaves
    return ended
