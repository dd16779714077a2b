"""What functions have besides their code, in every ELF image: frame descriptions and tables of exception handling.

Source: the Linux Standard Base, ".eh_frame" and ".eh_frame_hdr"; the Itanium C++ ABI, "Exception Handling Tables".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from opselect.audit.walking import distinct
from opselect.binaries.image import Addresses, Image, Machine, Section, unmapped

_PCREL_SDATA4 = 0x1B
_ULEB128 = 0x01
_OMITTED = 0xFF
_MOST_OF_A_TABLE = 1 << 20
_HIGHEST = 1 << 56


@dataclass(frozen=True, slots=True)
class Unwinding:
    """What the unwinder knows, a row a function: shape (n,) each.

    ``sizes`` are the bytes of the file that the function's frame description takes, with its entry in the table that is
    searched. ``handlers`` are where its table of exception handling begins, 0 where it has none; ``handler_sizes`` what
    that takes. ``landing`` is where its handlers stand if that is another part of the code than the function, else 0.
    """

    functions: Addresses
    sizes: NDArray[np.int64]
    handlers: NDArray[np.int64]
    handler_sizes: NDArray[np.int64]
    landing: NDArray[np.int64]

    def number(self, function: int) -> int | None:
        """The row of the function that starts at an address."""
        at = int(np.searchsorted(self.functions, np.uint64(function)))
        return at if at < len(self.functions) and int(self.functions[at]) == function else None

    def handlers_of(self, function: int) -> int:
        """Where the table of exception handling of a function begins, 0 where it has none."""
        number = self.number(function)
        return 0 if number is None else int(self.handlers[number])

    @staticmethod
    def none() -> Unwinding:
        """Nothing is known."""
        zeros = np.empty(0, np.int64)
        return Unwinding(np.empty(0, np.uint64), zeros, zeros, zeros, zeros)


def unwinding(image: Image) -> Unwinding:
    """What the frame descriptions of an image say; nothing where it has no table to search in."""
    if image.machine is Machine.ARM:
        return _exception_index(image)
    header, frames = _section(image, ".eh_frame_hdr"), _section(image, ".eh_frame")
    if header is None or frames is None:
        return Unwinding.none()
    order = ">" if image.big_endian else "<"
    head = image.content[header.offset : header.offset + header.size]
    if bytes(head[:4]) != bytes((1, _PCREL_SDATA4, 3, 0x3B)):
        return Unwinding.none()
    count = min(int(head[8:12].view(order + "u4")[0]), (len(head) - 12) // 8)
    rows = head[12 : 12 + count * 8].view(order + "i4").reshape(-1, 2).astype(np.int64) + header.address
    starts, described = rows[:, 0], rows[:, 1] - frames.address
    inside = (described >= 0) & (described + 24 <= frames.size)
    starts, described = starts[inside], described[inside]
    content = image.content[frames.offset : frames.offset + frames.size]
    lengths = _words(content, described, order + "u4")
    handlers = _handlers(content, described, order, frames.address)
    sizes, landing = _handler_tables(image, handlers)
    unmapped(content)
    return Unwinding(starts.astype(np.uint64), lengths + 4 + 8, handlers, sizes, landing)


def _exception_index(image: Image) -> Unwinding:
    """The rows of 32-bit ARM: where a function begins, and what to do or where that stands (.ARM.extab).

    Source: the Exception Handling ABI for the Arm Architecture, "Index table entries".
    """
    index, table = _section(image, ".ARM.exidx"), _section(image, ".ARM.extab")
    if index is None:
        return Unwinding.none()
    content = image.content[index.offset : index.offset + index.size // 8 * 8]
    rows = content.view((">" if image.big_endian else "<") + "i4").reshape(-1, 2).astype(np.int64)
    places = index.address + 8 * np.arange(len(rows))
    functions = (places + (rows[:, 0] << 33 >> 33)) & 0xFFFFFFFE
    meant = places + 4 + (rows[:, 1] << 33 >> 33)
    sizes = np.full(len(rows), 8, np.int64)
    if table is not None:
        inside = np.flatnonzero((rows[:, 1] > 1) & (meant >= table.address) & (meant < table.address + table.size))
        begins = distinct(meant[inside])
        ends = np.append(begins[1:], table.address + table.size)
        sizes[inside] += (ends - begins)[np.searchsorted(begins, meant[inside])]
    order = np.argsort(functions, kind="stable")
    nothing = np.zeros(len(rows), np.int64)
    return Unwinding(functions[order].astype(np.uint64), sizes[order], nothing, nothing, nothing)


def _section(image: Image, name: str) -> Section | None:
    """The loaded section of a name, where it has room for a row and a place that a program can have."""
    named = (s for s in image.sections if s.loaded and s.name == name)
    return next((s for s in named if s.size >= 24 and s.address < _HIGHEST), None)


def _words(content: NDArray[np.uint8], at: NDArray[np.int64], kind: str) -> NDArray[np.int64]:
    """The four bytes at each place, which stands inside."""
    found: NDArray[np.int64] = np.ndarray(max(len(content) - 3, 0), kind, buffer=content, strides=(1,))[at].astype(
        np.int64
    )
    return found


def _handlers(content: NDArray[np.uint8], described: NDArray[np.int64], order: str, address: int) -> NDArray[np.int64]:
    """Where the tables of exception handling stand that frame descriptions point to; 0 for those that do not.

    A description has length, distance to its common part, start, length, one byte of size, and then the pointer.
    """
    common = described + 4 - _words(content, described + 4, order + "i4")
    found = np.zeros(len(described), np.int64)
    values = distinct(common)
    with_handlers = values[[_has_handlers(content, int(value)) for value in values]]
    at = np.flatnonzero(np.isin(common, with_handlers))
    pointers = _words(content, described[at] + 17, order + "i4")
    found[at] = np.where(pointers != 0, pointers + described[at] + 17 + address, 0)
    return found


def _has_handlers(content: NDArray[np.uint8], at: int) -> bool:
    """Whether descriptions of a common part have a pointer to handlers of four bytes, counted from its place."""
    if not 0 <= at <= len(content) - 16:
        return False
    found = content[at + 9 : at + 64].tobytes()
    end = found.find(b"\0")
    augmentation = found[:end]
    if b"L" not in augmentation or not augmentation.startswith(b"z"):
        return False
    rest = found[end + 1 :]
    # Alignment of code and of data, the return register and the size of what follows: a byte each in practice.
    skipped = 4
    for letter in augmentation[1:]:
        if letter == ord("P"):
            skipped += 5 if rest[skipped : skipped + 1] in {b"\x9b", b"\x1b", b"\x03"} else 9
        elif letter == ord("L"):
            return rest[skipped : skipped + 1] == bytes((_PCREL_SDATA4,))
        elif letter == ord("R"):
            skipped += 1
    return False


def _handler_tables(image: Image, handlers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The bytes of each table up to the next, and where its landing pads begin if it says so."""
    sizes, landing = np.zeros(len(handlers), np.int64), np.zeros(len(handlers), np.int64)
    section = _section(image, ".gcc_except_table")
    if section is None:
        return sizes, landing
    inside = np.flatnonzero((handlers >= section.address) & (handlers < section.address + section.size - 8))
    begins, first = np.unique(handlers[inside], return_index=True)
    ends = np.append(begins[1:], section.address + section.size)
    # Functions that share a table are rare; the first has its bytes.
    sizes[inside[first]] = ends - begins
    at = inside[image.content[section.offset + handlers[inside] - section.address] == _PCREL_SDATA4]
    landing[at] = _landing(image, section, handlers[at])
    return sizes, landing


