"""Pointers that the loader fills in as chains: each says where the next is (LC_DYLD_CHAINED_FIXUPS).

Source: mach-o/fixup-chains.h of dyld. The chains of all pages are followed side by side, a step of all at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernel_index.errors import InputError
from opselect.binaries.image import Addresses
from opselect.binaries.macho.headers import MachFile, words

_ARM64E, _PTR_64, _PTR_32, _PTR_64_OFFSET = 1, 2, 3, 6
_ARM64E_KERNEL, _ARM64E_USERLAND, _ARM64E_USERLAND24 = 7, 9, 12
_STEPS = {_ARM64E: 8, _PTR_64: 4, _PTR_32: 4, _PTR_64_OFFSET: 4, _ARM64E_KERNEL: 4, _ARM64E_USERLAND: 8,
          _ARM64E_USERLAND24: 8}  # fmt: skip
_OFFSETS = {_PTR_64_OFFSET, _ARM64E_KERNEL, _ARM64E_USERLAND, _ARM64E_USERLAND24}
"""Formats whose targets are distances from the file's own header; those of the others are addresses."""
_NO_PAGE, _SEVERAL, _LAST = 0xFFFF, 0x8000, 0x8000
_PAGE_SIZES = {0x1000, 0x4000, 0x10000}


@dataclass(frozen=True, slots=True)
class Chains:
    """All pointers of the chains: at ``places`` stand ``values``, or the symbol ``names[imports]`` and the value."""

    places: Addresses
    values: Addresses
    imports: NDArray[np.int64]
    names: tuple[bytes, ...]


