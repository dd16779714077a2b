"""Where functions begin: the linker's list of them, which stripping leaves.

Source: LC_FUNCTION_STARTS in mach-o/loader.h of Apple's cctools: distances from one function to the next as ULEB128
numbers, the first from the file's own header; on 32-bit ARM the lowest bit of an address says that it is Thumb code.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Addresses, Bytes, Functions, Machine, merged_functions
from opselect.binaries.macho.headers import MachFile, MachSection
from opselect.binaries.macho.symbols import each_once

_LONGEST = 10


def function_starts(file: MachFile) -> tuple[Addresses, frozenset[int]]:
    """Where functions begin by the linker's list, sorted; and which of them are in Thumb code."""
    distances = _unsigned_numbers(file.table("function starts"))
    zero = np.flatnonzero(distances == 0)
    if len(zero):
        distances = distances[: zero[0]]
    starts = np.cumsum(distances, dtype=np.uint64) + np.uint64(file.base)
    thumb: frozenset[int] = frozenset()
    if file.machine is Machine.ARM:
        odd = (starts & np.uint64(1)).astype(np.bool_)
        starts &= ~np.uint64(1)
        thumb = frozenset(starts[odd].tolist())
    inside = np.zeros(len(starts), np.bool_)
    for section in file.sections:
        if section.is_code and section.size:
            inside |= (starts >= np.uint64(section.address)) & (starts < np.uint64(section.end))
    return each_once(starts[inside]), thumb


def _unsigned_numbers(data: Bytes) -> NDArray[np.uint64]:
    """The ULEB128 numbers of which a table is made; one that is cut is left out."""
    ends = np.flatnonzero(data < 0x80)
    begins = np.empty_like(ends)
    if len(ends):
        begins[0], begins[1:] = 0, ends[:-1] + 1
    values = np.zeros(len(ends), np.uint64)
    for number in range(min(_LONGEST, int((ends - begins).max(initial=0)) + 1)):
        longer = begins + number <= ends
        values[longer] |= (data[begins[longer] + number] & 0x7F).astype(np.uint64) << np.uint64(7 * number)
    return values


def functions_of(sections: Sequence[MachSection], starts: Sequence[Addresses]) -> Functions:
    """Functions from where they start by several sources; each ends where the next begins or its section ends."""
    every = each_once(np.concatenate([np.empty(0, np.uint64), *starts]))
    code = sorted((section.address, section.end) for section in sections if section.is_code and section.size)
    begins = np.array([begin for begin, _ in code], np.uint64)
    stops = np.array([end for _, end in code] + [0], np.uint64)
    # Before the first section the last of the ends is taken, which is 0 and makes it no function.
    ends = stops[np.searchsorted(begins, every, "right") - 1]
    return merged_functions([every], [ends])
