"""Zip archives (``.zip``, ``.apk``, ``.aar``), through zipfile."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial

from opselect.models.formats.archives.records import (
    MAX_MEMBERS,
    ArchiveMember,
    Stream,
    damaged,
    name_problem,
    spelled,
    tidy_name,
    too_many_members,
)
from opselect.models.formats.archives.streams import BufferFile
from opselect.models.formats.wire import Buffer
from opselect.models.storage import OpenFile

_BAD_ZIP = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What zipfile raises, by what it stumbles over."""

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_END = b"PK\x05\x06"
_END_SIZE = 22
_END_SEARCHED = (1 << 16) + _END_SIZE
MAX_DIRECTORY = 1 << 26
"""Bytes; a hundred thousand members with long names take a third of them."""
_ENTRY = b"PK\x01\x02"
_ENTRY_SIZE = 46


class ZipArchive:
    """An open zip archive. Its directory is counted before zipfile makes an object for each entry."""

    def __init__(self, file: OpenFile) -> None:
        self.path = file.path
        self.size = len(file.buffer)
        buffer = file.buffer
        end = buffer.rfind(_END, max(0, self.size - _END_SEARCHED))
        if end < 0 or end + _END_SIZE > self.size:
            raise damaged(self.path, "its directory is missing, as in a file that is cut short")
        try:
            self._zip = zipfile.ZipFile(_CountedFile(self.path, buffer))
        except _BAD_ZIP as error:
            raise damaged(self.path, error) from None

    def members(self) -> Iterator[tuple[ArchiveMember, Callable[[], Stream]]]:
        for info in self._zip.infolist():
            if not info.filename.endswith("/"):
                name = tidy_name(info.orig_filename)
                member = ArchiveMember(name, info.file_size, name_problem(name) or _problem(info))
                yield member, partial(self._open, info)

    def _open(self, info: zipfile.ZipInfo) -> Stream:
        path = spelled(self.path, info.filename)
        try:
            return _ZipStream(path, self._zip.open(info))
        except _BAD_ZIP as error:
            raise damaged(path, error) from None


class _CountedFile(BufferFile):
    """The file object that zipfile reads in. It refuses a directory of too many entries.

    Which bytes of a file are its directory, zipfile alone decides, and not every release of it alike: what it asks for
    is looked at when it does. The form of an entry: APPNOTE.TXT of PKWARE, 4.3.12.
    """

    def __init__(self, path: str, buffer: Buffer) -> None:
        super().__init__(buffer)
        self._path = path

    def read(self, size: int = -1, /) -> bytes:
        start = self.tell()
        if super().read(len(_ENTRY)) == _ENTRY:
            self._check_count(start, size)
            if size > MAX_DIRECTORY:
                raise damaged(self._path, f"its directory takes {size:,} bytes")
        self.seek(start)
        return super().read(size)

    def _check_count(self, position: int, size: int) -> None:
        stop = position + size
        count = 0
        while position < stop:
            self.seek(position)
            entry = super().read(_ENTRY_SIZE)
            if len(entry) < _ENTRY_SIZE or not entry.startswith(_ENTRY):
                return
            position += _ENTRY_SIZE + sum(struct.unpack_from("<3H", entry, 28))
            count += 1
            if count > MAX_MEMBERS:
                raise too_many_members(self._path)


class _ZipStream:
    def __init__(self, path: str, stream: Stream) -> None:
        self._path = path
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        try:
            return self._stream.read(size)
        except _BAD_ZIP as error:
            raise damaged(self._path, error) from None


def _problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in _METHODS:
        return f"is compressed by method {info.compress_type}, which opselect does not unpack"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    return ""
