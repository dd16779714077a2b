"""What kind of file it is, by its first bytes, and for which processors."""

from __future__ import annotations

import enum
import struct
from collections.abc import Callable
from functools import partial
from typing import Literal

from opselect.binaries.abis import ABIS
from opselect.binaries.image import Machine


class FileKind(enum.Enum):
    """The kinds of files that binaries come in; the values are what messages call them."""

    ELF = "an ELF file"
    MACH_O = "a Mach-O file"
    FAT = "a Mach-O file for several processors"
    ARCHIVE = "an archive of objects"
    THIN_ARCHIVE = "a thin archive of objects"
    ZIP = "a zip package"
    OTHER = "no binary"


HEAD = 64
"""Bytes that tell the kind."""

ARCHIVE_MAGIC, THIN_MAGIC = b"!<arch>\n", b"!<thin>\n"
_ELF, _ZIP = b"\x7fELF", (b"PK\x03\x04", b"PK\x05\x06")
_MACH_O = {
    b"\xfe\xed\xfa\xce": ">", b"\xfe\xed\xfa\xcf": ">", b"\xce\xfa\xed\xfe": "<", b"\xcf\xfa\xed\xfe": "<",
}  # fmt: skip
_FAT, _FAT_64 = b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"
_MAX_FAT = 40
"""A file of Java begins with the same four bytes as one for several processors; its version comes next, 45 or more."""
_MAX_ARCHIVE_HEAD = 1 << 26

_ELF_MACHINES = {62: Machine.X86_64, 3: Machine.X86, 183: Machine.AARCH64, 40: Machine.ARM}
_MACH_MACHINES = {
    0x01000007: Machine.X86_64, 7: Machine.X86, 0x0100000C: Machine.AARCH64, 12: Machine.ARM,
}  # fmt: skip
_STRANGERS = (
    (b"MZ", "a program or library for Windows (PE)", "Build for Linux, Android, macOS or iOS, and pass that."),
    (b"\0asm", "WebAssembly", "Build for Linux, Android, macOS or iOS, and pass that."),
    (b"BC\xc0\xde", "LLVM bitcode", "Compile without -flto and -emit-llvm, or pass the linked library."),
    (b"\xde\xc0\x17\x0b", "LLVM bitcode", "Compile without -flto and -emit-llvm, or pass the linked library."),
    (_FAT, "a class of Java", "Pass the library beside it, or the .apk or .aar."),
    (b"dex\n", "code of an Android app (dex)", "Pass the .apk or .aar: the libraries are beside it."),
    (b"\x1f\x8b", "compressed by gzip", "Unpack it and pass what is inside."),
    (b"\xfd7zXZ\0", "compressed by xz", "Unpack it and pass what is inside."),
    (b"BZh", "compressed by bzip2", "Unpack it and pass what is inside."),
    (b"(\xb5/\xfd", "compressed by zstd", "Unpack it and pass what is inside."),
)


def machine_of_abi(abi: str) -> Machine | None:
    """The processor that an ABI of Android, or another usual name, stands for."""
    value = ABIS.get(abi.lower())
    return None if value is None else Machine(value)


def file_kind(head: bytes) -> FileKind:
    """The kind of a file that begins with these bytes."""
    if head.startswith(_ELF):
        return FileKind.ELF
    if head.startswith(ARCHIVE_MAGIC):
        return FileKind.ARCHIVE
    if head.startswith(THIN_MAGIC):
        return FileKind.THIN_ARCHIVE
    if head.startswith(_ZIP):
        return FileKind.ZIP
    if head[:4] in _MACH_O:
        return FileKind.MACH_O
    if head[:4] in {_FAT, _FAT_64} and len(head) >= 8 and int.from_bytes(head[4:8], "big") < _MAX_FAT:
        return FileKind.FAT
    return FileKind.OTHER


def stranger(head: bytes) -> tuple[str, str]:
    """What a file is that is no binary, and what to do."""
    for magic, what, advice in _STRANGERS:
        if head.startswith(magic):
            return what, advice
    advice = "Pass a .so, .a, .o, .dylib, .aar, .apk, .whl, a program, or a framework's folder."
    if head and all(byte >= 32 or byte in b"\t\r\n\f" for byte in head):
        return "a text file" if not head.startswith(b"version https://git-lfs") else "a pointer of Git LFS", advice
    return "of a kind that is not known here", advice


def machines_of(read: Callable[[int, int], bytes]) -> tuple[Machine, ...]:
    """For which processors a binary is; ``read`` gives bytes of it by offset and count. Empty where it does not say."""
    head = read(0, HEAD)
    kind = file_kind(head)
    if kind is FileKind.ELF and len(head) >= 20:
        order: Literal["big", "little"] = "big" if head[5] == 2 else "little"
        return (_ELF_MACHINES.get(int.from_bytes(head[18:20], order), Machine.OTHER),)
    if kind is FileKind.MACH_O and len(head) >= 8:
        return (_MACH_MACHINES.get(struct.unpack_from(_MACH_O[head[:4]] + "I", head, 4)[0], Machine.OTHER),)
    if kind is FileKind.FAT:
        size = 32 if head.startswith(_FAT_64) else 20
        count = int.from_bytes(head[4:8], "big")
        table = read(8, size * count)
        types = [int.from_bytes(table[at : at + 4], "big") for at in range(0, len(table) - size + 1, size)]
        return tuple(dict.fromkeys(_MACH_MACHINES.get(each, Machine.OTHER) for each in types))
    if kind is FileKind.ARCHIVE:
        return _machines_in_archive(read)
    return ()


def _machines_in_archive(read: Callable[[int, int], bytes]) -> tuple[Machine, ...]:
    """Those of the first member that says it: the members before it are symbol tables."""
    at = len(ARCHIVE_MAGIC)
    for _ in range(8):
        header = read(at, 60)
        if len(header) < 60 or at > _MAX_ARCHIVE_HEAD:
            break
        size = header[48:58].strip()
        if not size.isdigit():
            break
        start, length = at + 60, int(size)
        named = header[3:16].strip() if header.startswith(b"#1/") else b""
        skipped = int(named) if named.isdigit() else 0
        inside = partial(_within, read, start + skipped)
        if file_kind(inside(0, HEAD)) is not FileKind.ARCHIVE and (found := machines_of(inside)):
            return found
        at = start + length + length % 2
    return ()


def _within(read: Callable[[int, int], bytes], start: int, offset: int, count: int) -> bytes:
    return read(start + offset, count)
