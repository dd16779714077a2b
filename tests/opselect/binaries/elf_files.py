"""Small ELF files for tests, written from what is to be in them: 32 and 64 bits, both byte orders.

    elf_file([Section(".text", bytes(16), flags=CODE)], [Symbol("run", ".text", size=16)])

is an object. With addresses it is a shared object: each section stands in the file at the byte that is its address, and
one segment covers all of them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

X86_64, X86, AARCH64, ARM, RISCV = 62, 3, 183, 40, 243
REL_FILE, EXEC_FILE, SHARED_FILE = 1, 2, 3
PROGBITS, SYMTAB, STRTAB, RELA, NOTE, NOBITS, REL, DYNSYM, INIT_ARRAY, GROUP, SYMTAB_SHNDX = (
    1, 2, 3, 4, 7, 8, 9, 11, 14, 17, 18,
)  # fmt: skip
WRITE, ALLOC, EXECUTE = 1, 2, 4
CODE, CONSTANT, DATA = ALLOC | EXECUTE, ALLOC, ALLOC | WRITE
LOCAL, GLOBAL, WEAK = 0, 1, 2
NOTYPE, OBJECT, FUNCTION, SECTION, FILE = 0, 1, 2, 3, 4
UNDEFINED, ABSOLUTE, COMMON = "", "*ABS*", "*COM*"

_RESERVED = 0xFF00
_SPECIAL = {UNDEFINED: 0, ABSOLUTE: 0xFFF1, COMMON: 0xFFF2}


@dataclass(frozen=True, slots=True)
class Section:
    """A section; ``size`` is that in memory where it has no bytes in the file. ``link`` is the name of another."""

    name: str
    content: bytes = b""
    type: int = PROGBITS
    flags: int = 0
    address: int = 0
    alignment: int = 1
    size: int | None = None
    link: str = ""
    info: int = 0
    entry_size: int = 0


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol of a section that is named, or of UNDEFINED, ABSOLUTE or COMMON."""

    name: str
    section: str = UNDEFINED
    value: int = 0
    size: int = 0
    type: int = FUNCTION
    binding: int = GLOBAL


@dataclass(frozen=True, slots=True)
class Relocation:
    """A relocation of a section; ``symbol`` is a symbol's name, or a section's for its section symbol."""

    section: str
    offset: int
    type: int
    symbol: str = ""
    addend: int = 0


@dataclass(slots=True)
class _Writer:
    bits: int
    big_endian: bool
    parts: list[bytes] = field(default_factory=list)

    def pack(self, format: str, *values: int) -> bytes:  # noqa: A002
        """Packs as struct does; ``W`` is a word of the file's size and ``w`` a signed one."""
        word, signed = ("Q", "q") if self.bits == 64 else ("I", "i")
        return struct.pack((">" if self.big_endian else "<") + format.replace("W", word).replace("w", signed), *values)


def elf_file(
    sections: Sequence[Section],
    symbols: Iterable[Symbol] = (),
    relocations: Iterable[Relocation] = (),
    *,
    machine: int = X86_64,
    bits: int = 64,
    big_endian: bool = False,
    rela: bool = True,
    dynamic: Mapping[int, int] | None = None,
    section_headers: bool = True,
) -> bytes:
    """The bytes of an object, or of a shared object where sections have addresses.

    ``dynamic`` are entries of a dynamic table, by tag; with it the file has a segment for it. Without
    ``section_headers`` they are left out, as by tools that strip all that the loader does not need.
    """
    writer = _Writer(bits, big_endian)
    linked = any(section.address for section in sections)
    every = [Section("", type=0), *sections]
    if dynamic is not None:
        table = b"".join(writer.pack("WW", tag, value) for tag, value in [*dynamic.items(), (0, 0)])
        end = max(section.address + _memory_size(section) for section in sections)
        every.append(Section(".dynamic", table, type=6, flags=DATA, address=(end + 15) & -16))
    ordered = sorted(symbols, key=lambda symbol: symbol.binding != LOCAL)
    every += _relocation_sections(writer, every, ordered, list(relocations), rela)
    every += _symbol_sections(writer, every, ordered)
    names = _Names()
    numbers = [names.offset(section.name) for section in every] + [names.offset(".shstrtab")]
    every.append(Section(".shstrtab", bytes(names.text), type=STRTAB))
    return _joined(writer, every, numbers, machine, linked, section_headers)


class _Names:
    """A table of names."""

    def __init__(self) -> None:
        self.text = bytearray(1)

    def offset(self, name: str) -> int:
        if not name:
            return 0
        start = len(self.text)
        self.text += name.encode() + b"\0"
        return start


def _memory_size(section: Section) -> int:
    return len(section.content) if section.size is None else section.size


def _number(sections: Sequence[Section], name: str) -> int:
    return next(number for number, section in enumerate(sections) if section.name == name)


