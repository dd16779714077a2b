"""The sections of a Mach-O file as everything else sees them, so that every byte of the file is in one.

Sections proper are called SEGMENT,SECTION. What stands in __LINKEDIT is a section by what it is: the symbol table, the
code signature; so are the header with the load commands, and what the linker leaves empty.
"""

from __future__ import annotations

from collections.abc import Sequence

from opselect.binaries.image import Section, SectionKind
from opselect.binaries.macho.headers import ZERO_FILL, MachFile, MachSection

_SYMBOLS = {"symbol table", "names of symbols", "indirect symbols"}
_UNLOADED = {"__LLVM", "__LD"}


def kind_of(section: MachSection) -> SectionKind:
    """What a section holds."""
    if section.is_debug:
        return SectionKind.DEBUG
    if section.type in ZERO_FILL:
        return SectionKind.ZERO
    if section.segment in _UNLOADED:
        return SectionKind.OTHER
    return SectionKind.CODE if section.is_code else SectionKind.DATA


def sections_of(
    file: MachFile, member: int = 0, addresses: Sequence[int] | None = None, base: int = 0
) -> tuple[Section, ...]:
    """All sections in the order of the file; with ``addresses`` those of an object that was laid out.

    ``base`` is where in its archive the object begins.
    """
    made = [
        Section(
            name=section.full_name,
            kind=kind_of(section),
            offset=section.offset + base if section.file_size else base,
            size=section.file_size,
            address=section.address if addresses is None else addresses[number],
            memory_size=section.size if is_loaded(section) else 0,
            loaded=is_loaded(section),
            writable=section.writable,
            member=member,
        )
        for number, section in enumerate(file.sections)
    ]
    taken = sorted((s.offset - base, s.offset - base + s.size) for s in made if s.size)
    parts = [("load commands", 0, file.commands_end)]
    parts += [
        (f"relocations of {section.full_name}", section.relocations, section.relocation_count * 8)
        for section in file.sections
        if section.relocation_count
    ]
    parts += [(f"__LINKEDIT,{name}", offset, size) for name, (offset, size) in file.tables.items()]
    for name, offset, size in sorted(parts, key=lambda part: part[1:]):
        kind = SectionKind.SYMBOLS if name.removeprefix("__LINKEDIT,") in _SYMBOLS else SectionKind.OTHER
        made.append(_unloaded(name, kind, offset + base, size, member))
        taken.append((offset, offset + size))
    end = 0
    for start, stop in [*sorted(taken), (len(file.content), len(file.content))]:
        if start > end:
            made.append(_unloaded("padding", SectionKind.OTHER, end + base, start - end, member))
        end = max(end, stop)
    return tuple(sorted(made, key=lambda section: (section.offset, section.address)))


def is_loaded(section: MachSection) -> bool:
    """Whether a section is in memory when the program runs."""
    return not section.is_debug and section.segment not in _UNLOADED


def _unloaded(name: str, kind: SectionKind, offset: int, size: int, member: int) -> Section:
    return Section(name, kind, offset, size, 0, 0, loaded=False, writable=False, member=member)