@dataclass(frozen=True, slots=True)
class CallSite:
    """A stretch of code whose exceptions are handled: where it begins, the address of the handler, 0 without one, and
    the bytes of its row in the table."""

    start: int
    pad: int
    size: int


def call_sites(image: Image, table: int, function: int) -> list[CallSite]:
    """The rows of a function's table of exception handling; none where it has a form that compilers do not write."""
    content = image.bytes_at(table, _MOST_OF_A_TABLE)
    try:
        base, at = function, 1
        if content[0] == _PCREL_SDATA4:
            order: Literal["big", "little"] = "big" if image.big_endian else "little"
            base, at = int.from_bytes(content[1:5], order, signed=True) + table + 1, 5
        elif content[0] != _OMITTED:
            return []
        if content[at] != _OMITTED:
            _, at = _uleb(content, at + 1)
        else:
            at += 1
        if content[at] != _ULEB128:
            return []
        length, at = _uleb(content, at + 1)
        end, found = at + length, []
        while at < end:
            begins = at
            start, at = _uleb(content, at)
            _, at = _uleb(content, at)
            pad, at = _uleb(content, at)
            _, at = _uleb(content, at)
            found.append(CallSite(function + start, base + pad if pad else 0, at - begins))
    except IndexError:
        return []
    return found if all(0 <= site.start < _HIGHEST and 0 <= site.pad < _HIGHEST for site in found) else []


def _uleb(content: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number, and where the next one stands."""
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def _landing(image: Image, section: Section, handlers: NDArray[np.int64]) -> NDArray[np.int64]:
    content = image.content[section.offset : section.offset + section.size]
    order = ">" if image.big_endian else "<"
    return _words(content, handlers - section.address + 1, order + "i4") + handlers + 1
