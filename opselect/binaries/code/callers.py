"""Which functions call one of a few: found by scanning the whole code for calls, without following it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.image import Image, Machine, Region, unmapped

_CHUNK = 1 << 22
"""Bytes of code that are looked at together: what was looked at goes out of memory again."""


def call_sites(image: Image, functions: Collection[int | str]) -> NDArray[np.uint64]:
    """The addresses of direct calls of some functions, through stubs too, sorted.

    A call is what looks like one and goes to such a function; text between functions can look like that, too.
    """
    slots = _slots(image, functions)
    leading = {address for address in functions if isinstance(address, int)}
    parts = [part for region in _code(image) for part in _chunks(region)]
    found = []
    for part in parts:
        leading.update(_stubs(image, part, slots).tolist())
        found.append(_slot_calls(image, part, slots))
        unmapped(part.content)
    goals = np.array(sorted(leading), np.uint64)
    if len(goals):
        for part in parts:
            found.append(_calls(image, part, goals))
            unmapped(part.content)
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.uint64)


def _slots(image: Image, functions: Collection[int | str]) -> NDArray[np.uint64]:
    """The places of pointers to some functions, as those of the global offset table, sorted."""
    pointers = image.pointers
    names = [number for number, name in enumerate(pointers.import_names) if name in functions]
    addresses = np.array([address for address in functions if isinstance(address, int)], np.uint64)
    own = np.isin(pointers.values, addresses) & (pointers.imports < 0)
    return pointers.places[np.isin(pointers.imports, names) | own]


def _chunks(region: Region) -> Iterator[Region]:
    """A region in parts, each with the beginning of the next, so that no instruction is cut."""
    for start in range(0, len(region.content), _CHUNK):
        yield Region(region.address + start, region.content[start : start + _CHUNK + 16])


def _among(sought: NDArray[np.uint64], addresses: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which addresses are among those that are sought, which are sorted and few."""
    if not len(sought):
        return np.zeros(len(addresses), np.bool_)
    wide = sought.astype(np.int64)
    at = np.minimum(np.searchsorted(wide, addresses), len(wide) - 1)
    return np.equal(wide[at], addresses)


def _code(image: Image) -> Iterator[Region]:
    """The bytes of code, by section where there are sections."""
    for section in image.sections:
        if section.loaded and section.kind.value == "code" and section.size:
            region = image.region_of(section.address)
            if region is not None:
                at = section.address - region.address
                yield Region(section.address, region.content[at : at + section.size])
    if not any(section.loaded for section in image.sections):
        executable = [segment for segment in image.segments if segment.executable]
        yield from (r for r in image.regions if any(s.address <= r.address < s.address + s.size for s in executable))


def _stubs(image: Image, part: Region, slots: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The addresses of the code between callers and functions: jumps through a slot."""
    if image.machine is Machine.X86_64:
        at = _indirect(part, 0x25)
        at = at[_among(slots, at + part.address + 6 + _offset(part, at + 2))]
        # What is allowed before the jump belongs to the stub: endbr64, and the prefix for bounds.
        starts = [at + part.address]
        starts += [at - 1 + part.address, at - 4 + part.address, at - 5 + part.address]
        return np.concatenate(starts).astype(np.uint64)
    return np.empty(0, np.uint64)


def _slot_calls(image: Image, part: Region, slots: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The addresses of calls through a slot, as compilers write them with ``-fno-plt``."""
    if image.machine is Machine.X86_64:
        at = _indirect(part, 0x15)
        return (at[_among(slots, at + part.address + 6 + _offset(part, at + 2))] + part.address).astype(np.uint64)
    return np.empty(0, np.uint64)


def _calls(image: Image, part: Region, goals: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The addresses of what looks like calls of some addresses in a part of the code."""
    if image.machine is Machine.X86_64:
        at = np.flatnonzero((part.content[: max(len(part.content) - 4, 0)] & 0xFE) == 0xE8)
        return (at[_among(goals, at + part.address + 5 + _offset(part, at + 1))] + part.address).astype(np.uint64)
    return np.empty(0, np.uint64)


def _indirect(part: Region, form: int) -> NDArray[np.int64]:
    """Where a jump (form 0x25) or call (0x15) through an address relative to the instruction stands."""
    content = part.content[: max(len(part.content) - 5, 0)]
    at = np.flatnonzero(content == 0xFF)
    return np.compress(part.content[at + 1] == form, at)


def _offset(part: Region, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """The signed numbers of 32 bits at places of a part."""
    if not len(at):
        return np.empty(0, np.int64)
    everywhere: NDArray[np.int32] = np.ndarray((len(part.content) - 3,), "<i4", part.content, strides=(1,))
    return everywhere[at].astype(np.int64)
