"""What 32-bit ARM code refers to, in both of its instruction sets.

Which set a function is in need not be known: what looks like an instruction of either is taken, and has to mean the
start of a function or data. Addresses of data come in two parts: a distance out of a pool of literals or out of two
halves, and an instruction that adds where it stands. Source: the Arm Architecture Reference Manual for A-profile, "T32"
and "A32 instruction set encoding".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opselect.audit.code_references.referents import CodeReferences, Referents
from opselect.binaries.image import Bytes

_BEHIND = 40
"""So many halfwords or words behind a distance the instruction is looked for that adds its own place to it."""
_CHUNK = 1 << 20

_Numbers = NDArray[np.int64]


def references(code: Bytes, address: int, targets: Referents, table: int) -> list[CodeReferences]:
    """The references of code that stands at an address; ``table`` is where the global offset table begins."""
    halves = code[: len(code) // 2 * 2].view("<u2").astype(np.int64)
    words = code[: len(code) // 4 * 4].view("<u4").astype(np.int64)
    parts = [_thumb_calls(halves, address), _arm_calls(words, address), _stubs(words, address)]
    for places, values, added in (_thumb_distances(code, halves, address), _arm_distances(code, words, address)):
        alone = added == 0
        parts.append((places[~alone], (values + added)[~alone]))
        # What nothing is added to is an address, or a distance from the table.
        parts += [(places[alone], values[alone]), (places[alone], values[alone] + table)]
    places = np.concatenate([part[0] for part in parts])
    meant = np.concatenate([part[1] for part in parts]) & 0xFFFFFFFF
    # Pointers to Thumb code have their lowest bit set.
    meant = np.where(targets.is_start(meant & ~1), meant & ~1, meant)
    known = targets.known(meant)
    order = np.argsort(places[known], kind="stable")
    found = CodeReferences(places[known][order].astype(np.uint64), meant[known][order].astype(np.uint64))
    return [found]


def _signed(values: NDArray[Any], bits: int) -> _Numbers:
    return np.where(values >> (bits - 1) & 1, values - (1 << bits), values)


def _thumb_calls(halves: _Numbers, address: int) -> tuple[_Numbers, _Numbers]:
    """BL, BLX and B.W of Thumb: eleven bits, two that are joined with the sign, and ten."""
    first, second = halves[:-1], halves[1:]
    at = np.flatnonzero(((first & 0xF800) == 0xF000) & ((second & 0x8000) != 0) & ((second & 0x5000) != 0))
    high, low = first[at], second[at]
    sign = high >> 10 & 1
    upper = (~((low >> 13 & 1) ^ sign) & 1) << 23 | (~((low >> 11 & 1) ^ sign) & 1) << 22
    distance = _signed(sign << 24 | upper | (high & 0x3FF) << 12 | (low & 0x7FF) << 1, 25)
    places = address + 2 * at
    meant = places + 4 + distance
    # BLX goes to code of the other set, which is aligned.
    return places, np.where((low & 0x5000) == 0x4000, meant & ~3, meant)


def _arm_calls(words: _Numbers, address: int) -> tuple[_Numbers, _Numbers]:
    """B, BL and BLX of ARM."""
    at = np.flatnonzero((words & 0x0E000000) == 0x0A000000)
    found = words[at]
    places = address + 4 * at
    half = np.where(found >> 28 == 0xF, found >> 23 & 2, 0)
    return places, places + 8 + 4 * _signed(found & 0xFFFFFF, 24) + half


def stub_starts(words: _Numbers) -> _Numbers:
    """The numbers of the words at which entries of a procedure linkage table begin, with those that change the set."""
    at = np.flatnonzero((words & 0xFFFFF000) == 0xE28FC000)
    from_thumb = (at > 0) & (words[np.maximum(at - 1, 0)] == 0x46C04778)
    starts: _Numbers = at - from_thumb
    return starts


def _stubs(words: _Numbers, address: int) -> tuple[_Numbers, _Numbers]:
    """What entries of a procedure linkage table load: PC with two or three constants is where the slot stands."""
    at = np.flatnonzero((words[:-2] & 0xFFFFF000) == 0xE28FC000)
    meant = address + 4 * at + 8 + _rotated(words[at])
    second = words[at + 1]
    meant += np.where((second & 0xFFFFF000) == 0xE28CC000, _rotated(second), 0)
    loads = words[at + 2]
    return address + 4 * at, meant + np.where((loads & 0xFFFFF000) == 0xE5BCF000, loads & 0xFFF, 0)


def _rotated(words: _Numbers) -> _Numbers:
    """The constant of an instruction: eight bits, turned to the right by twice four others."""
    turn = (words >> 8 & 15) * 2
    both = (words & 0xFF) << 32 >> turn
    return both >> 32 | both & 0xFFFFFFFF


def _literal(code: Bytes, address: int, at: _Numbers) -> tuple[_Numbers, NDArray[np.bool_]]:
    """The words at addresses, and which of these stand in the code."""
    inside = (at >= address) & (at <= address + len(code) - 4) & (at % 4 == 0)
    offsets = np.where(inside, at - address, 0)
    view: NDArray[np.uint32] = np.ndarray(max(len(code) - 3, 0), "<u4", buffer=code, strides=(1,))
    return view[offsets].astype(np.int64), inside


def _thumb_distances(code: Bytes, halves: _Numbers, address: int) -> tuple[_Numbers, _Numbers, _Numbers]:
    """Places, numbers that registers get, and the place plus four of the ADD that adds PC to them, 0 without one."""
    short = np.flatnonzero((halves & 0xF800) == 0x4800)
    long = np.flatnonzero((halves[:-1] & 0xFF7F) == 0xF85F)
    pairs = _halves_of_thumb(halves)
    numbers = np.concatenate((short, long))
    register = np.concatenate((halves[short] >> 8 & 7, halves[long + 1] >> 12))
    offset = np.concatenate((
        (halves[short] & 0xFF) * 4,
        np.where(halves[long] & 0x80, halves[long + 1] & 0xFFF, -(halves[long + 1] & 0xFFF)),
    ))  # fmt: skip
    values, inside = _literal(code, address, (address + 2 * numbers + 4 & ~3) + offset)
    numbers = np.concatenate((numbers[inside], pairs[0]))
    register = np.concatenate((register[inside], pairs[1]))
    values = np.concatenate((values[inside], pairs[2]))
    added = np.zeros(len(numbers), np.int64)
    for distance in range(_BEHIND, 0, -1):
        at = np.minimum(numbers + distance, len(halves) - 1)
        adds = halves[at] == (0x4478 | (register & 8) << 4 | register & 7)
        added[adds] = address + 2 * at[adds] + 4
    return address + 2 * numbers, values, added


def _halves_of_thumb(halves: _Numbers) -> tuple[_Numbers, _Numbers, _Numbers]:
    """MOVW with the MOVT of the same register at most four instructions behind: where, register, number."""
    low_at = np.flatnonzero(((halves[:-1] & 0xFBF0) == 0xF240) & ((halves[1:] & 0x8000) == 0))
    register = halves[low_at + 1] >> 8 & 15
    numbers = _halfword(halves[low_at], halves[low_at + 1])
    upper = np.full(len(low_at), -1, np.int64)
    for distance in (8, 7, 6, 5, 4, 3, 2):
        at = np.minimum(low_at + distance, max(len(halves) - 2, 0))
        fits = ((halves[at] & 0xFBF0) == 0xF2C0) & ((halves[at + 1] >> 8 & 0x8F) == register)
        upper[fits] = _halfword(halves[at], halves[at + 1])[fits]
    whole = upper >= 0
    return low_at[whole], register[whole], numbers[whole] | upper[whole] << 16


def _halfword(first: _Numbers, second: _Numbers) -> _Numbers:
    return (first & 15) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF


def _arm_distances(code: Bytes, words: _Numbers, address: int) -> tuple[_Numbers, _Numbers, _Numbers]:
    """As of Thumb; what is added to is a sum, or the base of a load."""
    loads = np.flatnonzero((words & 0x0F7F0000) == 0x051F0000)
    found = words[loads]
    offset = np.where(found >> 23 & 1, found & 0xFFF, -(found & 0xFFF))
    values, inside = _literal(code, address, address + 4 * loads + 8 + offset)
    numbers, register, values = loads[inside], (found >> 12 & 15)[inside], values[inside]
    low_at = np.flatnonzero((words & 0x0FF00000) == 0x03000000)
    wanted = words[low_at] >> 12 & 15
    upper = np.full(len(low_at), -1, np.int64)
    for distance in (4, 3, 2, 1):
        later = words[np.minimum(low_at + distance, len(words) - 1)]
        fits = ((later & 0x0FF00000) == 0x03400000) & ((later >> 12 & 15) == wanted)
        upper[fits] = (later >> 4 & 0xF000 | later & 0xFFF)[fits]
    whole = upper >= 0
    halves = (words[low_at] >> 4 & 0xF000 | words[low_at] & 0xFFF) | upper << 16
    numbers = np.concatenate((numbers, low_at[whole]))
    register = np.concatenate((register, wanted[whole]))
    values = np.concatenate((values, halves[whole]))
    added = np.zeros(len(numbers), np.int64)
    for distance in range(_BEHIND, 0, -1):
        at = np.minimum(numbers + distance, len(words) - 1)
        later = words[at]
        sums = (later & 0x0FEF0000) == 0x008F0000
        bases = (later & 0x0FFF0000) == 0x079F0000
        adds = (sums | bases) & ((later & 0xFFF) == register)
        added[adds] = address + 4 * at[adds] + 8
    return address + 4 * numbers, values, added
