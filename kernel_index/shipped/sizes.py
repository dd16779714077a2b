"""Tables of how large source files become once compiled: one file a release beside its index.

``docs/estimates.md`` describes the file. It begins with a line that names the format, its version and the CRC-32 of
all that follows, which is one JSON document packed by zlib. ``opselect.usecases.measure_objects`` makes such tables.
"""

from __future__ import annotations

import functools
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args

from kernel_index.errors import IndexFileError
from kernel_index.shipped import minor_of

SUFFIX = ".sizes"

_FIRST_LINE = re.compile(rb"opselect sizes (\d{1,9}) ([0-9a-f]{8})\n")
_VERSION = 1
_MAX_UNPACKED = 1 << 23
"""Bytes of the document: a hundred times the largest that is shipped."""

_TOO_MANY = 1 << 40
"""No source file has so many bytes or kernels."""

AGAIN = "Make the file again: docs/estimates.md says how."

Kind = Literal["objects", "library"]
"""``objects``: bytes of text and data of object files. ``library``: bytes that a file has in a linked library."""


@dataclass(frozen=True, slots=True)
class ClassSize:
    """The bytes of one kernel class in the object file of its source.

    ``alone`` would go if only this class were not there, ``whole`` is all that it leads to, what other classes lead to
    included.
    """

    alone: int
    whole: int


@dataclass(frozen=True, slots=True)
class FileSize:
    """The bytes of one source file, and how many kernels and ops it registers in the build that was measured.

    ``kernel_classes`` are the different classes of these kernels, which share the code of a class. ``kernel_bytes``
    are those of the ``bytes`` to which some kernel leads: without any kernel they go. ``classes`` are the kernel
    classes as the index spells them, none where that was not measured.
    """

    bytes: int
    registrations: int
    kernel_classes: int = 0
    kernel_bytes: int = 0
    classes: Mapping[str, ClassSize] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class SizeTable:
    """The sizes of many files of one build. ``profile`` and ``release`` are named as the index names them."""

    kind: Kind
    compiler: str
    architecture: str
    flags: str
    profile: str
    release: str
    files: Mapping[str, FileSize] = field(hash=False)


_HEADINGS = ("compiler", "architecture", "flags", "profile", "release")


def sizes_bytes(tables: Sequence[SizeTable]) -> bytes:
    """The file that holds some tables. Equal tables give equal bytes."""
    text = json.dumps({"tables": [_table_json(table) for table in tables]}, separators=(",", ":"), ensure_ascii=False)
    packed = zlib.compress(text.encode(), 9)
    return b"opselect sizes %d %08x\n" % (_VERSION, zlib.crc32(packed)) + packed


def read_sizes(path: Path) -> tuple[SizeTable, ...]:
    """The tables of a file. Raises IndexFileError where it is missing, foreign, damaged or of another version."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise IndexFileError(str(path), f"cannot be read: {problem.strerror}", "Check the path.") from None
    first = _FIRST_LINE.match(data)
    if first is None:
        raise IndexFileError(str(path), "is no table of sizes", AGAIN)
    if int(first[1]) != _VERSION:
        raise IndexFileError(str(path), f"is of version {int(first[1])}, this opselect reads version {_VERSION}", AGAIN)
    packed = data[first.end() :]
    if b"%08x" % zlib.crc32(packed) != first[2]:
        raise IndexFileError(str(path), "is damaged or cut off", AGAIN)
    try:
        return _tables(_unpacked(packed))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error):
        raise IndexFileError(str(path), "is damaged: its tables make no sense", AGAIN) from None


def releases_with_sizes(folder: Path = Path(__file__).parent) -> tuple[str, ...]:
    """The releases of which there are tables, oldest first."""
    found = [path.name.removesuffix(SUFFIX) for path in folder.glob("*" + SUFFIX)]
    return tuple(sorted(found, key=_order))


def all_sizes() -> tuple[SizeTable, ...]:
    """The tables of all releases, oldest first, read once. Raises IndexFileError for a damaged file."""
    return tuple(table for release in releases_with_sizes() for table in sizes_of(release))


@functools.cache
def sizes_of(release: str) -> tuple[SizeTable, ...]:
    """The tables that are shipped of a release (of its patch releases one has them), none where there are none.

    Raises IndexFileError for a damaged file.
    """
    minor = minor_of(release)
    named = [each for each in releases_with_sizes() if minor_of(each) == minor]
    return read_sizes(Path(__file__).parent / (named[-1] + SUFFIX)) if named else ()


def _order(release: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", release)]


def _unpacked(packed: bytes) -> object:
    decoder = zlib.decompressobj()
    text = decoder.decompress(packed, _MAX_UNPACKED)
    if not decoder.eof:
        raise ValueError("cut off, or larger than any")
    return json.loads(text)


def _table_json(table: SizeTable) -> dict[str, object]:
    paths = sorted(table.files)
    sizes = [table.files[path] for path in paths]
    return {
        "kind": table.kind,
        **{name: getattr(table, name) for name in _HEADINGS},
        "files": paths,
        "bytes": [size.bytes for size in sizes],
        "registrations": [size.registrations for size in sizes],
        "kernel_classes": [size.kernel_classes for size in sizes],
        "kernel_bytes": [size.kernel_bytes for size in sizes],
        "classes": [[[name, each.alone, each.whole] for name, each in sorted(size.classes.items())] for size in sizes],
    }


def _tables(document: object) -> tuple[SizeTable, ...]:
    """Raises ValueError, LookupError, TypeError or AttributeError where the document is none of tables."""
    tables = _list(cast("Mapping[str, object]", document)["tables"])
    return tuple(_table(cast("Mapping[str, object]", each)) for each in tables)


def _table(found: Mapping[str, object]) -> SizeTable:
    kind = _text(found["kind"])
    if kind not in get_args(Kind):
        raise ValueError(kind)
    paths = [_text(path) for path in _list(found["files"])]
    if len(set(paths)) != len(paths):
        raise ValueError("a file twice")
    rows = zip(
        _counts(found["bytes"]),
        _counts(found["registrations"]),
        _counts(found["kernel_classes"]),
        _counts(found["kernel_bytes"]),
        map(_classes, _list(found["classes"])),
        strict=True,
    )
    compiler, architecture, flags, profile, release = (_text(found[name]) for name in _HEADINGS)
    if not re.match(r"\d+\.\d+", release):
        raise ValueError(release)
    files = {path: FileSize(*row) for path, row in zip(paths, rows, strict=True)}
    return SizeTable(cast("Kind", kind), compiler, architecture, flags, profile, release, files)


def _classes(found: object) -> dict[str, ClassSize]:
    known = {}
    for each in _list(found):
        name, alone, whole = _list(each)
        known[_text(name)] = ClassSize(*_counts([alone, whole]))
    return known


def _list(found: object) -> list[object]:
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _text(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError("no text")
    return found


def _counts(found: object) -> list[int]:
    numbers: Iterable[object] = _list(found)
    counts = [each for each in numbers if type(each) is int and 0 <= each < _TOO_MANY]
    if len(counts) != len(_list(found)):
        raise ValueError("no count")
    return counts
