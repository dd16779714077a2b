"""Changed binaries: fields of headers and tables, code, cut files, odd archives and packages around them."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from tests.fuzz.changes import NUMBERS, changed_bytes, cut, odd_word
from tests.fuzz.judge import Command
from tests.opselect.archive_files import zip_bytes

FIXTURES = Path(__file__).parents[2] / "fixtures"
MODEL = FIXTURES / "findings" / "relu.pbtxt"
_COUNTS = (*NUMBERS, 3, 5, 1_000, 65_535, 10**9, 10**12, 2**63 + 8, 2**64 - 4096)
_ELF, _MACH_O = b"\x7fELF", (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


@cache
def _sound() -> tuple[tuple[str, bytes], ...]:
    """The small binaries of the fixtures, by the end of their names."""
    paths = [*(FIXTURES / "binaries" / "elf").iterdir(), *(FIXTURES / "binaries" / "macho").glob("registers*")]
    return tuple(
        (path.name, data)
        for path in sorted(paths)
        if (data := path.read_bytes()).startswith((_ELF, b"!<arch>", b"!<thin>", *_MACH_O))
    )


def changed_elf(data: bytes, choose: random.Random) -> bytes:
    """An ELF file in which fields of its headers and tables say something else."""
    out = bytearray(data)
    if len(out) < 64:
        return changed_bytes(data, choose)
    wide, order = out[4] == 2, ">" if out[5] == 2 else "<"
    ends = {"section": (32, 46, 48, 40) if not wide else (40, 58, 60, 64)}
    ends["segment"] = (28, 42, 44, 32) if not wide else (32, 54, 56, 56)
    word = 8 if wide else 4
    for _ in range(choose.choice((1, 1, 2, 4))):
        kind = choose.randrange(8)
        if kind == 0:
            _put(out, choose.randrange(4, 64), choose.choice((1, 2, 4, word)), order, choose)
        elif kind <= 4:
            offset_at, _, count_at, size = ends["section" if kind <= 2 else "segment"]
            offset, count = _get(out, offset_at, word, order), _get(out, count_at, 2, order)
            if not count:
                continue
            row = offset + choose.randrange(count) * size
            field = choose.randrange(0, size, 4)
            _put(out, row + field, choose.choice((4, word)), order, choose)
        else:
            # Somewhere in a table, as symbols, relocations, dynamic entries and frames are: a field begins at 4 or 8.
            _put(out, choose.randrange(0, len(out), 4), choose.choice((1, 4, word)), order, choose)
    return bytes(out)


def changed_mach_o(data: bytes, choose: random.Random) -> bytes:
    """A Mach-O file in which fields of its header and load commands say something else."""
    out = bytearray(data)
    order = ">" if data.startswith(b"\xca\xfe\xba\xbe") else "<"
    limit = min(len(out), 4096)
    for _ in range(choose.choice((1, 1, 2, 4))):
        at = choose.randrange(0, limit, 4) if choose.random() < 0.7 else choose.randrange(0, len(out), 4)
        _put(out, at, choose.choice((1, 4, 8)), order, choose)
    return bytes(out)


def _get(data: bytearray, at: int, size: int, order: str) -> int:
    return int.from_bytes(data[at : at + size], "big" if order == ">" else "little")


def _put(data: bytearray, at: int, size: int, order: str, choose: random.Random) -> None:
    """Another number in the place of one of so many bytes: an odd one, or one near to it."""
    if at + size > len(data):
        return
    old = _get(data, at, size, order)
    new = choose.choice((choose.choice(_COUNTS), old + choose.choice((-8, -1, 1, 4, 16, 4096)), old * 2, len(data)))
    data[at : at + size] = (new % (1 << 8 * size)).to_bytes(size, "big" if order == ">" else "little")


def _changed_text(data: bytes, choose: random.Random) -> bytes:
    """Texts inside: names that are longer, not ended, or act on a terminal."""
    out = bytearray(data)
    for _ in range(choose.choice((1, 2, 5))):
        place = data.find(
            choose.choice((b"Small", b"CPU", b"tensorflow", b".text", b"T\0", b"_ZN")), choose.randrange(len(data))
        )
        if place >= 0:
            word = odd_word(choose).encode()[:40]
            out[place : place + len(word)] = word
    return bytes(out)


def changed_binary(data: bytes, choose: random.Random) -> bytes:
    """A binary in which something is changed that a reader looks at."""
    way = choose.random()
    if way < 0.1:
        return cut(data, choose)
    if way < 0.2:
        return changed_bytes(data, choose)
    if way < 0.3:
        return _changed_text(data, choose)
    if data.startswith(_ELF):
        return changed_elf(data, choose)
    if data.startswith(_MACH_O):
        return changed_mach_o(data, choose)
    return _changed_archive(data, choose)


def _member(name: bytes, data: bytes, size: bytes | None = None) -> bytes:
    head = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6) + b"644".ljust(8)
    return (
        head
        + (str(len(data)).encode() if size is None else size).ljust(10)[:10]
        + b"`\n"
        + data
        + b"\n" * (len(data) % 2)
    )


def _changed_archive(data: bytes, choose: random.Random) -> bytes:
    """An archive whose members are odd, or that has other things for members."""
    if choose.random() < 0.4:
        return changed_bytes(data, choose)
    sound = dict(_sound())
    members = [b"!<thin>\n" if choose.random() < 0.2 else b"!<arch>\n"]
    for _ in range(choose.choice((1, 2, 3, 6))):
        name = choose.choice(
            (b"a.o/", b"/", b"//", b"/0", b"/99", b"/1:7", b"#1/20", b"#1/99999", b"/SYM64/", b"__.SYMDEF")
        )
        if choose.random() < 0.2:
            name = odd_word(choose).encode()[:16]
        held = sound[choose.choice(("x86_64.o", "i386.o", "x86_64.so", "x86_64.a", "powerpc64.so"))]
        if choose.random() < 0.5:
            held = changed_elf(held, choose)
        size = choose.choice((None, None, None, b"0", b"-1", b"9999999999", b"x", b"", b"12 3"))
        members.append(_member(name, held, size))
    return b"".join(members)


def _package(name: str, data: bytes, choose: random.Random) -> tuple[str, bytes]:
    """A package for phones, or a wheel, with the binary for one processor or several."""
    kind = choose.choice(("x.aar", "x.apk", "x.whl", "x.zip"))
    folder = {"x.aar": "jni", "x.apk": "lib", "x.whl": "tensorflow", "x.zip": "a"}[kind]
    inside: dict[str, bytes] = {}
    for abi in choose.sample(("x86_64", "arm64-v8a", "armeabi-v7a", "x86"), choose.choice((1, 1, 2))):
        inside[f"{folder}/{abi}/libfoo.so"] = (
            data if not inside else dict(_sound())[choose.choice(("arm64.so", "x86_64.so"))]
        )
    inside[odd_word(choose) or "b"] = b"text"
    try:
        packed = zip_bytes(inside)
    except ValueError:  # names that no writer takes
        packed = zip_bytes({f"{folder}/x86_64/{name}": data})
    if choose.random() < 0.3:
        packed = changed_bytes(packed, choose) if choose.random() < 0.8 else cut(packed, choose)
    return kind, packed


_ASKED: tuple[tuple[str, ...], ...] = (
    ("--registrations",),
    ("--registrations", "--json"),
    (),
    ("--json",),
    ("--json",),
)


def binaries(choose: random.Random, folder: Path) -> Command:
    """A binary that is changed, alone or in a package, and ``audit``."""
    name, data = choose.choice(_sound())
    data = changed_binary(data, choose)
    if "thin" in name:
        (folder / "x86_64.o").write_bytes(dict(_sound())["x86_64.o"])
    if choose.random() < 0.15:
        name, data = _package(name, data, choose)
    (folder / name).write_bytes(data)
    more = choose.choice(_ASKED)
    if choose.random() < 0.1:
        more += choose.choice((("--abi", "x86_64"), ("--abi", "arm64-v8a"), ("--abi", odd_word(choose))))
    if choose.random() < 0.1:
        more += ("--model", str(MODEL))
    words = ("audit", name, *more)
    # With --registrations each line is a document of its own.
    return Command(words, terminal=choose.random() < 0.4, as_json="--json" in more and "--registrations" not in more)
