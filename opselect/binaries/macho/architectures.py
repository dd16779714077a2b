"""What processors are called in Mach-O files, and which part of a file for several of them is meant.

Source: mach/machine.h and mach-o/fat.h of Apple's cctools.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kernel_index.errors import InputError
from opselect.binaries.image import Bytes, Machine
from opselect.binaries.recognizing import machine_of_abi

_WIDE, _NARROW_POINTERS = 0x01000000, 0x02000000
_NAMES = {7: "i386", 7 | _WIDE: "x86_64", 12: "arm", 12 | _WIDE: "arm64", 12 | _NARROW_POINTERS: "arm64_32"}
_NAMES |= {18: "ppc", 18 | _WIDE: "ppc64"}
_SPECIAL = {
    (12, 6): "armv6", (12, 9): "armv7", (12, 11): "armv7s", (12, 12): "armv7k", (12 | _WIDE, 2): "arm64e",
    (7 | _WIDE, 8): "x86_64h",
}  # fmt: skip
_MACHINES = {
    "i386": Machine.X86, "x86_64": Machine.X86_64, "x86_64h": Machine.X86_64, "arm64": Machine.AARCH64,
    "arm64e": Machine.AARCH64, "arm": Machine.ARM, "armv6": Machine.ARM, "armv7": Machine.ARM, "armv7s": Machine.ARM,
    "armv7k": Machine.ARM,
}  # fmt: skip
_FAT, _FAT_WIDE = b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"
_JAVA = 39
"""Java class files begin as fat files do, and go on with a version that is no number of processors (45 and more)."""
_ENTRY = np.dtype([("type", ">u4"), ("subtype", ">u4"), ("offset", ">u4"), ("size", ">u4"), ("align", ">u4")])
_WIDE_ENTRY = np.dtype(
    [("type", ">u4"), ("subtype", ">u4"), ("offset", ">u8"), ("size", ">u8"), ("align", ">u4"), ("reserved", ">u4")]
)


def architecture_name(kind: int, subtype: int) -> str:
    """The name of a processor as lipo and Xcode have it."""
    subtype &= 0xFFFFFF
    return _SPECIAL.get((kind, subtype)) or _NAMES.get(kind) or f"processor {kind:#x}"


def machine_of(architecture: str, bits: int) -> Machine:
    """Which machine an architecture is; OTHER where its code cannot be read."""
    machine = _MACHINES.get(architecture, Machine.OTHER)
    return machine if bits == (64 if machine in {Machine.X86_64, Machine.AARCH64} else 32) else Machine.OTHER


def is_asked_for(architecture: str, abi: str) -> bool:
    """Whether an architecture is what a user calls ``abi``: by its own name, or by another of its processor."""
    machine = _MACHINES.get(architecture)
    return abi == architecture or (machine is not None and machine is machine_of_abi(abi))


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a fat file for one processor: a Mach-O file, or an archive of them."""

    architecture: str
    content: Bytes
    offset: int


def is_fat(content: Bytes) -> bool:
    """Whether a file is one for several processors ("fat", "universal")."""
    start = content[:8].tobytes()
    return len(start) == 8 and start[:4] in {_FAT, _FAT_WIDE} and 0 < int.from_bytes(start[4:], "big") < _JAVA


def slices_of(name: str, content: Bytes) -> tuple[Slice, ...]:
    """The parts of a fat file, in its order.

    Raises InputError where one lies outside the file.
    """
    dtype = _WIDE_ENTRY if content[:4].tobytes() == _FAT_WIDE else _ENTRY
    count = int.from_bytes(content[4:8].tobytes(), "big")
    if 8 + count * dtype.itemsize > len(content):
        raise InputError(name, f"should hold files for {count} processors, and ends within the list of them")
    parts = []
    for row in content[8 : 8 + count * dtype.itemsize].view(dtype):
        architecture = architecture_name(int(row["type"]), int(row["subtype"]))
        offset, size = int(row["offset"]), int(row["size"])
        if offset + size > len(content):
            problem = f"its part for {architecture} should have {size} bytes at byte {offset}: the file ends before"
            raise InputError(name, problem, "Is the file whole? Copy or download it again.")
        parts.append(Slice(architecture, content[offset : offset + size], offset))
    return tuple(parts)


def chosen_slice(name: str, content: Bytes, abi: str | None) -> tuple[str, Bytes]:
    """The part of a fat file that is meant, and what messages call it.

    Raises InputError where none or more than one can be meant; it lists what there is.
    """
    parts = slices_of(name, content)
    if not parts:
        raise InputError(name, "is a file for several processors, and for none of them it has a part")
    there = ", ".join(part.architecture for part in parts)
    if abi is not None:
        exact = [part for part in parts if part.architecture == abi]
        fitting = exact or [part for part in parts if is_asked_for(part.architecture, abi)]
        if not fitting:
            raise InputError(name, f"has no part for {abi}; it has parts for {there}", "Ask for one of these.")
    else:
        fitting = list(parts)
    if len(fitting) > 1:
        raise InputError(name, f"has parts for several processors: {there}", "Say which one is meant: --abi NAME.")
    return f"{name}({fitting[0].architecture})", fitting[0].content


def checked_architecture(name: str, architecture: str, abi: str | None) -> None:
    """Raises InputError where a file for one processor is not for the one that is asked for."""
    if abi is not None and not is_asked_for(architecture, abi):
        raise InputError(name, f"is for {architecture}, and {abi} is asked for")
