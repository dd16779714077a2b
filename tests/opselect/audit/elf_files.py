"""Tiny ELF files, made field by field."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opselect.binaries.elf.headers import read_headers
from opselect.binaries.elf.linked import linked_image
from opselect.binaries.image import Image

X86_64, AARCH64, ARM = 62, 183, 40
PROGBITS, SYMTAB, STRTAB = 1, 2, 3
WRITE, ALLOC, EXECUTE = 1, 2, 4
LOAD, GNU_STACK = 1, 0x6474E551


@dataclass(frozen=True)
class MadeSection:
    """A section with so many zero bytes."""

    name: str
    type: int = PROGBITS
    flags: int = 0
    size: int = 16


@dataclass(frozen=True)
class MadeSegment:
    """A program header over the whole file."""

    type: int = LOAD
    flags: int = 5
    alignment: int = 16_384


def elf(
    sections: Sequence[MadeSection] = (),
    segments: Sequence[MadeSegment] = (MadeSegment(),),
    *,
    machine: int = AARCH64,
    kind: int = 3,
) -> bytes:
    """A 64-bit ELF file: header, program headers, sections one behind the other, section headers."""
    names = b"\0" + b"".join(each.name.encode() + b"\0" for each in sections) + b".shstrtab\0"
    at = 64 + 56 * len(segments)
    bodies, rows = b"", [bytes(64)]
    for each in (*sections, MadeSection(".shstrtab", STRTAB, size=len(names))):
        content = names if each.name == ".shstrtab" else bytes(each.size)
        place = at + len(bodies)
        address = place if each.flags & ALLOC else 0
        name = names.index(b"\0" + each.name.encode() + b"\0") + 1
        entry, link = (24, len(sections) + 1) if each.type == SYMTAB else (0, 0)
        rows.append(
            struct.pack("<IIQQQQIIQQ", name, each.type, each.flags, address, place, len(content), link, 0, 1, entry)
        )
        bodies += content
    end = at + len(bodies)
    size = end + 64 * len(rows)
    head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", kind, machine, 1, 0, 64, end, 0, 64, 56, len(segments), 64, len(rows), len(rows) - 1
    )  # fmt: skip
    table = b"".join(
        struct.pack("<IIQQQQQQ", each.type, each.flags, 0, 0, 0, size if each.type == LOAD else 0,
                    size if each.type == LOAD else 0, each.alignment)
        for each in segments
    )  # fmt: skip
    return head + table + bodies + b"".join(rows)


def image(content: bytes, name: str = "libmade.so") -> Image:
    """The image of such a file."""
    return linked_image(read_headers(name, np.frombuffer(content, np.uint8)), name)
