"""Tables of the file that describe functions and objects: each entry belongs to what it describes.

Source: the Linux Standard Base, ".eh_frame", ".eh_frame_hdr"; the C++ ABI of Itanium, "Exception Handling"
(``.gcc_except_table``); the System V ABI, "Relocation".
"""

from __future__ import annotations

import enum

import numpy as np
from numpy.typing import NDArray

from opselect.audit.owners.intervals import NOTHING, Keys, Rows, keys_at, rows
from opselect.binaries.image import Bytes, Image, Section


class Role(enum.IntEnum):
    """What bytes are for the item that owns them."""

    CONTENT = 0
    PADDING = 1
    """Between a function and the next."""
    UNWINDING = 2
    """Its entries in the tables of exception handling."""
    EXCEPTIONS = 3
    """Its table of landing pads."""
    RELOCATION = 4
    """What the loader is told of pointers in it."""


Described = list[tuple[Role, Rows]]

_OMITTED = 0xFF
"""The encoding of a pointer that is not there."""


def described(image: Image, places: Rows) -> Described:
    """The entries of tables as intervals of the file with items as keys; ``places`` are the items by address."""
    named = {section.name: section for section in image.sections if section.loaded and section.size}
    found: Described = []
    if (frames := named.get(".eh_frame")) is not None and (header := named.get(".eh_frame_hdr")) is not None:
        found += _frames(image, header, frames, named.get(".gcc_except_table"), places)
    if (index := named.get(".ARM.exidx")) is not None:
        found.append((Role.UNWINDING, _exception_index(image, index, places)))
    for section in named.values():
        if section.name.startswith((".rela.", ".rel.")):
            found.append((Role.RELOCATION, _relocations(image, section, places)))
    return found


def _order(image: Image) -> str:
    return ">" if image.big_endian else "<"


def _bytes(image: Image, section: Section) -> Bytes:
    return image.content[section.offset : section.offset + section.size]


def _words(found: Bytes, at: NDArray[np.int64], dtype: str) -> NDArray[np.int64]:
    """The integers at places that need not be aligned."""
    rows_of_bytes = found[at[:, None] + np.arange(np.dtype(dtype).itemsize)]
    return np.ascontiguousarray(rows_of_bytes).view(dtype)[:, 0].astype(np.int64)


