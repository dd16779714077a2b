"""Whether a linker map is the map of a binary: its sections must be where the map says."""

from __future__ import annotations

from opselect.binaries.image import Image, SectionKind
from opselect.binaries.maps.records import LinkerMap


def why_other_binary(found: LinkerMap, image: Image) -> str | None:
    """Why a map is not the map of this binary; None if it is.

    Every section of code must have the map's address and size. Stripping changes neither.
    """
    by_name = {output.name: output for output in found.outputs}
    code = [section for section in image.sections if section.kind is SectionKind.CODE and section.memory_size]
    known = [section for section in code if section.name in by_name]
    if not known:
        return "the map has none of the sections of code that the binary has"
    for section in known:
        output = by_name[section.name]
        if (output.address, output.size) != (section.address, section.memory_size):
            return (
                f"{section.name} has {output.size:,} bytes at 0x{output.address:x} in the map, "
                f"and {section.memory_size:,} at 0x{section.address:x} in the binary"
            )
    return None
