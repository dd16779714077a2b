"""Which functions call one of a few: found by scanning the whole code for calls, without following it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.code.targets import CallTargets
from opselect.binaries.image import Image, Machine, Region, SectionKind, unmapped

_CHUNK = 1 << 22
"""Bytes of code that are looked at together: what was looked at goes out of memory again."""


def call_sites(image: Image, targets: CallTargets, functions: Collection[int | str]) -> NDArray[np.uint64]:
    """The addresses of direct calls of some functions, through stubs too, sorted.

    A call is what looks like one and goes to such a function; text between functions can look like that, too.
    """
    slots, wanted = _slots(image, functions), frozenset(functions)
    leading = {address for address in functions if isinstance(address, int)}
    leading |= {address for address, name in image.stubs.items() if name in wanted}
    for region in _code(image, stubs_only=True):
        for part in _chunks(region):
            leading.update(_stubs(image, part, slots, targets, wanted).tolist())
            unmapped(part.content)
    goals = np.array(sorted(leading), np.uint64)
    found = []
    for region in _code(image):
        for part in _chunks(region):
            found += [_slot_calls(image, part, slots), _calls(image, part, goals)]
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


def _code(image: Image, *, stubs_only: bool = False) -> Iterator[Region]:
    """The bytes of code, by section where there are sections.

    With ``stubs_only`` of x86 code the sections for stubs alone; on ARM they can stand between any functions.
    """
    stubs_only = stubs_only and image.machine in {Machine.X86_64, Machine.X86}
    for section in image.sections:
        named = not stubs_only or any(word in section.name for word in ("plt", "stubs"))
        if section.loaded and section.kind is SectionKind.CODE and section.size and named:
            region = image.region_of(section.address)
            if region is not None:
                at = section.address - region.address
                yield Region(section.address, region.content[at : at + section.size])
    if not any(section.loaded for section in image.sections):
        executable = [segment for segment in image.segments if segment.executable]
        yield from (r for r in image.regions if any(s.address <= r.address < s.address + s.size for s in executable))


def _stubs(
    image: Image, part: Region, slots: NDArray[np.uint64], targets: CallTargets, functions: Collection[int | str]
) -> NDArray[np.uint64]:
    """The addresses of the code between callers and functions: jumps through a slot."""
    if image.machine is Machine.X86_64:
        at = _found(part, b"\xff\x25")
        at = at[_among(slots, at + part.address + 6 + _offset(part, at + 2))]
        # What is allowed before the jump belongs to the stub: endbr64, and the prefix for bounds.
        starts = [at + part.address]
        starts += [at - 1 + part.address, at - 4 + part.address, at - 5 + part.address]
        return np.concatenate(starts).astype(np.uint64)
    if image.machine in {Machine.AARCH64, Machine.ARM, Machine.X86}:
        candidates = _jumps(image.machine, part)
        leads = [address for address in candidates if targets.of(address) in functions]
        return np.array(leads, np.uint64)
    return np.empty(0, np.uint64)


def _jumps(machine: Machine, part: Region) -> list[int]:
    """Where stubs may begin that end with a jump through a register or a slot: up to four instructions before it."""
    words = _words(part) if machine is not Machine.X86 else np.empty(0, np.uint32)
    if machine is Machine.AARCH64:
        at = np.flatnonzero((words == 0xD61F0220) | (words == 0xD61F0200))
        before: tuple[int, ...] = (8, 12, 16)
    elif machine is Machine.X86:
        jumps = np.concatenate([_found(part, b"\xff\x25"), _found(part, b"\xff\xa3")])
        return [part.address + int(number) - distance for number in jumps for distance in (0, 4)]
    else:
        at = np.flatnonzero((words & 0xFFFFF000) == 0xE5BCF000)
        before = (8, 12)
    return [part.address + 4 * int(number) - distance for number in at for distance in before]


def _words(part: Region) -> NDArray[np.uint32]:
    """The words of 32 bits of code, which begins at a multiple of four."""
    return part.content[: len(part.content) // 4 * 4].view("<u4")


def _slot_calls(image: Image, part: Region, slots: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The addresses of calls through a slot, as compilers write them with ``-fno-plt``."""
    if image.machine is Machine.X86_64:
        at = _found(part, b"\xff\x15")
        return (at[_among(slots, at + part.address + 6 + _offset(part, at + 2))] + part.address).astype(np.uint64)
    return np.empty(0, np.uint64)


