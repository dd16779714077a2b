"""Where functions begin by what exception handling needs, for files whose linker left no list of functions.

Source: mach-o/compact_unwind_encoding.h of Apple's libunwind. Functions that follow one another and are unwound alike
may share an entry: not every function is listed.
"""

from __future__ import annotations

import numpy as np

from opselect.binaries.image import Addresses
from opselect.binaries.macho.headers import MachFile

_HEADER, _INDEX = 28, 12
_REGULAR, _COMPRESSED = 2, 3


def unwind_starts(file: MachFile) -> Addresses:
    """The starts of functions that __unwind_info lists, in no order; what is cut or of other forms is left out."""
    section = next((section for section in file.sections if section.full_name == "__TEXT,__unwind_info"), None)
    found = [np.empty(0, np.uint64)]
    if section is None or section.file_size < _HEADER:
        return found[0]
    content = file.section_bytes(section)
    word = np.dtype(file.order + "u4")
    head = content[:_HEADER].view(word).tolist()
    index, count = head[5], head[6]
    rows = content[index : index + count * _INDEX]
    rows = rows[: len(rows) // _INDEX * _INDEX]
    room = len(content) // 4
    for first, page, _ in rows.view(word).reshape(-1, 3).tolist():
        start = content[page : page + 8]
        if not page or len(start) < 8:
            continue
        kind = int(start[:4].view(word)[0])
        at, entries = (int(part) for part in start[4:8].view(file.order + "u2"))
        room -= entries
        if room < 0:
            break  # pages that overlap, which no linker writes
        if kind == _COMPRESSED:
            table = content[page + at : page + at + 4 * entries]
            offsets = (table[: len(table) // 4 * 4].view(word) & np.uint32(0xFFFFFF)).astype(np.uint64) + np.uint64(
                first
            )
        elif kind == _REGULAR:
            table = content[page + at : page + at + 8 * entries]
            offsets = table[: len(table) // 8 * 8].view(word)[::2].astype(np.uint64)
        else:
            continue
        found.append(offsets + np.uint64(file.base))
    return np.concatenate(found)
