"""Addresses that short pieces of code refer to, for thousands of pieces at once and without decoding instructions.

A piece of x86-64 or AArch64 code is searched at every byte for the forms that refer to an address; a form that stands
there by accident leads to nothing that anybody looks for. In 32-bit code addresses are made in more ways, so all of it
is read as for the graph of references.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opselect.audit.pieces import code_pieces, code_sections
from opselect.audit.references import code_references
from opselect.binaries.image import Image, Machine

_Found = tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]
_TOGETHER = 2000
"""So many pieces at once: the columns take fifty times the code."""
_WINDOW = 16
"""Instructions within which the second half of an address follows the first."""


def targets_of(image: Image, starts: NDArray[np.uint64], ends: NDArray[np.uint64]) -> _Found:
    """What pieces of code refer to: the number of the piece, the address, and whether it is called or jumped to.

    Sorted by piece, then place. Addresses that the code loads through the global offset table are those behind it.
    """
    if image.machine in {Machine.ARM, Machine.X86}:
        return _of_32_bit_code(image, starts, ends)
    read = _READERS.get(image.machine)
    parts: list[_Found] = []
    if read is not None:
        for first in range(0, len(starts), _TOGETHER):
            pieces = _pieces(image, starts[first : first + _TOGETHER], ends[first : first + _TOGETHER])
            parts += [read(image, owners + first, code, at, end) for owners, code, at, end in pieces]
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, bool)
    owners, targets, calls = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(owners, kind="stable")
    return owners[order], targets[order], calls[order]


_Piece = tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]


def _pieces(image: Image, starts: NDArray[np.uint64], ends: NDArray[np.uint64]) -> list[_Piece]:
    """The pieces of each region as one run of bytes: of each the number of its piece, it, its address, the end."""
    found = []
    for region in image.regions:
        inside = np.flatnonzero((starts >= region.address) & (ends <= region.end) & (ends > starts))
        if not len(inside):
            continue
        lengths = (ends[inside] - starts[inside]).astype(np.int64)
        owners = np.repeat(inside, lengths)
        within = np.arange(int(lengths.sum()), dtype=np.int64) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        # Addresses have 64 bits without a sign: only what is counted from the region is sure to fit.
        offsets = (starts[owners] - np.uint64(region.address)).astype(np.int64) + within
        addresses = starts[owners].astype(np.int64) + within
        found.append((owners, region.content[offsets], addresses, ends[owners].astype(np.int64)))
    return found


def _through_table(image: Image, slots: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The addresses that the loader puts at slots; 0 where it is none of this file."""
    pointers = image.pointers
    if not len(pointers.places):
        return np.zeros(len(slots), np.uint64)
    number = np.minimum(np.searchsorted(pointers.places, slots.astype(np.uint64)), len(pointers.places) - 1)
    known = (pointers.places[number] == slots.astype(np.uint64)) & (pointers.imports[number] < 0)
    return np.where(known, pointers.values[number], np.uint64(0))


def _x86(
    image: Image, owners: NDArray[np.int64], code: NDArray[np.uint8], addresses: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> _Found:  # fmt: skip
    """``call``/``jmp rel32``, ``lea reg, [rip+rel32]`` and ``mov reg, [rip+rel32]``; ``mov reg, imm32`` where the
    program is linked for a fixed place."""
    count = len(code)
    if count < 8:
        return np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, bool)
    padded = np.append(code, np.zeros(8, np.uint8))
    at = np.arange(count)
    rest = ends - addresses
    call = ((code == 0xE8) | (code == 0xE9)) & (rest >= 5)
    relative = (padded[at + 2] & 0xC7) == 0x05
    wide = ((code & 0xFB) == 0x48) & relative & (rest >= 7)
    lea, load = wide & (padded[at + 1] == 0x8D), wide & (padded[at + 1] == 0x8B)
    # A factory may be no more than a jump to another of the same code.
    short = (code == 0xEB) & (np.append(True, owners[1:] != owners[:-1])) & (rest >= 2)
    move = (code >= 0xB8) & (code <= 0xBF) & (rest >= 5)
    place = np.flatnonzero(call | lea | load | move | short)
    wide_here = (lea | load)[place]
    at_offset = place + np.where(wide_here, 3, 1)
    offsets = np.ascontiguousarray(padded[at_offset[:, None] + np.arange(4)]).view("<i4")[:, 0].astype(np.int64)
    ends_here = addresses[place] + np.where(wide_here, 7, 5)
    targets = np.where(move[place], offsets, ends_here + offsets).astype(np.uint64)
    jumps = short[place]
    nearest = padded[place[jumps] + 1].astype(np.int8).astype(np.int64)
    targets[jumps] = (addresses[place[jumps]] + 2 + nearest).astype(np.uint64)
    loads = load[place]
    targets[loads] = _through_table(image, targets[loads].astype(np.int64))
    return owners[place], targets, (call | short)[place]


