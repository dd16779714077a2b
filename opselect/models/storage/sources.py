"""Bytes that stay where they are until somebody asks: of a file, of memory, or at a URL."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, Protocol

from kernel_index.errors import InputError, Place
from opselect.models.graph.values import ByteSource, StoredBytes
from opselect.models.storage.copies import LocalCopy
from opselect.models.storage.joined import JoinedBytes
from opselect.models.storage.remote import is_http, remote

CHANGED = "the file changed while it was in use"
RUN_AGAIN = "Run the command once more."


class SizedSource(Protocol):
    """A source of bytes whose ``size`` in bytes is known. Picklable, and holds nothing open."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """The bytes; InputError where they can no longer be read."""


@dataclass(frozen=True, slots=True)
class MemoryBytes:
    """Bytes held in memory; ``path`` names what they were made of in messages."""

    data: bytes = field(repr=False)
    path: str = "bytes in memory"

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file as it was when it was first looked at: its size in bytes and its time of change in nanoseconds."""

    path: str
    size: int
    modified: int

    def read(self, offset: int, length: int) -> bytes:
        """The bytes; InputError where the file is gone or has changed since."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)  # a file object costs three times as much
            try:
                status = os.fstat(file)
                if (status.st_size, status.st_mtime_ns) == (self.size, self.modified):
                    data = _read_at(file, offset, length)
                    if len(data) == length:
                        return data
            finally:
                os.close(file)
        except OSError as error:
            raise InputError(Place(self.path, byte=offset), error.strerror or str(error)) from error
        raise InputError(Place(self.path, byte=offset), CHANGED, RUN_AGAIN)


def _read_at(file: int, offset: int, length: int) -> bytes:
    """The bytes as far as there are any: Linux gives at most 2 GB at once."""
    data = os.pread(file, length, offset)
    while len(data) < length and (more := os.pread(file, length - len(data), offset + len(data))):
        data += more
    return data


@dataclass(frozen=True, slots=True)
class RemoteBytes:
    """A file at a URL that fsspec understands.

    Reads are answered by the ``copy`` that was made when the whole file was read, and without one by asking for just
    that range. A pickle does not hold the copy, which belongs to this machine.
    """

    url: str
    size: int
    copy: LocalCopy | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[type[RemoteBytes], tuple[str, int]]:
        return RemoteBytes, (self.url, self.size)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes; InputError where the server does not give them."""
        if self.copy is not None:
            data = self.copy.read(offset, length)
        else:
            with remote(self.url) as (files, path):
                data = _range(files, path, offset, length, self)
        if len(data) != length:
            raise InputError(Place(self.url, byte=offset), CHANGED, RUN_AGAIN)
        return data


def _range(files: Any, path: str, offset: int, length: int, source: RemoteBytes) -> bytes:
    data: bytes
    if not is_http(source.url):
        data = files.cat_file(path, start=offset, end=offset + length)
        return data
    # A server that knows no ranges sends all there is: of that no more is read than is asked for.
    with files.open(path, "rb", block_size=max(length, 1), cache_type="none", size=source.size) as file:
        file.seek(offset)
        data = file.read(length)
    return data


def place_in(source: ByteSource, offset: int) -> Place:
    """Where a byte of a source is, as messages name it; bytes made of text have no offset that a reader could find."""
    if isinstance(source, JoinedBytes):
        stored = next((piece for piece in source.part(offset, 1) if isinstance(piece, StoredBytes)), None)
        return place_in(stored.source, stored.offset) if stored is not None else Place("bytes in memory")
    if isinstance(source, FileBytes):
        return Place(source.path, byte=offset)
    if isinstance(source, RemoteBytes):
        return Place(source.url, byte=offset)
    return Place(source.path if isinstance(source, MemoryBytes) else type(source).__name__)
