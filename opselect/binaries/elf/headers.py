"""The header of an ELF file, its section headers, program headers and dynamic entries, checked against the file's size.

Source: the System V ABI, chapters 4 and 5. pyelftools reads the file header; the tables are NumPy views, since archives
and objects with a section a function have a hundred thousand section headers.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from numpy.typing import NDArray

from kernel_index.errors import InputError, Place
from opselect.binaries.elf.section_headers import NOBITS, WRITE, SectionHeader, SectionHeaders
from opselect.binaries.image import Bytes, Machine, Section, Segment

_MACHINES = {"EM_X86_64": Machine.X86_64, "EM_386": Machine.X86, "EM_AARCH64": Machine.AARCH64, "EM_ARM": Machine.ARM}

_PT_LOAD, PT_DYNAMIC, PT_GNU_EH_FRAME = 1, 2, 0x6474E550
_OBJECT, _EXTENDED = "ET_REL", 0xFFFF
_MAX_LINKED = 1 << 18
"""Maximum number of sections of what is linked: linkers join those of objects to some dozens."""
_MOST_ADDRESS = 1 << 57
"""Programs have the lower half of the addresses of their processor, of which at most so many count."""


@dataclass(frozen=True, slots=True)
class ElfFile:
    """An ELF file whose tables are read; ``content`` are its bytes, ``bits`` 64 or 32.

    ``dynamic`` are the entries of the dynamic table by tag; of tags that come twice the last.
    """

    name: str
    content: Bytes
    machine: Machine
    bits: int
    big_endian: bool
    is_object: bool
    sections: SectionHeaders
    segments: tuple[Segment, ...]
    segment_types: tuple[int, ...]
    all_segments: tuple[Segment, ...]
    dynamic: dict[int, int]
    entry: int

    @property
    def order(self) -> str:
        """The byte order as NumPy writes it."""
        return ">" if self.big_endian else "<"

    @property
    def byte_order(self) -> Literal["big", "little"]:
        """The byte order as Python writes it."""
        return "big" if self.big_endian else "little"

    def section_bytes(self, header: SectionHeader) -> Bytes:
        """The bytes of a section in the file."""
        return self.content[header.offset : header.offset + header.file_size]

    def file_offset(self, address: int) -> int | None:
        """Where in the file the byte of an address stands."""
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        return None

    def at_address(self, address: int, size: int) -> Bytes:
        """The bytes of memory that the file gives from an address on, as many as it has."""
        for segment in self.segments:
            if segment.address <= address < segment.address + segment.size:
                start = segment.offset + address - segment.address
                return self.content[start : min(start + size, segment.offset + segment.size)]
        return self.content[:0]

    def first(self, *kinds: int) -> SectionHeader | None:
        """The first section of a type."""
        return next((self.sections[number] for number in self.sections.of_type(*kinds)), None)

    def named(self, name: str) -> SectionHeader | None:
        """The first section of a name."""
        found = (self.sections[number] for number in self.sections.beginning(name))
        return next((header for header in found if header.name == name), None)


def read_headers(name: str, content: Bytes, *, debug_file: bool = False) -> ElfFile:
    """Reads the headers of an ELF file; a ``debug_file`` need not have the bytes of its segments.

    Raises InputError for headers that are cut or that say what the file cannot hold.
    """
    try:
        elf = ELFFile(io.BytesIO(_beginning(content)))
        header: Mapping[str, Any] = elf.header
        bits, big_endian = int(elf.elfclass), not elf.little_endian
    except (ELFError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise InputError(name, f"is no ELF file that can be read: {error}") from None
    order = ">" if big_endian else "<"
    segments, types, every = _segments(name, content, header, bits, order, debug_file)
    sections = _sections(name, content, header, bits, order)
    if header["e_type"] != _OBJECT:
        _check_addresses(name, every, sections)
    machine = _MACHINES.get(header["e_machine"], Machine.OTHER)
    if machine in {Machine.X86_64, Machine.AARCH64} and bits != 64:
        machine = Machine.OTHER  # x32 and ILP32: pointers of another size than registers
    return ElfFile(
        name=name,
        content=content,
        machine=machine,
        bits=bits,
        big_endian=big_endian,
        is_object=header["e_type"] == _OBJECT,
        sections=sections,
        segments=segments,
        segment_types=types,
        all_segments=every,
        dynamic=_dynamic(content, every, types, bits, order),
        entry=int(header["e_entry"]),
    )


def _check_addresses(name: str, segments: Sequence[Segment], sections: Iterable[SectionHeader]) -> None:
    """Raises InputError for what is loaded at addresses that no program has, and for what no segment loads.

    Sums of the former are beyond all integers, and tables over the code between the latter beyond all memory.
    """
    for segment in segments:
        if segment.address + segment.memory_size > _MOST_ADDRESS:
            problem = f"has a segment of {segment.memory_size:,} bytes at address {segment.address:#x}"
            raise InputError(name, f"{problem}, where no program has any")
    for each in sections:
        if not each.allocated or not each.size:
            continue
        end = each.address + each.size
        # What takes no bytes need not be in a segment: of each thread's own variables there is one for each thread.
        is_free = not segments or each.type == NOBITS
        if end > _MOST_ADDRESS or not (is_free or any(_holds(segment, each.address, end) for segment in segments)):
            raise InputError(
                name, f"{each.name} has {each.size:,} bytes at address {each.address:#x}: nothing loads it"
            )


def _holds(segment: Segment, address: int, end: int) -> bool:
    return segment.address <= address and end <= segment.address + segment.memory_size


def _beginning(content: Bytes) -> bytes:
    """The file header with its table positions taken out, for pyelftools follows them when it opens a file."""
    start = bytearray(content[:64].tobytes())
    if len(start) >= 52:
        wide = start[4] == 2
        at, size = (40, 8) if wide else (32, 4)
        start[at : at + size] = bytes(size)
    return bytes(start)


def _view(content: Bytes, offset: int, count: int, dtype: np.dtype[np.void]) -> NDArray[np.void]:
    return content[offset : offset + count * dtype.itemsize].view(dtype)


def _segments(
    name: str, content: Bytes, header: Mapping[str, Any], bits: int, order: str, debug_file: bool
) -> tuple[tuple[Segment, ...], tuple[int, ...], tuple[Segment, ...]]:
    u4, word = order + "u4", order + ("u8" if bits == 64 else "u4")
    fields = (
        [("type", u4), ("flags", u4), ("offset", word), ("vaddr", word), ("paddr", word), ("filesz", word),
         ("memsz", word), ("align", word)]
        if bits == 64
        else [("type", u4), ("offset", word), ("vaddr", word), ("paddr", word), ("filesz", word), ("memsz", word),
              ("flags", u4), ("align", word)]
    )  # fmt: skip
    dtype = np.dtype(fields)
    offset, count = int(header["e_phoff"]), int(header["e_phnum"])
    if not count or not offset:
        return (), (), ()
    if header["e_phentsize"] != dtype.itemsize or offset + count * dtype.itemsize > len(content):
        raise InputError(Place(name, byte=offset), f"has {count} program headers that are cut or of a wrong size")
    every, types = [], []
    for row in _view(content, offset, count, dtype):
        start, size = int(row["offset"]), int(row["filesz"])
        if debug_file and start + size > len(content):
            size = 0
        if row["type"] == _PT_LOAD and size and start + size > len(content):
            problem = f"a segment of {size} bytes begins at byte {start}, and the file ends before it does"
            raise InputError(Place(name, byte=offset), problem, "Is the file whole? Copy or download it again.")
        flags = int(row["flags"])
        every.append(
            Segment(
                int(row["vaddr"]), int(row["memsz"]), start, size, int(row["align"]), bool(flags & 1), bool(flags & 2)
            )
        )
        types.append(int(row["type"]))
    loaded = tuple(part for part, kind in zip(every, types, strict=True) if kind == _PT_LOAD)
    return loaded, tuple(types), tuple(every)


def _sections(name: str, content: Bytes, header: Mapping[str, Any], bits: int, order: str) -> SectionHeaders:
    u4, word = order + "u4", order + ("u8" if bits == 64 else "u4")
    dtype = np.dtype(
        [("name", u4), ("type", u4), ("flags", word), ("address", word), ("offset", word), ("size", word), ("link", u4),
         ("info", u4), ("alignment", word), ("entry_size", word)]
    )  # fmt: skip
    offset = int.from_bytes(
        content[40:48].tobytes() if bits == 64 else content[32:36].tobytes(), "big" if order == ">" else "little"
    )
    count = int(header["e_shnum"])
    if not offset:
        return SectionHeaders(np.empty(0, dtype), content[:0])
    if header["e_shentsize"] != dtype.itemsize or offset + max(count, 1) * dtype.itemsize > len(content):
        raise InputError(Place(name, byte=offset), f"has {count} section headers that are cut or of a wrong size")
    first = _view(content, offset, 1, dtype)[0]
    count = count or int(first["size"])
    names = int(first["link"]) if int(header["e_shstrndx"]) == _EXTENDED else int(header["e_shstrndx"])
    if offset + count * dtype.itemsize > len(content):
        raise InputError(Place(name, byte=offset), f"has {count} section headers, and the file ends before they do")
    if count > _MAX_LINKED and header["e_type"] != _OBJECT:
        raise InputError(Place(name, byte=offset), f"has {count} section headers: more than any linker writes")
    rows = _view(content, offset, count, dtype)
    texts = content[:0]
    if 0 < names < count:
        start, size = int(rows[names]["offset"]), int(rows[names]["size"])
        texts = content[start : start + size]
    headers = SectionHeaders(rows, texts)
    present = (rows["type"] != 0) & (rows["type"] != NOBITS)
    offsets, sizes = rows["offset"][present].astype(np.uint64), rows["size"][present].astype(np.uint64)
    end = np.uint64(len(content))
    outside = (offsets > end) | (sizes > end) | (offsets + sizes > end)
    if outside.any():
        wrong = headers[int(np.flatnonzero(present)[np.flatnonzero(outside)[0]])]
        called = wrong.name or wrong.number
        problem = f"section {called} has {wrong.size} bytes at byte {wrong.offset}: the file ends before"
        raise InputError(Place(name, byte=offset), problem, "Is the file whole? Copy or download it again.")
    return headers


def _dynamic(
    content: Bytes, segments: tuple[Segment, ...], types: tuple[int, ...], bits: int, order: str
) -> dict[int, int]:
    word = np.dtype(order + ("u8" if bits == 64 else "u4"))
    for segment, kind in zip(segments, types, strict=True):
        if kind == PT_DYNAMIC:
            found = content[segment.offset : segment.offset + segment.size]
            pairs = found[: len(found) // (2 * word.itemsize) * 2 * word.itemsize].view(word).reshape(-1, 2)
            end = np.flatnonzero(pairs[:, 0] == 0)
            return {int(tag): int(value) for tag, value in pairs[: end[0] if len(end) else len(pairs)]}
    return {}


def section_of(header: SectionHeader, member: int, start: int, address: int) -> Section:
    """A section as everything else sees it; ``start`` is where its object begins in the file."""
    return Section(
        name=header.name,
        kind=header.kind,
        offset=start + header.offset,
        size=header.file_size,
        address=address,
        memory_size=header.size if header.allocated else 0,
        loaded=header.allocated,
        writable=bool(header.flags & WRITE),
        member=member,
    )
