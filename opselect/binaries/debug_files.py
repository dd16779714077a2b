"""Symbols that a stripped library does not have itself: from its separate debug file, or from .gnu_debugdata.

Sources: "Debugging Information in Separate Files" and "MiniDebugInfo" of the manual of GDB. A debug file has the same
addresses and section headers; what it has no bytes of is marked so.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import ElfFile, read_headers
from opselect.binaries.elf.symbols import full_table, strong_places, symbols_of, thumb_functions
from opselect.binaries.files import map_file
from opselect.binaries.image import Bytes, Image, SymbolKind, Symbols, merged_functions
from opselect.binaries.recognizing import FileKind, file_kind

_BUILD_ID = 3
_MAX_SMALL = 1 << 28
"""Bytes that .gnu_debugdata may unpack to: it has names of functions, a small part of the library."""
_XZ_MEMORY = 1 << 28
_CRC_BLOCK = 1 << 22


def with_debug_symbols(image: Image, debug_file: str | None = None, folders: Sequence[str] = ()) -> Image:
    """The image with the symbols of its debug file, where it has none itself.

    ``debug_file`` is named by the user, and must belong to the image. Else one is looked for as by
    :func:`find_debug_file`, and last inside the library itself. Raises InputError for a file that is named and does not
    belong to the image.
    """
    if file_kind(image.content[:8].tobytes()) is FileKind.MACH_O:
        from opselect.binaries.macho.debug_files import with_dsym_symbols

        return with_dsym_symbols(image, debug_file)
    file = _linked(image)
    if debug_file is not None:
        other = named_debug_file(image, debug_file)
        if full_table(other) is None:
            raise InputError(
                debug_file, "has no symbols", "Pass the library before it was stripped, or its debug file."
            )
        return _joined(image, other)
    if file is None or full_table(file) is not None:
        return image
    found = find_debug_file(file, folders)
    if found is not None:
        return _joined(image, found)
    inside = small_debug_file(file)
    return image if inside is None else _joined(image, inside, beside=True)


def debug_information(image: Image, debug_file: str | None = None, folders: Sequence[str] = ()) -> ElfFile | None:
    """The file that has the debug information of a linked library: the one that is named, itself, or one found.

    None where there is none. A named file that does not belong to the library is passed over: it is of another.
    """
    file = _linked(image)
    if file is None:
        return None
    if debug_file is not None:
        try:
            named = named_debug_file(image, debug_file)
        except InputError:
            named = None
        if named is not None and _has_debug_information(named):
            return named
    if _has_debug_information(file):
        return file
    found = find_debug_file(file, folders)
    return found if found is not None and _has_debug_information(found) else None


def _has_debug_information(file: ElfFile) -> bool:
    return file.named(".debug_info") is not None or file.named(".zdebug_info") is not None


def named_debug_file(image: Image, debug_file: str) -> ElfFile:
    """The debug file that a user names. Raises InputError where it does not belong to the image."""
    file = _linked(image)
    if file is None:
        raise InputError(debug_file, f"is no debug file for {image.name}", "Only linked ELF files have one.")
    other = read_headers(debug_file, map_file(debug_file), debug_file=True)
    if problem := does_not_belong(file, other):
        raise InputError(debug_file, f"is no debug file for {image.name}: {problem}", "Pass the one of this build.")
    return other


def _linked(image: Image) -> ElfFile | None:
    if image.content[:4].tobytes() != b"\x7fELF":
        return None
    file = read_headers(image.name, image.content)
    return None if file.is_object else file


def build_id(file: ElfFile) -> bytes:
    """The build-id, which the linker makes of all that it links; empty where there is none."""
    parts = [file.section_bytes(header) for header in file.sections if header.type == 7]
    parts += [
        file.content[segment.offset : segment.offset + segment.size]
        for segment, kind in zip(file.all_segments, file.segment_types, strict=True)
        if kind == 4
    ]
    for part in parts:
        data = part[: 1 << 16].tobytes()
        at = 0
        while at + 12 <= len(data):
            name_size, size, kind = struct.unpack_from(f"{file.order}3I", data, at)
            start = at + 12 + (name_size + 3 & ~3)
            if kind == _BUILD_ID and data[at + 12 : at + 12 + name_size] == b"GNU\0":
                return data[start : start + size]
            at = start + (size + 3 & ~3)
    return b""


def does_not_belong(file: ElfFile, other: ElfFile) -> str:
    """Why a debug file is not that of a library; empty where it is: build-ids decide, else addresses of sections."""
    if (file.machine, file.bits, file.order) != (other.machine, other.bits, other.order):
        return f"it is for {other.machine.value}, and the library for {file.machine.value}"
    ours, theirs = build_id(file), build_id(other)
    if ours and theirs:
        return "" if ours == theirs else f"its build-id is {theirs.hex()}, and that of the library {ours.hex()}"
    mine = {(header.name, header.address, header.size) for header in file.sections if header.allocated}
    its = {(header.name, header.address, header.size) for header in other.sections if header.allocated}
    if mine and its:
        return "" if mine == its else "its sections stand at other addresses"
    return "neither build-ids nor sections say that they belong together"


def find_debug_file(file: ElfFile, folders: Sequence[str] = ()) -> ElfFile | None:
    """The debug file of a library, by its build-id or by the name and checksum that .gnu_debuglink has."""
    folder = Path(file.name).parent
    identity = build_id(file).hex()
    places = []
    if len(identity) > 2:
        places += [Path(each) / ".build-id" / identity[:2] / f"{identity[2:]}.debug" for each in folders]
    name, checksum = debug_link(file)
    linked = [folder / name, folder / ".debug" / name, *(Path(each) / name for each in folders)] if name else []
    for place, known_name in (*((each, False) for each in places), *((each, True) for each in linked)):
        other = _tried(file, place, checksum if known_name else None)
        if other is not None:
            return other
    return None


def _tried(file: ElfFile, place: Path, checksum: int | None) -> ElfFile | None:
    """The debug file at a place, if it is there and belongs to the library; the library itself is none."""
    try:
        content = map_file(str(place))
        other = read_headers(str(place), content, debug_file=True)
    except InputError:
        return None
    if does_not_belong(file, other) or full_table(other) is None:
        return None
    return other if checksum is None or _checksum(content) == checksum else None


def debug_link(file: ElfFile) -> tuple[str, int]:
    """The name and the checksum of the debug file that a library names; empty and 0 where it names none."""
    header = file.named(".gnu_debuglink")
    if header is None:
        return "", 0
    data = file.section_bytes(header)[: 1 << 12].tobytes()
    end = data.find(b"\0")
    at = end + 4 & ~3
    name = data[: max(end, 0)].decode("utf-8", "replace")
    if end <= 0 or "/" in name or len(data) < at + 4:
        return "", 0
    return name, int.from_bytes(data[at : at + 4], file.byte_order)


def _checksum(content: Bytes) -> int:
    found = 0
    for start in range(0, len(content), _CRC_BLOCK):
        found = zlib.crc32(content[start : start + _CRC_BLOCK].data, found)
    return found


def small_debug_file(file: ElfFile) -> ElfFile | None:
    """The ELF file with names of functions that .gnu_debugdata holds, compressed by xz.

    Raises InputError where it is damaged or unpacks to more than names can be.
    """
    header = file.named(".gnu_debugdata")
    if header is None:
        return None
    name = f"{file.name}(.gnu_debugdata)"
    try:
        decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        unpacked = decoder.decompress(file.section_bytes(header).tobytes(), max_length=_MAX_SMALL)
    except (lzma.LZMAError, EOFError) as error:
        raise InputError(name, f"cannot be unpacked: {error}") from None
    if not decoder.eof:
        raise InputError(name, f"is cut short, or unpacks to more than {_MAX_SMALL:,} bytes")
    return read_headers(name, np.frombuffer(unpacked, np.uint8), debug_file=True)


def _joined(image: Image, other: ElfFile, *, beside: bool = False) -> Image:
    """The image with the symbols of another file, ``beside`` its own or in place of them, and their functions."""
    table = full_table(other)
    symbols = symbols_of(other, table)
    known = (symbols.kinds == SymbolKind.FUNCTION) & (symbols.sizes > 0)
    starts = symbols.addresses[known]
    functions = merged_functions(
        [image.functions.starts, starts], [image.functions.ends, starts + symbols.sizes[known]]
    )
    return replace(
        image,
        symbols=_both(image.symbols, symbols) if beside else symbols,
        functions=functions,
        thumb=image.thumb | thumb_functions(other.machine, table),
        strong=image.strong if beside or table is None else strong_places(other, table),
    )


def _both(first: Symbols, second: Symbols) -> Symbols:
    addresses = np.concatenate((first.addresses, second.addresses))
    sizes = np.concatenate((first.sizes, second.sizes))
    files = np.where(second.files >= 0, second.files + np.int32(len(first.file_names)), np.int32(-1))
    order = np.lexsort((sizes, addresses))
    return Symbols(
        addresses=addresses[order],
        sizes=sizes[order],
        kinds=np.concatenate((first.kinds, second.kinds))[order],
        local=np.concatenate((first.local, second.local))[order],
        files=np.concatenate((first.files, files))[order],
        file_names=first.file_names + second.file_names,
        name_at=np.concatenate((first.name_at, second.name_at + len(first.text)))[order],
        text=np.concatenate((first.text, second.text)),
    )
