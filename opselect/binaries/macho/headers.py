"""The header and the load commands of a Mach-O file, checked against the file's size.

Source: mach-o/loader.h of Apple's cctools. macholib knows the structures; the walk is our own, since macholib's
reads the bytes of every section and follows what the counts say.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from macholib import mach_o
from numpy.typing import NDArray

from kernel_index.errors import InputError, Place
from opselect.binaries.image import Bytes, Machine, Segment
from opselect.binaries.macho.architectures import architecture_name, machine_of

OBJECT, DEBUG_FILE = mach_o.MH_OBJECT, mach_o.MH_DSYM
_MAGIC = {
    b"\xce\xfa\xed\xfe": (32, False),
    b"\xcf\xfa\xed\xfe": (64, False),
    b"\xfe\xed\xfa\xce": (32, True),
    b"\xfe\xed\xfa\xcf": (64, True),
}
_WRITABLE, _EXECUTABLE = 2, 4
_TYPE = 0xFF
ZERO_FILL = {mach_o.S_ZEROFILL, mach_o.S_GB_ZEROFILL, mach_o.S_THREAD_LOCAL_ZEROFILL}
_CODE: int = mach_o.S_ATTR_PURE_INSTRUCTIONS | mach_o.S_ATTR_SOME_INSTRUCTIONS
_MOST_SECTIONS = 1 << 16
"""More than any linker writes: symbols have a byte for the number of their section."""
_WHOLE = "Is the file whole? Copy or download it again."


@dataclass(frozen=True, slots=True)
class MachSection:
    """A section as its header says; ``offset`` and ``file_size`` lie within the file."""

    segment: str
    name: str
    address: int
    size: int
    offset: int
    file_size: int
    alignment: int
    relocations: int
    relocation_count: int
    flags: int
    first_indirect: int
    stub_size: int
    writable: bool

    @property
    def type(self) -> int:
        """What the linker and the loader take it for (S_REGULAR and so on)."""
        return self.flags & _TYPE

    @property
    def full_name(self) -> str:
        """The name with the segment that it is for, as tools for Mach-O write it."""
        return f"{self.segment},{self.name}"

    @property
    def is_code(self) -> bool:
        """Whether it holds instructions."""
        return bool(self.flags & _CODE) and self.type not in ZERO_FILL

    @property
    def is_debug(self) -> bool:
        """Whether it holds what only debuggers read."""
        return self.segment == "__DWARF"

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.size


@dataclass(frozen=True, slots=True)
class MachSegment:
    """A segment as its command says; ``offset`` and ``size`` lie within the file."""

    name: str
    address: int
    memory_size: int
    offset: int
    size: int
    executable: bool
    writable: bool
    sections: tuple[MachSection, ...]

    @property
    def end(self) -> int:
        """The address behind what the file has of it."""
        return self.address + self.size

    def plain(self) -> Segment:
        """The segment as everything else sees it; Mach-O states how its sections are aligned, and takes the most."""
        alignment = max((section.alignment for section in self.sections), default=1)
        return Segment(
            self.address, self.memory_size, self.offset, self.size, alignment, self.executable, self.writable
        )


@dataclass(frozen=True, slots=True)
class MachFile:
    """A Mach-O file for one processor whose commands are read; ``content`` are its bytes, ``bits`` 64 or 32.

    ``tables`` are the parts of __LINKEDIT that commands name, each (offset, size) by a name of ours; they lie within
    the file. ``initialiser`` is the address that a command for it names, ``uuid`` what the linker made of all that it
    linked. ``commands_end`` is the byte behind the commands.
    """

    name: str
    content: Bytes
    architecture: str
    machine: Machine
    bits: int
    big_endian: bool
    file_type: int
    segments: tuple[MachSegment, ...]
    tables: dict[str, tuple[int, int]]
    initialiser: int | None
    uuid: bytes
    commands_end: int

    @property
    def order(self) -> str:
        """The byte order as NumPy writes it."""
        return ">" if self.big_endian else "<"

    @property
    def pointer_size(self) -> int:
        """The bytes of an address."""
        return self.bits // 8

    @property
    def is_object(self) -> bool:
        """Whether it is what a compiler writes, before linking."""
        return self.file_type == int(OBJECT)

    @property
    def sections(self) -> tuple[MachSection, ...]:
        """All sections in the order of their numbers, of which the first is 1 in symbols."""
        return tuple(section for segment in self.segments for section in segment.sections)

    @property
    def base(self) -> int:
        """The address of the file's own header, which offsets in tables of the linker start from."""
        for segment in self.segments:
            if segment.name == "__TEXT":
                return segment.address
        return next((segment.address for segment in self.segments if segment.size and not segment.offset), 0)

    def table(self, name: str) -> Bytes:
        """The bytes of a part of __LINKEDIT, none where the file does not have it."""
        offset, size = self.tables.get(name, (0, 0))
        return self.content[offset : offset + size]

    def section_bytes(self, section: MachSection) -> Bytes:
        """The bytes of a section in the file."""
        return self.content[section.offset : section.offset + section.file_size]

    def words_at(self, places: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The words of the size of a pointer that the file has at addresses; zero where it has nothing."""
        size = self.pointer_size
        values = np.zeros(len(places), np.uint64)
        for segment in self.segments:
            if segment.size < size:
                continue
            inside = (places >= np.uint64(segment.address)) & (places <= np.uint64(segment.end - size))
            if not inside.any():
                continue
            at = (places[inside] - np.uint64(segment.address)).astype(np.int64)
            part = self.content[segment.offset : segment.end - segment.address + segment.offset]
            values[inside] = words(part, at, self.order, size)
        return values


def words(part: Bytes, at: NDArray[np.int64], order: str, size: int) -> NDArray[np.uint64]:
    """The words of so many bytes at offsets of a part, all of which lie within it."""
    if not (at & (size - 1)).any():
        whole = part[: len(part) // size * size].view(f"{order}u{size}")
        return whole[at // size].astype(np.uint64)
    rows = part[at[:, None] + np.arange(size)]
    return np.ascontiguousarray(rows).view(f"{order}u{size}")[:, 0].astype(np.uint64)


def read_headers(name: str, content: Bytes) -> MachFile:
    """Reads the header and the commands of a Mach-O file for one processor.

    Raises InputError for commands that are cut or that say what the file cannot hold, and for encrypted code.
    """
    bits, big_endian = _MAGIC.get(content[:4].tobytes(), (0, False))
    header_type = mach_o.mach_header_64 if bits == 64 else mach_o.mach_header
    size = struct.calcsize(header_type._format_)
    if not bits or len(content) < size:
        raise InputError(name, "is no Mach-O file that can be read: its header is cut or not of that form")
    endian = ">" if big_endian else "<"
    header = header_type.from_str(content[:size].tobytes(), _endian_=endian)
    end = size + int(header.sizeofcmds)
    if end > len(content):
        raise InputError(
            name, f"its load commands should have {int(header.sizeofcmds)} bytes, and it ends before", _WHOLE
        )
    reader = _Commands(name, content, bits, endian, int(header.filetype))
    reader.read(size, end, int(header.ncmds))
    architecture = architecture_name(int(header.cputype), int(header.cpusubtype))
    return MachFile(
        name=name,
        content=content,
        architecture=architecture,
        machine=Machine.OTHER if big_endian else machine_of(architecture, bits),
        bits=bits,
        big_endian=big_endian,
        file_type=int(header.filetype),
        segments=tuple(reader.segments),
        tables=reader.tables,
        initialiser=reader.initialiser,
        uuid=reader.uuid,
        commands_end=end,
    )


_LINKEDIT_PARTS = {
    mach_o.LC_FUNCTION_STARTS: "function starts",
    mach_o.LC_CODE_SIGNATURE: "code signature",
    mach_o.LC_CODE_SEGMENT_SPLIT_INFO: "segment split info",
    mach_o.LC_DATA_IN_CODE: "data in code",
    mach_o.LC_DYLIB_CODE_SIGN_DRS: "code signing requirements",
    mach_o.LC_LINKER_OPTIMIZATION_HINT: "linker optimisation hints",
    mach_o.LC_DYLD_EXPORTS_TRIE: "exports",
    mach_o.LC_DYLD_CHAINED_FIXUPS: "chained fixups",
}
_DYLD_INFO_PARTS = (
    ("rebase opcodes", "rebase_off", "rebase_size"),
    ("bind opcodes", "bind_off", "bind_size"),
    ("weak bind opcodes", "weak_bind_off", "weak_bind_size"),
    ("lazy bind opcodes", "lazy_bind_off", "lazy_bind_size"),
    ("exports", "export_off", "export_size"),
)


class _Commands:
    """What the load commands say, gathered one command at a time."""

    def __init__(self, name: str, content: Bytes, bits: int, endian: str, file_type: int) -> None:
        self.name = name
        self.content = content
        self.bits = bits
        self.endian = endian
        self.file_type = file_type
        self.segments: list[MachSegment] = []
        self.tables: dict[str, tuple[int, int]] = {}
        self.initialiser: int | None = None
        self.uuid = b""
        self.section_count = 0

    def read(self, at: int, end: int, count: int) -> None:
        for _ in range(count):
            if at + 8 > end:
                raise InputError(Place(self.name, byte=at), f"should have {count} load commands, and has fewer", _WHOLE)
            command, size = struct.unpack(self.endian + "II", self.content[at : at + 8].tobytes())
            if size < 8 or at + size > end:
                raise self._wrong(at, f"a load command says that it has {size} bytes")
            self._command(command, at, self.content[at : at + size].tobytes())
            at += size

    def _wrong(self, at: int, problem: str, advice: str = "") -> InputError:
        return InputError(Place(self.name, byte=at), problem, advice)

    def _fields(self, kind: type, at: int, found: bytes, start: int = 8) -> dict[str, Any]:
        """A structure as macholib describes it, without an object for each of its numbers: archives have many."""
        form, size = _form(kind, self.endian)
        if start + size > len(found):
            raise self._wrong(at, "a load command is shorter than what it is for")
        return dict(zip(kind._names_, struct.unpack_from(form, found, start), strict=True))  # type: ignore[attr-defined]

    def _command(self, command: int, at: int, found: bytes) -> None:
        if command in {mach_o.LC_SEGMENT, mach_o.LC_SEGMENT_64}:
            self._segment(command == mach_o.LC_SEGMENT_64, at, found)
        elif command == mach_o.LC_SYMTAB:
            fields = self._fields(mach_o.symtab_command, at, found)
            self._table(at, "symbol table", fields["symoff"], fields["nsyms"] * (16 if self.bits == 64 else 12))
            self._table(at, "names of symbols", fields["stroff"], fields["strsize"])
        elif command == mach_o.LC_DYSYMTAB:
            fields = self._fields(mach_o.dysymtab_command, at, found)
            self._table(at, "indirect symbols", fields["indirectsymoff"], fields["nindirectsyms"] * 4)
            self._table(at, "external relocations", fields["extreloff"], fields["nextrel"] * 8)
            self._table(at, "local relocations", fields["locreloff"], fields["nlocrel"] * 8)
        elif command in {mach_o.LC_DYLD_INFO, mach_o.LC_DYLD_INFO_ONLY}:
            fields = self._fields(mach_o.dyld_info_command, at, found)
            for part, offset, size in _DYLD_INFO_PARTS:
                self._table(at, part, fields[offset], fields[size])
        elif command == mach_o.LC_UUID:
            self.uuid = found[8:24]
        elif command in _LINKEDIT_PARTS:
            fields = self._fields(mach_o.linkedit_data_command, at, found)
            self._table(at, _LINKEDIT_PARTS[command], fields["dataoff"], fields["datasize"])
        elif command in {mach_o.LC_ROUTINES, mach_o.LC_ROUTINES_64}:
            wide = command == mach_o.LC_ROUTINES_64
            fields = self._fields(mach_o.routines_command_64 if wide else mach_o.routines_command, at, found)
            self.initialiser = fields["init_address"]
        elif command in {mach_o.LC_ENCRYPTION_INFO, mach_o.LC_ENCRYPTION_INFO_64}:
            fields = self._fields(mach_o.encryption_info_command, at, found)
            if fields["cryptid"]:
                problem = "its code is encrypted, as that of apps from the App Store is"
                raise self._wrong(at, problem, "Pass the file that was built, from the .xcarchive or the build folder.")

    def _table(self, at: int, name: str, offset: int, size: int) -> None:
        if not size:
            return
        if offset + size > len(self.content):
            raise self._wrong(at, f"its {name} should have {size} bytes at byte {offset}: the file ends before", _WHOLE)
        self.tables[name] = (offset, size)

    def _segment(self, wide: bool, at: int, found: bytes) -> None:
        kind = mach_o.segment_command_64 if wide else mach_o.segment_command
        section_kind = mach_o.section_64 if wide else mach_o.section
        fields = self._fields(kind, at, found)
        offset, size = fields["fileoff"], fields["filesize"]
        if offset + size > len(self.content):
            problem = f"a segment of {size} bytes begins at byte {offset}, and the file ends before it does"
            raise self._wrong(at, problem, _WHOLE)
        if fields["vmaddr"] + max(fields["vmsize"], size) > 1 << self.bits:
            raise self._wrong(at, "a segment ends beyond the last address that there is")
        self.section_count += fields["nsects"]
        if self.section_count > _MOST_SECTIONS:
            raise self._wrong(at, f"should have {self.section_count} sections, which no linker writes")
        writable = bool(fields["initprot"] & _WRITABLE)
        start, step = 8 + struct.calcsize(kind._format_), struct.calcsize(section_kind._format_)
        name = _text(fields["segname"])
        sections = tuple(
            self._section(self._fields(section_kind, at, found, start + number * step), at, name, size > 0, writable)
            for number in range(fields["nsects"])
        )
        self.segments.append(
            MachSegment(
                name=name,
                address=fields["vmaddr"],
                memory_size=fields["vmsize"],
                offset=offset,
                size=size,
                executable=bool(fields["initprot"] & _EXECUTABLE),
                writable=writable,
                sections=sections,
            )
        )

    def _section(self, fields: dict[str, Any], at: int, segment: str, filed: bool, writable: bool) -> MachSection:
        flags, size, offset = fields["flags"], fields["size"], fields["offset"]
        name, home = _text(fields["sectname"]), _text(fields["segname"]) or segment
        # Debug files have the headers of all sections, and the bytes of those for debuggers.
        in_file = flags & _TYPE not in ZERO_FILL and filed and (self.file_type != DEBUG_FILE or home == "__DWARF")
        if in_file and offset + size > len(self.content):
            problem = f"section {home},{name} has {size} bytes at byte {offset}: the file ends before"
            raise self._wrong(at, problem, _WHOLE)
        if fields["addr"] + size > 1 << self.bits:
            raise self._wrong(at, f"section {home},{name} ends beyond the last address that there is")
        relocations, count = fields["reloff"], fields["nreloc"]
        if self.file_type != OBJECT or not count:
            relocations = count = 0
        elif relocations + count * 8 > len(self.content):
            problem = (
                f"section {home},{name} should have {count} relocations at byte {relocations}: the file ends before"
            )
            raise self._wrong(at, problem, _WHOLE)
        return MachSection(
            segment=home,
            name=name,
            address=fields["addr"],
            size=size,
            offset=offset,
            file_size=size if in_file else 0,
            alignment=1 << min(fields["align"], 15),
            relocations=relocations,
            relocation_count=count,
            flags=flags,
            first_indirect=fields["reserved1"],
            stub_size=fields["reserved2"],
            writable=writable,
        )


@lru_cache
def _form(kind: type, endian: str) -> tuple[str, int]:
    form = endian + kind._format_  # type: ignore[attr-defined]
    return form, struct.calcsize(form)


def _text(found: bytes) -> str:
    return found.split(b"\0", 1)[0].decode("utf-8", "backslashreplace")