def _symbol_sections(writer: _Writer, sections: Sequence[Section], symbols: Sequence[Symbol]) -> list[Section]:
    if not symbols:
        return []
    names = _Names()
    rows = [bytes(24 if writer.bits == 64 else 16)]
    extended = [0]
    by_name = {section.name: number for number, section in enumerate(sections)}
    for symbol in symbols:
        index = _SPECIAL[symbol.section] if symbol.section in _SPECIAL else by_name[symbol.section]
        wide = index if symbol.section not in _SPECIAL and index >= _RESERVED else 0
        extended.append(wide)
        index = 0xFFFF if wide else index
        info, name = symbol.binding << 4 | symbol.type, names.offset(symbol.name)
        if writer.bits == 64:
            rows.append(writer.pack("IBBHWW", name, info, 0, index, symbol.value, symbol.size))
        else:
            rows.append(writer.pack("IWWBBH", name, symbol.value, symbol.size, info, 0, index))
    local = 1 + sum(symbol.binding == LOCAL for symbol in symbols)
    made = [
        Section(".symtab", b"".join(rows), SYMTAB, alignment=8, link=".strtab", info=local, entry_size=len(rows[0])),
        Section(".strtab", bytes(names.text), STRTAB),
    ]
    if any(extended):
        content = b"".join(writer.pack("I", number) for number in extended)
        made.append(Section(".symtab_shndx", content, SYMTAB_SHNDX, link=".symtab", entry_size=4))
    return made


def _relocation_sections(
    writer: _Writer,
    sections: Sequence[Section],
    symbols: list[Symbol],
    relocations: Sequence[Relocation],
    rela: bool,
) -> list[Section]:
    """A section of relocations for each section that has some; the symbols of sections are added to the others."""
    wanted = dict.fromkeys(each.symbol for each in relocations if each.symbol)
    known = {symbol.name for symbol in symbols}
    added = [Symbol("", name, type=SECTION, binding=LOCAL) for name in wanted if name not in known]
    symbols[:0] = added
    numbers = {symbol.name or symbol.section: number for number, symbol in enumerate(symbols, 1)}
    made = []
    for target in dict.fromkeys(each.section for each in relocations):
        rows = []
        for each in relocations:
            if each.section == target:
                symbol = numbers[each.symbol] if each.symbol else 0
                info = symbol << (32 if writer.bits == 64 else 8) | each.type
                row = writer.pack("WW", each.offset, info)
                rows.append(row + writer.pack("w", each.addend) if rela else row)
        name = (".rela" if rela else ".rel") + target
        kind, size = (RELA, len(rows[0])) if rela else (REL, len(rows[0]))
        info = _number(sections, target)
        made.append(Section(name, b"".join(rows), kind, alignment=8, link=".symtab", info=info, entry_size=size))
    return made


def _joined(
    writer: _Writer,
    sections: Sequence[Section],
    names: Sequence[int],
    machine: int,
    linked: bool,
    section_headers: bool,
) -> bytes:
    wide = writer.bits == 64
    header_size, entry, program_entry = (64, 64, 56) if wide else (52, 40, 32)
    special = {".dynamic": 2, ".eh_frame_hdr": 0x6474E550, ".ARM.exidx": 0x70000001}
    extra = [section for section in sections if linked and section.address and section.name in special]
    programs = 1 + len(extra) if linked else 0
    loaded = max((s.address + len(s.content) for s in sections if s.address and s.type != NOBITS), default=0)
    content = bytearray(max(header_size + programs * program_entry, loaded))
    offsets = []
    for section in sections:
        if section.address and section.type != NOBITS:
            content[section.address : section.address + len(section.content)] = section.content
            offsets.append(section.address)
            continue
        content += bytes(-len(content) % max(section.alignment, 1))
        offsets.append(len(content) if section.type else 0)
        content += section.content
    in_memory = max((s.address + _memory_size(s) for s in sections if s.address), default=0)
    content += bytes(-len(content) % 8)
    table = len(content) if section_headers else 0
    count = len(sections) if section_headers else 0
    many = count >= _RESERVED
    numbers = {section.name: number for number, section in enumerate(sections)}
    if section_headers:
        for number, (section, name, offset) in enumerate(zip(sections, names, offsets, strict=True)):
            size, link = _memory_size(section), numbers[section.link] if section.link else 0
            if many and not number:
                size, link = count, count - 1
            content += writer.pack(
                "IIWWWWIIWW", name, section.type, section.flags, section.address, offset, size, link, section.info,
                section.alignment, section.entry_size,
            )  # fmt: skip
    ident = bytes((0x7F, *b"ELF", 2 if wide else 1, 2 if writer.big_endian else 1, 1)).ljust(16, b"\0")
    content[:header_size] = ident + writer.pack(
        "HHIWWWIHHHHHH", SHARED_FILE if linked else REL_FILE, machine, 1, 0, header_size if programs else 0, table, 0,
        header_size, program_entry if programs else 0, programs, entry if table else 0, 0 if many else count,
        0xFFFF if many else max(count - 1, 0),
    )  # fmt: skip
    rows = [(1, 7, 0, 0, loaded, in_memory, 0x1000)] if linked else []
    rows += [(special[s.name], 6, s.address, s.address, len(s.content), len(s.content), 8) for s in extra]
    for number, (kind, flags, offset, address, size, memory, alignment) in enumerate(rows):
        at = header_size + number * program_entry
        row = (
            writer.pack("IIWWWWWW", kind, flags, offset, address, address, size, memory, alignment)
            if wide
            else writer.pack("IWWWWWIW", kind, offset, address, address, size, memory, flags, alignment)
        )
        content[at : at + program_entry] = row
    return bytes(content)