def _frames(image: Image, header: Section, frames: Section, exceptions: Section | None, places: Rows) -> Described:
    """The sorted table of .eh_frame_hdr leads to every frame description; what is left in both are common parts."""
    order = _order(image)
    head = _bytes(image, header)
    if len(head) < 12 or bytes(head[:4]) != b"\x01\x1b\x03\x3b":
        return []
    count = min(int(head[8:12].view(order + "u4")[0]), (len(head) - 12) // 8)
    table = head[12 : 12 + count * 8].view(order + "i4").reshape(-1, 2)
    items = keys_at(places, table[:, 0].astype(np.int64) + header.address)
    at = table[:, 1].astype(np.int64) + (header.address - frames.address)
    del table
    entries = np.arange(count, dtype=np.int64) * 8 + (header.offset + 12)
    found: Described = [(Role.UNWINDING, _runs(entries, entries + 8, items))]
    content = _bytes(image, frames)
    inside = (at >= 0) & (at + 24 <= len(content)) & (items != NOTHING)
    at, items = at[inside], items[inside]
    lengths = _words(content, at, order + "u4")
    # 0xffffffff means that the length follows in eight bytes; no function needs that.
    whole = (lengths >= 12) & (lengths < len(content))
    at, items, lengths = at[whole], items[whole], lengths[whole]
    found.append((Role.UNWINDING, rows(at + frames.offset, at + 4 + lengths + frames.offset, items)))
    if exceptions is not None:
        found.append((Role.EXCEPTIONS, _landing_pads(image, frames, exceptions, at, items)))
    return found


def _landing_pads(image: Image, frames: Section, exceptions: Section, at: NDArray[np.int64], items: Keys) -> Rows:
    """Tables of landing pads begin where frame descriptions say, and end where the next begins."""
    content, order = _bytes(image, frames), _order(image)
    common = at + 4 - _words(content, at + 4, order + "i4")
    kinds, which = np.unique(common, return_inverse=True)
    starts, owners = [], []
    for number, kind in enumerate(kinds.tolist()):
        encoding = _encoding_of_pads(content, int(kind))
        size = {0: image.pointer_size, 3: 4, 4: 8}.get(encoding & 7, 0)
        if encoding == _OMITTED or not size:
            continue
        place = at[which == number] + 17
        inside = place + size <= len(content)
        place = place[inside]
        values = _words(content, place, f"{order}i{size}")
        relative = encoding & 0x70 == 0x10
        starts.append((values + (place + frames.address if relative else 0))[values != 0])
        owners.append(items[which == number][inside][values != 0])
    if not starts:
        return rows([], [], [])
    every, owner = np.concatenate(starts) - exceptions.address, np.concatenate(owners)
    good = (every >= 0) & (every < exceptions.size)
    first, chosen = np.unique(every[good], return_index=True)
    first = first + exceptions.offset
    return rows(first, np.append(first, exceptions.offset + exceptions.size)[1:], owner[good][chosen])


def _encoding_of_pads(content: Bytes, at: int) -> int:
    """How descriptions with this common part say where landing pads are, as their first extra data at byte 17.

    The function's start and length must take four bytes each for that. Else, and where nothing is said, 0xff.
    """
    found = content[at : at + 64].tobytes() if 0 <= at < len(content) else b""
    end = found.find(b"\0", 9)
    if len(found) < 24 or found[8] != 1 or end < 0 or found[9:10] != b"z":
        return _OMITTED
    place = end + 1
    for _ in range(3):  # alignment of code and of data, register of the return address
        while place < len(found) and found[place] & 0x80:
            place += 1
        place += 1
    place += 1  # the length of the data: below 128
    encodings = {}
    for letter in found[10:end].decode("latin-1"):
        if letter not in "LPR" or place >= len(found):
            break
        encodings[letter] = found[place]
        place += 1
        if letter == "P":
            place += {0: 8, 2: 2, 3: 4, 4: 8}.get(encodings["P"] & 7, 4)
    return encodings.get("L", _OMITTED) if encodings.get("R", 0) & 7 == 3 else _OMITTED


def _exception_index(image: Image, index: Section, places: Rows) -> Rows:
    """Entries of eight bytes, the first four an offset of 31 bits to the function."""
    found = _bytes(image, index)
    words = found[: len(found) // 8 * 8].view(_order(image) + "i4").astype(np.int64)[::2]
    at = np.arange(len(words), dtype=np.int64) * 8
    items = keys_at(places, (index.address + at + ((words << 33) >> 33)) & 0xFFFFFFFE)
    return _runs(at + index.offset, at + index.offset + 8, items)


def _relocations(image: Image, section: Section, places: Rows) -> Rows:
    """Relocations belong to what has the place that they change; packed ones (APS2) have no entries of one size."""
    word = image.pointer_size
    size = word * (3 if section.name.startswith(".rela.") else 2)
    found = _bytes(image, section)
    if found[:4].tobytes() == b"APS2" or section.size % size:
        return rows([], [], [])
    targets = found.view(_order(image) + f"u{word}")[:: size // word].astype(np.int64)
    at = np.arange(len(targets), dtype=np.int64) * size + section.offset
    return _runs(at, at + size, keys_at(places, targets))


def _runs(starts: NDArray[np.int64], ends: NDArray[np.int64], items: Keys) -> Rows:
    """Entries one behind the other, those of one item together, those of none left out."""
    if not len(items):
        return Rows(starts, ends, items)
    begins = np.flatnonzero(np.append(True, items[1:] != items[:-1]))
    lasts = np.append(begins[1:], len(items)) - 1
    kept = items[begins] != NOTHING
    return Rows(starts[begins][kept], ends[lasts][kept], items[begins][kept])