def chained_pointers(file: MachFile) -> Chains:
    """The pointers that chained fixups make, in no order.

    Raises InputError for forms that are not known, and for chains that leave their pages.
    """
    data = file.table("chained fixups")
    header = _words(file, data, 0, 7)
    if header is None:
        raise _problem(file, "their header is cut")
    version, starts_at, imports_at, names_at, count, form, names_form = header
    if version != 0 or names_form != 0:
        raise _problem(file, f"they are of version {version}, with names of form {names_form}, which is not known")
    names, addends = _imports(file, data, imports_at, names_at, count, form)
    places, values, imports = [np.empty(0, np.uint64)], [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
    room = len(file.content) // 4 + 1
    for number, at in enumerate(_segment_starts(file, data, starts_at)):
        if not at:
            continue
        found = _segment(file, data, number, starts_at + at, room)
        room -= len(found[0])
        places.append(found[0])
        values.append(found[1])
        imports.append(found[2])
    all_values, all_imports = np.concatenate(values), np.concatenate(imports)
    bound = all_imports >= 0
    if bound.any():
        if int(all_imports.max()) >= len(names):
            raise _problem(file, "they name a symbol that is not in their list")
        all_values[bound] += addends[all_imports[bound]]
    return Chains(np.concatenate(places), all_values, all_imports, names)


def _problem(file: MachFile, text: str) -> InputError:
    return InputError(file.name, f"its chained fixups cannot be read: {text}")


def _words(file: MachFile, data: NDArray[np.uint8], at: int, count: int) -> list[int] | None:
    found = data[at : at + 4 * count]
    return [int(word) for word in found.view(file.order + "u4")] if len(found) == 4 * count else None


def _imports(
    file: MachFile, data: NDArray[np.uint8], at: int, names_at: int, count: int, form: int
) -> tuple[tuple[bytes, ...], NDArray[np.uint64]]:
    """The names of the symbols, and what is added to the address of each."""
    order = file.order
    dtypes = {
        1: np.dtype([("name", order + "u4")]),
        2: np.dtype([("name", order + "u4"), ("addend", order + "i4")]),
        3: np.dtype([("name", order + "u8"), ("addend", order + "i8")]),
    }
    if form not in dtypes:
        raise _problem(file, f"their symbols are of form {form}, which is not known")
    dtype = dtypes[form]
    if at + count * dtype.itemsize > len(data):
        raise _problem(file, f"they should have {count} symbols, and end before")
    rows = data[at : at + count * dtype.itemsize].view(dtype)
    shift = 32 if form == 3 else 9
    offsets = (rows["name"].astype(np.uint64) >> np.uint64(shift)).tolist()
    text = data[names_at:].tobytes()
    if count and max(offsets) >= len(text):
        raise _problem(file, "the name of a symbol stands outside them")
    names = []
    size = 0
    for offset in offsets:
        end = text.find(b"\0", offset)
        name = text[offset : end if end >= 0 else len(text)]
        size += len(name)
        # Names may share their ends, but not so that all of them together are much more than what is there.
        if size > 64 * len(text):
            raise _problem(file, "the names of their symbols overlap")
        names.append(name)
    addends = rows["addend"].astype(np.int64).astype(np.uint64) if form > 1 else np.zeros(count, np.uint64)
    return tuple(names), addends


def _segment_starts(file: MachFile, data: NDArray[np.uint8], at: int) -> list[int]:
    """For each segment where its chains are described, counted from ``at``; 0 where it has none."""
    head = _words(file, data, at, 1)
    count = head[0] if head else 0
    found = _words(file, data, at + 4, count) if count <= len(file.segments) else None
    if head is None or found is None:
        raise _problem(file, "the list of their segments is cut or longer than that of the file")
    return found


def _segment(
    file: MachFile, data: NDArray[np.uint8], number: int, at: int, room: int
) -> tuple[Addresses, Addresses, NDArray[np.int64]]:
    segment = file.segments[number]
    head = data[at : at + 22]
    if len(head) < 22:
        raise _problem(file, "what they say of a segment is cut")
    page_size, form = (int(word) for word in head[4:8].view(file.order + "u2"))
    most = int(head[16:20].view(file.order + "u4")[0])
    pages = int(head[20:22].view(file.order + "u2")[0])
    if form not in _STEPS:
        raise _problem(file, f"their pointers are of form {form}, which is not known")
    if page_size not in _PAGE_SIZES:
        raise _problem(file, f"their pages have {page_size} bytes")
    length = int(head[:4].view(file.order + "u4")[0])
    found_bytes = data[at + 22 : max(at + length, at + 22 + 2 * pages)]
    listed = found_bytes[: len(found_bytes) // 2 * 2].view(file.order + "u2").astype(np.int64)
    if len(listed) < pages:
        raise _problem(file, "the list of their pages is cut")
    starts = _chain_starts(file, listed, pages, page_size, room)
    size = file.pointer_size
    part = file.content[segment.offset : segment.offset + segment.size]
    step = _STEPS[form]
    places, found = [], []
    page_ends = np.minimum((starts // page_size + 1) * page_size, segment.size)
    count = 0
    while len(starts):
        if (starts + size > page_ends).any():
            raise _problem(file, "a chain leaves its page")
        count += len(starts)
        if count > room:
            raise _problem(file, "there are more of them than the file has room for")
        raw = words(part, starts, file.order, size)
        places.append(starts)
        found.append(raw)
        following = _next(form, raw).astype(np.int64) * step
        going_on = following != 0
        starts, page_ends = starts[going_on] + following[going_on], page_ends[going_on]
    at_places = np.concatenate(places) if places else np.empty(0, np.int64)
    raw = np.concatenate(found) if found else np.empty(0, np.uint64)
    addresses = at_places.astype(np.uint64) + np.uint64(segment.address)
    values, imports = _decoded(file, form, raw)
    kept = np.ones(len(raw), np.bool_)
    if form == _PTR_32 and most:
        # What is no pointer stands in the chain to bridge a distance.
        kept = (imports >= 0) | ((raw & np.uint64((1 << 26) - 1)) <= np.uint64(most))
    return addresses[kept], values[kept], imports[kept]


def _chain_starts(
    file: MachFile, listed: NDArray[np.int64], pages: int, page_size: int, room: int
) -> NDArray[np.int64]:
    """Where chains begin, as offsets in the segment; a page of 32-bit pointers may have several."""
    first = listed[:pages]
    simple = np.flatnonzero((first != _NO_PAGE) & (first & _SEVERAL == 0))
    starts = [simple * page_size + first[simple]]
    for page in np.flatnonzero((first != _NO_PAGE) & (first & _SEVERAL != 0)).tolist():
        begin = int(first[page]) & ~_SEVERAL
        ends = np.flatnonzero(listed[begin : begin + page_size] & _LAST)
        if begin < pages or not len(ends):
            raise _problem(file, "the list of the chains of a page is cut")
        room -= int(ends[0]) + 1
        if room < 0:
            raise _problem(file, "there are more of them than the file has room for")
        starts.append(page * page_size + (listed[begin : begin + int(ends[0]) + 1] & ~_LAST))
    return np.concatenate(starts).astype(np.int64)


def _next(form: int, raw: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """How many steps the next pointer of the chain is away; 0 ends it."""
    if form == _PTR_32:
        return _bits(raw, 26, 5)
    return _bits(raw, 51, 12 if form in {_PTR_64, _PTR_64_OFFSET} else 11)


def _bits(raw: NDArray[np.uint64], first: int, count: int) -> NDArray[np.uint64]:
    found: NDArray[np.uint64] = (raw >> np.uint64(first)) & np.uint64((1 << count) - 1)
    return found


def _decoded(file: MachFile, form: int, raw: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The values of pointers (addends where they are to symbols), and the numbers of their symbols or -1."""
    base = np.uint64(file.base if form in _OFFSETS else 0)
    if form == _PTR_32:
        bound = _bits(raw, 31, 1) == 1
        values = np.where(bound, _bits(raw, 20, 6), _bits(raw, 0, 26))
        return values, np.where(bound, _bits(raw, 0, 20).astype(np.int64), -1)
    if form in {_PTR_64, _PTR_64_OFFSET}:
        bound = _bits(raw, 63, 1) == 1
        target = _bits(raw, 0, 36) + base | _bits(raw, 36, 8) << np.uint64(56)
        return np.where(bound, _bits(raw, 24, 8), target), np.where(bound, _bits(raw, 0, 24).astype(np.int64), -1)
    bound, signed = _bits(raw, 62, 1) == 1, _bits(raw, 63, 1) == 1
    # A signed pointer has 32 bits of distance from the header; one that is not has 43 bits and the top byte.
    plain = _bits(raw, 0, 43) + base | _bits(raw, 43, 8) << np.uint64(56)
    target = np.where(signed, _bits(raw, 0, 32) + np.uint64(file.base), plain)
    addend = _bits(raw, 32, 19).astype(np.int64)
    addend = np.where(addend >> 18 == 1, addend - (1 << 19), addend).astype(np.uint64)
    wide = 24 if form == _ARM64E_USERLAND24 else 16
    values = np.where(bound, np.where(signed, np.uint64(0), addend), target)
    return values, np.where(bound, _bits(raw, 0, wide).astype(np.int64), -1)
