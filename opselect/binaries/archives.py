"""Archives of objects: ``ar`` as GNU and BSD write it, and thin ones, whose members are files beside them.

Source: ar(5) of GNU and of BSD; for thin archives and archives inside them, bfd/archive.c of GNU binutils.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kernel_index.errors import InputError, Place
from opselect.binaries.files import kept_bytes, map_file
from opselect.binaries.image import Bytes
from opselect.binaries.recognizing import ARCHIVE_MAGIC, HEAD, THIN_MAGIC, FileKind, file_kind, stranger

_HEADER = 60
_TABLES = ("/", "/SYM64/", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64", "__.SYMDEF_64 SORTED", "/<ECSYMBOLS>/")
_LONG_NAMES = "//"
MAX_OBJECTS = 200_000
"""Maximum number of members: TensorFlow's archives have some thousands."""
_MAX_NESTED = 4


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A member of an archive: its bytes begin at ``offset`` of the content, its header at ``header``."""

    name: str
    offset: int
    size: int
    header: int = 0


@dataclass(frozen=True, slots=True)
class ObjectArchive:
    """The members of an archive. ``content`` are its bytes; of a thin archive those of its members follow them."""

    content: Bytes
    members: tuple[ArchivedFile, ...]


def read_archive(name: str, content: Bytes, folder: str | None = None) -> ObjectArchive:
    """The members of an archive but for symbol tables; ``folder`` is where the files of a thin one are looked for.

    Raises InputError for what is cut or damaged, and for members of a thin archive that are not there.
    """
    if content[: len(THIN_MAGIC)].tobytes() != THIN_MAGIC:
        return ObjectArchive(content, tuple(member for member, _ in _members(name, content, thin=False)))
    if folder is None:
        raise InputError(name, "is a thin archive: its objects are files beside it", "Pass it where they are.")
    found = list(_outside(name, content, folder, set(), 0))
    parts = [content, *(part for _, part in found)]
    joined = kept_bytes(name, sum(map(len, parts)), (part.tobytes() for part in parts))
    members = []
    at = len(content)
    for called, part in found:
        members.append(ArchivedFile(called, at, len(part)))
        at += len(part)
    return ObjectArchive(joined, tuple(members))


def what_it_is(content: Bytes) -> FileKind | str:
    """The kind of a member, or what it is that is no object."""
    head = content[:HEAD].tobytes()
    kind = file_kind(head)
    return kind if kind is not FileKind.OTHER else stranger(head)[0]


def _members(name: str, content: Bytes, *, thin: bool) -> Iterator[tuple[ArchivedFile, int | None]]:
    """The members by their headers; the second is the place inside a nested archive, for members of thin ones."""
    at = len(ARCHIVE_MAGIC)
    names = b""
    count = 0
    while at + 1 < len(content):
        header = content[at : at + _HEADER].tobytes()
        place = Place(name, byte=at)
        digits = header[48:58].strip()
        if len(header) < _HEADER or header[58:60] != b"`\n" or not digits.isdigit():
            raise InputError(place, "the header of an archive's member is cut or damaged", "Build it again.")
        size, start = int(digits), at + _HEADER
        raw = header[:16].decode("utf-8", "backslashreplace").rstrip()
        is_table = raw in _TABLES or raw == _LONG_NAMES
        inside = not thin or is_table
        if inside and start + size > len(content):
            raise InputError(place, f"a member has {size:,} bytes, and the archive ends before them", "Build it again.")
        header_at, at = at, start + (size + size % 2 if inside else 0)
        if raw == _LONG_NAMES:
            names = content[start : start + size].tobytes()
            continue
        if is_table:
            continue
        called, nested = raw, None
        if raw.startswith("#1/") and raw[3:].isdigit():
            length = min(int(raw[3:]), size)
            called = content[start : start + length].tobytes().rstrip(b"\0").decode("utf-8", "backslashreplace")
            start, size = start + length, size - length
            if called in _TABLES:
                continue
        elif raw.startswith("/"):
            called, nested = _long_name(place, raw, names)
        count += 1
        if count > MAX_OBJECTS:
            raise InputError(name, f"has more than {MAX_OBJECTS:,} members")
        yield ArchivedFile(called.removesuffix("/"), start, size, header_at), nested


def _long_name(place: Place, raw: str, names: bytes) -> tuple[str, int | None]:
    """``/12`` is the name at byte 12 of the table of names; ``/12:345`` stands at byte 345 of the archive named so.

    Where the name itself has fifteen letters, GNU's ar leaves the ``/`` that ended it at the end of the field.
    """
    first, _, second = raw[1:].rstrip("/ ").partition(":")
    if not first.isdigit() or (second and not second.isdigit()) or int(first) >= len(names):
        raise InputError(place, "the name of an archive's member is not in its table of names", "Build it again.")
    start = int(first)
    end = names.find(b"\n", start, start + (1 << 16))
    called = names[start : end if end >= 0 else start + (1 << 16)].rstrip(b"\0").decode("utf-8", "backslashreplace")
    return called.removesuffix("/"), int(second) if second else None


def _outside(
    name: str, content: Bytes, folder: str, seen: set[tuple[str, int | None]], depth: int
) -> Iterator[tuple[str, Bytes]]:
    """The members of a thin archive: files, and members of archives that are files; each that was not seen yet."""
    if depth > _MAX_NESTED:
        raise InputError(name, "has thin archives inside thin archives, deeper than any build makes them")
    opened: dict[str, tuple[Bytes, dict[int, ArchivedFile]]] = {}
    for member, nested in _members(name, content, thin=True):
        path = os.path.normpath(Path(folder) / member.name)
        if (path, nested) in seen:
            continue
        seen.add((path, nested))
        if path not in opened:
            try:
                found = map_file(path)
            except InputError as error:
                advice = "A thin archive needs its objects where they were. Pass it there, or one that holds them."
                raise InputError(f"{name}({member.name})", error.problem, advice) from None
            opened[path] = found, {}
        found, inside = opened[path]
        kind = file_kind(found[:HEAD].tobytes())
        if nested is not None:
            if kind is FileKind.ARCHIVE and not inside:
                inside.update((each.header, each) for each, _ in _members(path, found, thin=False))
            if nested not in inside:
                raise InputError(f"{name}({member.name})", f"has no member at byte {nested}", "Build it again.")
            each = inside[nested]
            yield f"{member.name}({each.name})", found[each.offset : each.offset + each.size]
        elif kind is FileKind.ARCHIVE:
            for each, _ in _members(path, found, thin=False):
                yield f"{member.name}({each.name})", found[each.offset : each.offset + each.size]
        elif kind is FileKind.THIN_ARCHIVE:
            for called, part in _outside(path, found, str(Path(path).parent), seen, depth + 1):
                yield f"{member.name}({called})", part
        else:
            yield member.name, found
