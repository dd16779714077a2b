"""Where functions begin and end by what exception handling needs: there even in stripped binaries.

Source: the Linux Standard Base, ".eh_frame_hdr" and ".eh_frame"; the Exception Handling ABI for ARM (.ARM.exidx).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opselect.binaries.elf.headers import PT_GNU_EH_FRAME, ElfFile
from opselect.binaries.image import Addresses

_PCREL_SDATA4, _DATAREL_SDATA4_TABLE, _UDATA4 = 0x1B, 0x3B, 0x03
_PT_ARM_EXIDX = 0x70000001


def unwind_functions(file: ElfFile) -> tuple[Addresses, Addresses]:
    """The starts and ends of all functions that the unwinder knows, sorted by start; shape (n,) each."""
    header = _header(file)
    if header is not None:
        return _from_table(file, *header)
    return np.empty(0, np.uint64), np.empty(0, np.uint64)


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
    nothing = np.empty(0, np.uint64), np.empty(0, np.uint64)
    head = file.at_address(address, size)
    if len(head) < 12 or bytes(head[:4]) != bytes((1, _PCREL_SDATA4, _UDATA4, _DATAREL_SDATA4_TABLE)):
        return nothing
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


def exception_index(file: ElfFile) -> Addresses:
    """The starts of functions by the exception index of 32-bit ARM."""
    for segment, kind in zip(file.all_segments, file.segment_types, strict=True):
        if kind == _PT_ARM_EXIDX:
            found = file.at_address(segment.address, segment.size)
            words = found[: len(found) // 8 * 8].view(file.order + "i4").astype(np.int64)[::2]
            offsets = (words << 33) >> 33
            places = segment.address + 8 * np.arange(len(offsets), dtype=np.int64)
            return np.sort(((places + offsets) & 0xFFFFFFFE).astype(np.uint64))
    return np.empty(0, np.uint64)
