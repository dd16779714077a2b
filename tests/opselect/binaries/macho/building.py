"""Mach-O files of a few bytes, made for tests."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opselect.binaries.image import Bytes

Symbol = tuple[str, int, int, int, int]
"""Name, type, section, description, value."""


@dataclass(frozen=True)
class Thing:
    """What a file has: 32 bytes of code at 0x1000 and, where it is wanted, words of data at 0x2000."""

    processor: int = 0x0100000C
    subtype: int = 0
    bits: int = 64
    order: str = "<"
    symbols: tuple[Symbol, ...] = ()
    function_starts: bytes = b""
    encrypted: bool = False
    data: tuple[int, ...] = ()
    rebase: bytes = b""
    bind: bytes = b""
    weak_bind: bytes = b""
    lazy_bind: bytes = b""
    chained: bytes = b""
    exports: bytes = b""
    uuid: bytes = b""
    file_type: int = 6


def macho_file(thing: Thing) -> Bytes:
    """The bytes of a dylib."""
    order, wide = thing.order, thing.bits == 64
    word = "Q" if wide else "I"
    at = 0x800
    code_at, at = at, at + 32
    data = struct.pack(f"{order}{len(thing.data)}{word}", *thing.data)
    data_at, at = at, at + len(data)
    tail = bytearray()

    def put(content: bytes) -> tuple[int, int]:
        start = at + len(tail)
        tail.extend(content + bytes(-len(content) % 8))
        return start, len(content)

    names, rows = bytearray(b" \0"), bytearray()
    for name, kind, section, description, value in thing.symbols:
        rows += struct.pack(f"{order}IBBH{word}", len(names) if name else 1, kind, section, description, value)
        names += name.encode() + b"\0"
    commands = [_segment(thing, "__TEXT", "__text", 0x1000, code_at, 32, 0x80000400)]
    commands.append(_segment(thing, "__DATA", "__data", 0x2000, data_at, len(data), 0))
    symbols, text = put(bytes(rows)), put(bytes(names))
    commands.append(struct.pack(f"{order}6I", 2, 24, symbols[0], len(thing.symbols), *text))
    if thing.function_starts:
        commands.append(struct.pack(f"{order}4I", 0x26, 16, *put(thing.function_starts)))
    if thing.rebase or thing.bind or thing.weak_bind or thing.lazy_bind:
        parts = [put(each) for each in (thing.rebase, thing.bind, thing.weak_bind, thing.lazy_bind)]
        commands.append(struct.pack(f"{order}12I", 0x80000022, 48, *(n for part in parts for n in part), 0, 0))
    if thing.chained:
        commands.append(struct.pack(f"{order}4I", 0x80000034, 16, *put(thing.chained)))
    if thing.exports:
        commands.append(struct.pack(f"{order}4I", 0x80000033, 16, *put(thing.exports)))
    if thing.uuid:
        commands.append(struct.pack(f"{order}2I16s", 0x1B, 24, thing.uuid))
    if thing.encrypted:
        commands.append(struct.pack(f"{order}5I", 0x21, 20, code_at, 32, 1))
    every = b"".join(commands)
    magic = 0xFEEDFACF if wide else 0xFEEDFACE
    head = struct.pack(
        f"{order}7I", magic, thing.processor, thing.subtype, thing.file_type, len(commands), len(every), 0
    )
    head += (bytes(4) if wide else b"") + every
    assert len(head) <= code_at
    content = head + bytes(code_at - len(head)) + bytes(range(32)) + data + bytes(tail)
    return np.frombuffer(content, np.uint8)


def _segment(thing: Thing, segment: str, section: str, address: int, offset: int, size: int, flags: int) -> bytes:
    order, wide = thing.order, thing.bits == 64
    word = "Q" if wide else "I"
    size_of = 72 + 80 if wide else 56 + 68
    head = struct.pack(
        f"{order}2I16s4{word}4I",
        0x19 if wide else 1,
        size_of,
        segment.encode(),
        address,
        size,
        offset,
        size,
        7,
        7,
        1,
        0,
    )
    numbers = [address, size, offset, 2, 0, 0, flags, 0, 0, *([0] if wide else [])]
    form = f"{order}16s16s2{word}7I" + ("I" if wide else "")
    return head + struct.pack(form, section.encode(), segment.encode(), *numbers)


def fat_file(parts: Sequence[tuple[int, int, Bytes]]) -> Bytes:
    """A file for several processors: each with its number, its kind and its file."""
    head = struct.pack(">4sI", b"\xca\xfe\xba\xbe", len(parts))
    at = 4096
    body = b""
    for processor, subtype, content in parts:
        head += struct.pack(">5I", processor, subtype, at + len(body), len(content), 12)
        body += content.tobytes() + bytes(-len(content) % 4096)
    return np.frombuffer(head + bytes(at - len(head)) + body, np.uint8)


def object_file(
    processor: int,
    code: bytes,
    data: bytes,
    symbols: Sequence[Symbol],
    code_relocations: bytes,
    data_relocations: bytes,
) -> Bytes:
    """An object with a section of code at 0 and one of data at 40, which symbols call 1 and 2."""
    at = 0x400
    parts = [code, data, code_relocations, data_relocations]
    starts = []
    body = b""
    for part in parts:
        starts.append(at + len(body))
        body += part + bytes(-len(part) % 8)
    names, rows = b" \0", b""
    for called, kind, home, description, value in symbols:
        rows += struct.pack("<IBBHQ", len(names), kind, home, description, value)
        names += called.encode() + b"\0"
    sections = b""
    for number, (name, segment, address, flags) in enumerate(
        [(b"__text", b"__TEXT", 0, 0x80000400), (b"__data", b"__DATA", 40, 0)]
    ):
        size = len(parts[number])
        relocations = len(parts[number + 2]) // 8
        sections += struct.pack(
            "<16s16s2Q8I",
            name,
            segment,
            address,
            size,
            starts[number],
            3,
            starts[number + 2],
            relocations,
            flags,
            0,
            0,
            0,
        )
    size = 40 + len(data)
    segment_command = struct.pack("<2I16s4Q4I", 0x19, 72 + len(sections), b"", 0, size, at, size, 7, 7, 2, 0) + sections
    symbol_command = struct.pack("<6I", 2, 24, at + len(body), len(symbols), at + len(body) + len(rows), len(names))
    commands = segment_command + symbol_command
    head = struct.pack("<8I", 0xFEEDFACF, processor, 0, 1, 2, len(commands), 0x2000, 0) + commands
    return np.frombuffer(head + bytes(at - len(head)) + body + rows + names, np.uint8)
