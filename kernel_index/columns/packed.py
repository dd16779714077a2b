"""Columns in a file: each is compressed by itself, so that a look-up unpacks only those it reads.

The file is five lines of text (name of the format and schema version, CRC-32 of all that follows, release, profiles,
columns with their packed sizes), then the columns, lines of UTF-8 packed by zlib.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from kernel_index.columns.text import SEPARATOR, escape, fields, split_fields, unescape
from kernel_index.errors import IndexFileError

SCHEMA = 2
"""Raised whenever older readers would misread a file."""

ADDED = frozenset(("not_compiled", "compiled", "library_uses", "library_includes"))
"""Columns that files of this schema may lack, for they were added later: they are empty there."""

MAX_COLUMN = 1 << 23
"""Bytes of a column, unpacked: a hundred times the largest of TensorFlow."""

MAGIC = b"opselect kernel index"

AGAIN = "Make the file again with 'opselect index scan'."


def pack(release: str, profiles: Sequence[str], columns: Mapping[str, Sequence[str]]) -> bytes:
    """The file that holds the columns, whose lines must not contain line ends. Equal arguments give equal bytes."""
    packed = {name: zlib.compress(_encoded(lines), 9) for name, lines in columns.items()}
    sizes = "\t".join(f"{name}{SEPARATOR}{len(data)}" for name, data in packed.items())
    rest = b"".join([_encoded([escape(release), fields(profiles), sizes]), *packed.values()])
    return MAGIC + b" %d\n%08x\n" % (SCHEMA, zlib.crc32(rest)) + rest


def _encoded(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogatepass")


def _unpacked(data: bytes) -> bytes:
    """What a column was packed of. Raises zlib.error, and ValueError for more than a column may have."""
    decoder = zlib.decompressobj()
    text = decoder.decompress(data, MAX_COLUMN)
    if not decoder.eof:
        raise ValueError("a column that is cut off, or larger than any")
    return text


class PackedColumns:
    """The columns of a file. Raises IndexFileError where it is foreign, damaged or of another schema version."""

    def __init__(self, path: str, data: bytes) -> None:
        self._path = path
        self._data = data
        if not data:
            raise IndexFileError(path, "is empty", AGAIN)
        if not data.startswith(MAGIC):
            raise IndexFileError(path, "is no opselect index", "Make one with 'opselect index scan TREE -o FILE'.")
        first, _, checked = data.partition(b"\n")
        schema = first[len(MAGIC) :].decode("ascii", "replace")
        if schema[1:].isdecimal() and schema != f" {SCHEMA}":
            raise IndexFileError(
                path, f"has schema version {schema[1:]}, this opselect reads version {SCHEMA}",
                "Scan the tree again with this version, or install the opselect that made the file.",
            )  # fmt: skip
        checksum, _, rest = checked.partition(b"\n")
        lines = rest.split(b"\n", 3)
        if not schema[1:].isdecimal() or len(lines) < 4 or checksum != b"%08x" % zlib.crc32(rest):
            raise IndexFileError(path, "is damaged or cut off", AGAIN)
        self._spans: dict[str, tuple[int, int]] = {}
        start = len(data) - len(lines[3])
        try:
            release, profiles, sizes = (line.decode("utf-8", "surrogatepass") for line in lines[:3])
            self.release = unescape(release)
            self.profiles = split_fields(profiles)
            for field in sizes.split("\t"):
                name, size = field.split(SEPARATOR)
                self._spans[name] = start, start + int(size)
                start += int(size)
        except (ValueError, KeyError):
            raise IndexFileError(path, "is damaged in its first lines", AGAIN) from None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in the order of the file."""
        return tuple(self._spans)

    def optional(self, name: str) -> list[str]:
        """The lines of a column that files need not have; none where it is absent."""
        return self.column(name) if name in self._spans else []

    def column(self, name: str) -> list[str]:
        """The lines of a column; none of one that older files lack. Raises IndexFileError where it is damaged."""
        if name in ADDED and name not in self._spans:
            return []
        try:
            start, end = self._spans[name]
            lines = _unpacked(self._data[start:end]).decode("utf-8", "surrogatepass").split("\n")
        except (KeyError, ValueError, zlib.error):
            raise IndexFileError(self._path, f"the column '{name}' is damaged", AGAIN) from None
        lines.pop()
        return lines
