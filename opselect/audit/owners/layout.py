"""What the headers of a file say of its bytes: every byte is of a section, of a header, or between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from opselect.audit.owners.intervals import NOTHING, Rows, rows
from opselect.binaries.image import Bytes, Image, SectionKind, unmapped

FILE_HEADER = "[file header]"
PROGRAM_HEADERS = "[program headers]"
SECTION_HEADERS = "[section headers]"
PADDING = "[padding]"
UNDESCRIBED = "[not described]"
ARCHIVE_HEADERS = "[headers in an archive]"
"""Of the members and of the archive, with its index of symbols."""
_CHUNK = 1 << 24
_WITHOUT_SECTIONS = {True: "[executable segment]", False: "[data segment]"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of a file: ``rows`` cover its bytes from 0 to its size, with numbers of ``names`` as keys.

    ``section_of`` are numbers of the image's sections, -1 for what is none. Several parts may have one name.
    """

    rows: Rows
    names: tuple[str, ...]
    sections: tuple[int, ...]


def layout_of(image: Image) -> Layout:
    """The parts of the file of an image.

    Where sections overlap, the one that begins last has the bytes. Zeros that no header describes are padding.
    """
    size = len(image.content)
    names: list[str] = []
    sections: list[int] = []
    starts: list[int] = []
    ends: list[int] = []

    def part(name: str, number: int, start: int, end: int) -> None:
        names.append(name)
        sections.append(number)
        starts.append(max(start, 0))
        ends.append(min(end, size))

    for name, start, end in _headers(image):
        part(name, NOTHING, start, end)
    for number, section in enumerate(image.sections):
        if section.size and section.kind is not SectionKind.ZERO:
            part(section.name or "[section without name]", number, section.offset, section.offset + section.size)
    if not any(section.size for section in image.sections):
        for segment in image.segments:
            part(_WITHOUT_SECTIONS[segment.executable], NOTHING, segment.offset, segment.offset + segment.size)
    described = rows(starts, ends, np.arange(len(starts)))
    padding, undescribed = len(names), len(names) + 1
    names += [PADDING, ARCHIVE_HEADERS if image.members else UNDESCRIBED]
    sections += [NOTHING, NOTHING]
    gap_starts = np.append(0, described.ends)
    gap_ends = np.append(described.starts, size)
    gaps = gap_ends > gap_starts
    keys = [
        padding if _is_zero(image.content[start:end]) else undescribed
        for start, end in zip(gap_starts[gaps].tolist(), gap_ends[gaps].tolist(), strict=True)
    ]
    every = rows(
        np.concatenate([described.starts, gap_starts[gaps]]),
        np.concatenate([described.ends, gap_ends[gaps]]),
        np.concatenate([described.keys, np.array(keys, np.int32)]),
    )
    return Layout(every, tuple(names), tuple(sections))


def _is_zero(content: Bytes) -> bool:
    """Whether there are only zeros. A gap can be most of a file: what was looked at goes out of memory again."""
    for start in range(0, len(content), _CHUNK):
        part = content[start : start + _CHUNK]
        if part.any():
            return False
        if len(part) == _CHUNK:
            unmapped(part)
    return True


def _headers(image: Image) -> list[tuple[str, int, int]]:
    """The headers of an ELF or Mach-O file, by where the file header puts them; others have none that we know."""
    content = image.content
    order: Literal["big", "little"] = "big" if image.big_endian else "little"
    magic = content[:4].tobytes()

    def number(offset: int, count: int) -> int:
        return int.from_bytes(content[offset : offset + count].tobytes(), order)

    if magic == b"\x7fELF":
        wide = image.bits == 64
        programs, tables = (number(32, 8), number(40, 8)) if wide else (number(28, 4), number(32, 4))
        sizes = [number(at, 2) for at in ((54, 56, 58, 60) if wide else (42, 44, 46, 48))]
        count = sizes[3]
        if not count and tables:  # more than fits: the size of the first header is the count
            count = number(tables + (32 if wide else 20), 8 if wide else 4)
        found = [(FILE_HEADER, 0, 64 if wide else 52)]
        if programs:
            found.append((PROGRAM_HEADERS, programs, programs + sizes[0] * sizes[1]))
        if tables:
            found.append((SECTION_HEADERS, tables, tables + sizes[2] * count))
        return found
    if magic in {b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce"}:
        return [(FILE_HEADER, 0, (32 if image.bits == 64 else 28) + number(20, 4))]
    return []
