"""The sections of debug information of an ELF file, unpacked where they are compressed.

Sources: the System V ABI, "Section compression" (SHF_COMPRESSED); binutils for the older ``.zdebug`` sections.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from kernel_index.errors import InputError
from opselect.binaries.elf.headers import ElfFile
from opselect.binaries.files import check_unpacked, kept_bytes
from opselect.binaries.image import Bytes

_COMPRESSED = 0x800
_ZLIB = 1
_OLD_MAGIC = b"ZLIB"
_BLOCK = 1 << 20


def debug_section(file: ElfFile, name: str) -> Bytes:
    """The bytes of a section such as ``.debug_info``; empty where there is none.

    Raises InputError for one that is compressed in a way that is not known here, or damaged.
    """
    header = file.named(name)
    if header is not None:
        content = file.section_bytes(header)
        return _unpacked(file, name, content) if header.flags & _COMPRESSED else content
    header = file.named(".z" + name[1:])
    if header is None:
        return file.content[:0]
    content = file.section_bytes(header)
    if content[:4].tobytes() != _OLD_MAGIC or len(content) < 12:
        raise InputError(file.name, f"its section .z{name[1:]} is damaged")
    return _inflated(f"{file.name}({name})", content[12:], int.from_bytes(content[4:12].tobytes(), "big"))


def _unpacked(file: ElfFile, name: str, content: Bytes) -> Bytes:
    size = 24 if file.bits == 64 else 12
    head = content[:size].tobytes()
    if len(head) < size:
        raise InputError(file.name, f"its section {name} is damaged")
    if int.from_bytes(head[:4], file.byte_order) != _ZLIB:
        advice = "Unpack it with objcopy --decompress-debug-sections, and pass what that makes."
        raise InputError(file.name, f"its section {name} is compressed in another way than by zlib", advice)
    unpacked = int.from_bytes(head[8:16] if file.bits == 64 else head[4:8], file.byte_order)
    return _inflated(f"{file.name}({name})", content[size:], unpacked)


def _inflated(name: str, content: Bytes, size: int) -> Bytes:
    check_unpacked(name, len(content), size)
    return kept_bytes(name, size, _blocks(name, content))


def _blocks(name: str, content: Bytes) -> Iterator[bytes]:
    decoder = zlib.decompressobj()
    at, rest = 0, b""
    try:
        while not decoder.eof and (rest or at < len(content)):
            data = rest or content[at : at + _BLOCK].tobytes()
            at += 0 if rest else len(data)
            yield decoder.decompress(data, _BLOCK)
            rest = decoder.unconsumed_tail
    except zlib.error as error:
        raise InputError(name, f"cannot be unpacked: {error}") from None