def _calls(image: Image, part: Region, goals: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The addresses of what looks like calls of some addresses in a part of the code."""
    if image.machine in {Machine.X86_64, Machine.X86}:
        at = np.flatnonzero((part.content[: max(len(part.content) - 4, 0)] & 0xFE) == 0xE8)
        return (at[_among(goals, at + part.address + 5 + _offset(part, at + 1))] + part.address).astype(np.uint64)
    if image.machine is Machine.AARCH64:
        words = _words(part)
        at = np.flatnonzero((words & 0x7C000000) == 0x14000000)
        places = at * 4 + part.address
        return places[_among(goals, places + _signed(words[at], 26) * 4)].astype(np.uint64)
    if image.machine is Machine.ARM:
        return np.concatenate([_arm_calls(part, goals), _thumb_calls(part, goals)])
    return np.empty(0, np.uint64)


def _arm_calls(part: Region, goals: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """``bl``, ``b`` and ``blx`` in ARM code: 24 bits of words from two instructions further on."""
    words = _words(part)
    kinds = words >> 24
    at = np.flatnonzero((kinds == 0xEB) | (kinds == 0xEA) | ((kinds & 0xFE) == 0xFA))
    places = at * 4 + part.address
    half = np.where((kinds[at] & 0xFF) == 0xFB, 2, 0)
    return places[_among(goals, places + 8 + _signed(words[at], 24) * 4 + half)].astype(np.uint64)


def _thumb_calls(part: Region, goals: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """``bl``, ``blx`` and ``b.w`` in Thumb code: two half-words, whose bits make an offset of 25 bits."""
    halves = part.content[: len(part.content) // 2 * 2].view("<u2").astype(np.int64)
    first, second = halves[:-1], halves[1:]
    form = second & 0xD000
    at = np.flatnonzero(((first & 0xF800) == 0xF000) & ((form == 0xD000) | (form == 0xC000) | (form == 0x9000)))
    high, low = first[at], second[at]
    sign = high >> 10 & 1
    offset = (high & 0x3FF) << 12 | (low & 0x7FF) << 1
    offset |= (1 - ((low >> 13 & 1) ^ sign)) << 23 | (1 - ((low >> 11 & 1) ^ sign)) << 22 | sign << 24
    offset -= sign << 25
    places = at * 2 + part.address
    origin = np.where((low & 0xD000) == 0xC000, (places + 4) & ~3, places + 4)
    return places[_among(goals, origin + offset)].astype(np.uint64)


def _signed(words: NDArray[np.uint32], bits: int) -> NDArray[np.int64]:
    """The lowest bits of words as signed numbers."""
    return (words.astype(np.int64) << (64 - bits)) >> (64 - bits)


def _found(part: Region, form: bytes) -> NDArray[np.int64]:
    """Where instructions of six bytes with these two first ones stand in a part."""
    content, number = part.content, int.from_bytes(form, "little")
    whole = len(content) // 2 * 2
    shifted = (len(content) - 1) // 2 * 2
    even = np.flatnonzero(content[:whole].view("<u2") == number) * 2
    odd = np.flatnonzero(content[1 : 1 + shifted].view("<u2") == number) * 2 + 1 if shifted > 0 else even[:0]
    places = np.concatenate([even, odd])
    return places[places <= len(content) - 6]


def _offset(part: Region, at: NDArray[np.int64]) -> NDArray[np.int64]:
    """The signed numbers of 32 bits at places of a part."""
    if not len(at):
        return np.empty(0, np.int64)
    # Numbers at every byte, one overlapping the next.
    everywhere: NDArray[np.int32] = np.ndarray((len(part.content) - 3,), "<i4", part.content, strides=(1,))
    return everywhere[at].astype(np.int64)