def _of_32_bit_code(image: Image, starts: NDArray[np.uint64], ends: NDArray[np.uint64]) -> _Found:
    """From the references of all code; slots of the global offset table stand for what is in them."""
    every = code_references(image, code_pieces(image))
    if not every:
        return np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, bool)
    places = np.concatenate([part.places for part in every])
    order = np.argsort(places, kind="stable")
    places, targets = places[order], np.concatenate([part.addresses for part in every])[order]
    first, last = np.searchsorted(places, starts), np.searchsorted(places, ends)
    counts = np.maximum(last - first, 0)
    chosen = np.arange(int(counts.sum())) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    found = targets[chosen]
    for section in image.sections:
        if section.name.startswith(".got"):
            slots = (found >= section.address) & (found < section.address + section.memory_size)
            found[slots] = _through_table(image, found[slots].astype(np.int64))
    calls = np.zeros(len(found), bool)
    for section in code_sections(image):
        calls |= (found >= section.address) & (found < section.address + section.size)
    jumping, goals = _thumb_jumps(image, starts, ends)
    owners = np.concatenate([np.repeat(np.arange(len(starts)), counts), jumping])
    order = np.argsort(owners, kind="stable")
    found, calls = np.concatenate([found, goals]), np.append(calls, np.ones(len(goals), bool))
    return owners[order], found[order], calls[order]


def _thumb_jumps(
    image: Image, starts: NDArray[np.uint64], ends: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Pieces of one short branch of Thumb code, and where that goes: to another piece of the same code."""
    short = np.flatnonzero(ends - starts == 2) if image.machine is Machine.ARM else np.empty(0, np.int64)
    words = np.array([image.integer(int(starts[number]), 2) or 0 for number in short.tolist()], np.int64)
    branch = (words & 0xF800) == 0xE000
    distance = ((words & 0x7FF) ^ 0x400) - 0x400
    return short[branch], (starts[short].astype(np.int64) + 4 + distance * 2)[branch].astype(np.uint64)


def _immediate(words: NDArray[np.int64]) -> NDArray[np.int64]:
    """The signed number of 21 bits in ``adr`` and ``adrp``."""
    found = (((words >> 5) & 0x7FFFF) << 2) | ((words >> 29) & 3)
    return (found ^ 0x100000) - 0x100000


def _aarch64(
    image: Image, owners: NDArray[np.int64], code: NDArray[np.uint8], addresses: NDArray[np.int64],
    ends: NDArray[np.int64],
) -> _Found:  # fmt: skip
    """``bl``/``b``, ``adr``, and ``adrp`` with the ``add`` or ``ldr`` that completes it."""
    count = len(code) // 4 * 4
    words = np.ascontiguousarray(code[:count]).view("<u4").astype(np.int64)
    owners, addresses, ends = owners[:count:4], addresses[:count:4], ends[:count:4]
    branch = np.flatnonzero((words & 0x7C000000) == 0x14000000)
    offset = ((words[branch] & 0x3FFFFFF) ^ 0x2000000) - 0x2000000
    found = [(branch, (addresses[branch] + offset * 4).astype(np.uint64), np.ones(len(branch), bool))]
    near = np.flatnonzero((words & 0x9F000000) == 0x10000000)
    found.append((near, (addresses[near] + _immediate(words[near])).astype(np.uint64), np.zeros(len(near), bool)))
    pages = np.flatnonzero((words & 0x9F000000) == 0x90000000)
    base = (addresses[pages] & ~0xFFF) + _immediate(words[pages]) * 4096
    register = words[pages] & 31
    waiting = np.ones(len(pages), bool)
    for step in range(1, _WINDOW):
        second = np.minimum(pages + step, len(words) - 1)
        word = words[second]
        same = (
            waiting & (owners[second] == owners[pages]) & (pages + step < len(words)) & (((word >> 5) & 31) == register)
        )
        adds = same & ((word & 0xFFC00000) == 0x91000000)
        loads = same & ((word & 0xFFC00000) == 0xF9400000)
        added = (base + ((word >> 10) & 0xFFF)).astype(np.uint64)
        found.append((second[adds], added[adds], np.zeros(int(adds.sum()), bool)))
        loaded = _through_table(image, (base + ((word >> 10) & 0xFFF) * 8)[loads])
        found.append((second[loads], loaded, np.zeros(len(loaded), bool)))
        waiting &= ~(adds | loads)
    place, targets, calls = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(place, kind="stable")
    return owners[place[order]], targets[order], calls[order]


_READERS = {Machine.X86_64: _x86, Machine.AARCH64: _aarch64}
