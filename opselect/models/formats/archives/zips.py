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
_END_64 = b"PK\x06\x06"
_END_64_SIZE = 56
_LOCATOR_SIZE = 20
_ENTRY = b"PK\x01\x02"
_ENTRY_SIZE = 46


class ZipArchive:
    """An open zip archive. Its directory is counted before zipfile makes an object for each entry."""

    def __init__(self, file: OpenFile) -> None:
        self.path = file.path
        self.size = len(file.buffer)
        self._check_count(file)
        try:
            self._zip = zipfile.ZipFile(BufferFile(file.buffer))
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

    def _check_count(self, file: OpenFile) -> None:
        """Refuses a directory of too many entries, and a file without one.

        Where it is: APPNOTE.TXT of PKWARE, 4.3.6 and 4.3.12 to 4.3.16. It ends where its end record begins, so that
        bytes before the archive do no harm.
        """
        buffer = file.buffer
        end = buffer.rfind(_END, max(0, len(buffer) - _END_SEARCHED))
        if end < 0 or end + _END_SIZE > len(buffer):
            raise damaged(self.path, "its directory is missing, as in a file that is cut short")
        (size,) = struct.unpack_from("<L", buffer, end + 12)
        end_64 = end - _LOCATOR_SIZE - _END_64_SIZE
        if end_64 >= 0 and buffer[end_64 : end_64 + 4] == _END_64:
            (size,) = struct.unpack_from("<Q", buffer, end_64 + 40)
            end = end_64
        position = end - size
        count = 0
        while 0 <= position <= end - _ENTRY_SIZE and buffer[position : position + 4] == _ENTRY:
            position += _ENTRY_SIZE + sum(struct.unpack_from("<3H", buffer, position + 28))
            count += 1
            if count > MAX_MEMBERS:
                raise too_many_members(self.path)


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
