"""Where functions begin and end by what exception handling needs: there even in stripped binaries.

Source: the Linux Standard Base, ".eh_frame_hdr" and ".eh_frame"; the Exception Handling ABI for ARM (.ARM.exidx).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.elf.headers import PT_GNU_EH_FRAME, ElfFile
from opselect.binaries.image import Addresses, Machine

_PCREL_SDATA4, _DATAREL_SDATA4_TABLE, _UDATA4 = 0x1B, 0x3B, 0x03
_MOST_ENTRIES = 1 << 21
_NOTHING: tuple[Addresses, Addresses] = np.empty(0, np.uint64), np.empty(0, np.uint64)
_PT_ARM_EXIDX = 0x70000001


def unwind_functions(file: ElfFile) -> tuple[Addresses, Addresses]:
    """The starts and ends of all functions that the unwinder knows, sorted by start; shape (n,) each."""
    header = _header(file)
    starts, ends = _from_table(file, *header) if header is not None else _NOTHING
    return (starts, ends) if len(starts) else _from_entries(file)


def _header(file: ElfFile) -> tuple[int, int] | None:
    section = file.named(".eh_frame_hdr")
    if section is not None:
        return section.address, section.file_size
    for segment, kind in zip(file.all_segments, file.segment_types, strict=True):
        if kind == PT_GNU_EH_FRAME:
            return segment.address, segment.size
    return None


def _from_table(file: ElfFile, address: int, size: int) -> tuple[Addresses, Addresses]:
    """Reads the sorted table of .eh_frame_hdr, then the length of each function from its frame description."""
    head = file.at_address(address, size)
    if (
        address >= 1 << 62
        or len(head) < 12
        or bytes(head[:4]) != bytes((1, _PCREL_SDATA4, _UDATA4, _DATAREL_SDATA4_TABLE))
    ):
        return _NOTHING
    count = int(head[8:12].view(file.order + "u4")[0])
    count = min(count, (len(head) - 12) // 8)
    table = head[12 : 12 + count * 8].view(file.order + "i4").reshape(-1, 2).astype(np.int64)
    starts, frames = table[:, 0] + address, table[:, 1] + address
    lengths = _lengths(file, frames)
    known = lengths > 0
    starts, lengths = starts[known], lengths[known]
    order = np.argsort(starts, kind="stable")
    starts, lengths = starts[order], lengths[order]
    return starts.astype(np.uint64), (starts + lengths).astype(np.uint64)


def _lengths(file: ElfFile, frames: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lengths of functions by their frame descriptions: length, pointer to the common part, start, length."""
    lengths = np.zeros(len(frames), np.int64)
    for segment in file.segments:
        inside = (frames >= segment.address) & (frames + 16 <= segment.address + segment.size)
        if not inside.any():
            continue
        at = frames[inside] - segment.address + segment.offset + 12
        rows = file.content[at[:, None] + np.arange(4)]
        lengths[inside] = np.ascontiguousarray(rows).view(file.order + "u4")[:, 0]
    return lengths


def _from_entries(file: ElfFile) -> tuple[Addresses, Addresses]:
    """Reads the frame descriptions one after the other, where there is no table of them: in static executables."""
    section = file.named(".eh_frame")
    if section is None or not section.allocated:
        return _NOTHING
    return entry_functions(file.section_bytes(section).tobytes(), section.address, file.byte_order)


def entry_functions(data: bytes, address: int, order: Literal["big", "little"]) -> tuple[Addresses, Addresses]:
    """The starts and ends of functions by the frame descriptions that stand at an address, sorted by start.

    Of the forms that starts can have, addresses relative to their place in four bytes are read: compilers write those.
    """
    relative: dict[int, bool] = {}
    starts, lengths = [], []
    at = 0
    for _ in range(_MOST_ENTRIES):
        size = int.from_bytes(data[at : at + 4], order)
        if at + 8 > len(data) or not 0 < size < 0xFFFFFFF0:
            # A zero ends what one object gave; the next may follow.
            at += 4
            if at + 8 > len(data):
                break
            continue
        back = int.from_bytes(data[at + 4 : at + 8], order)
        if back == 0:
            relative[at] = _is_relative(data[at + 8 : at + 4 + size])
        elif relative.get(at + 4 - back, False) and size >= 12:
            place = address + at + 8
            starts.append(place + int.from_bytes(data[at + 8 : at + 12], order, signed=True))
            lengths.append(int.from_bytes(data[at + 12 : at + 16], order))
        at += 4 + size
    every = np.array(starts, np.int64).astype(np.uint64)
    ends = every + np.array(lengths, np.int64).astype(np.uint64)
    by_start = np.argsort(every, kind="stable")
    return every[by_start], ends[by_start]


def _is_relative(entry: bytes) -> bool:
    """Whether the descriptions of a common entry have starts relative to their place, in four bytes."""
    words = entry[1:].split(b"\0", 1)
    if len(words) != 2 or not words[0].startswith(b"z") or b"R" not in words[0]:
        return False
    found = _past_numbers(words[1])
    for letter in words[0][1:]:
        if letter == ord("R"):
            return found[:1] == bytes((_PCREL_SDATA4,))
        # L is one byte; P is one byte and a pointer of four, as compilers write it.
        found = found[5:] if letter == ord("P") else found[1:]
    return False


def _past_numbers(data: bytes) -> bytes:
    """What stands behind the alignments, the return register and the length: four numbers of seven bits a byte."""
    left, at = 4, 0
    while left and at < len(data):
        left -= not data[at] & 0x80
        at += 1
    return data[at:]


def exception_index(file: ElfFile) -> Addresses:
    """The starts of functions by the exception index of 32-bit ARM."""
    if file.machine is not Machine.ARM:
        return np.empty(0, np.uint64)
    for segment, kind in zip(file.all_segments, file.segment_types, strict=True):
        if kind == _PT_ARM_EXIDX:
            found = file.at_address(segment.address, segment.size)
            words = found[: len(found) // 8 * 8].view(file.order + "i4").astype(np.int64)[::2]
            offsets = (words << 33) >> 33
            places = segment.address + 8 * np.arange(len(offsets), dtype=np.int64)
            return np.sort(((places + offsets) & 0xFFFFFFFE).astype(np.uint64))
    return np.empty(0, np.uint64)
