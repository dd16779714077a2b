"""Zip archives through zipfile, so that their directory is bounded before an object is made for each entry."""

from __future__ import annotations

import errno
import io
import struct
import zipfile
import zlib
from typing import Protocol

from kernel_index.errors import InputError

MAX_MEMBERS = 100_000
"""Maximum number of members of an archive: a wheel of TensorFlow has 20,000."""
MAX_DIRECTORY = 1 << 26
"""Bytes; a hundred thousand members with long names take a third of them."""

BAD_ZIP = (
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
_ENTRY = b"PK\x01\x02"
_ENTRY_SIZE = 46


class ByteSequence(Protocol):
    """Bytes to take slices of: of a file that is mapped, or in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> bytes | memoryview: ...


class BufferFile(io.RawIOBase):
    """A buffer to seek and read in."""

    def __init__(self, buffer: ByteSequence) -> None:
        super().__init__()
        self._buffer = buffer
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: len(self._buffer)}[whence]
        if base + offset < 0:
            raise OSError(errno.EINVAL, "a place before the start of the file")
        self._position = base + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        stop = len(self._buffer) if size < 0 else min(self._position + size, len(self._buffer))
        data = bytes(self._buffer[self._position : stop]) if self._position < stop else b""
        self._position += len(data)
        return data


def open_zip(path: str, buffer: ByteSequence) -> zipfile.ZipFile:
    """The archive in a buffer; its directory is counted before zipfile makes an object for each entry.

    Raises InputError for an archive that is damaged or has too many members.
    """
    size = len(buffer)
    last = bytes(buffer[max(0, size - _END_SEARCHED) : size])
    end = last.rfind(_END)
    if end < 0 or end + _END_SIZE > len(last):
        raise damaged(path, "its directory is missing, as in a file that is cut short")
    try:
        return zipfile.ZipFile(_CountedFile(path, buffer))
    except BAD_ZIP as error:
        raise damaged(path, error) from None


def zip_problem(info: zipfile.ZipInfo) -> str:
    """Why a member cannot be unpacked; empty where it can."""
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type not in _METHODS:
        return f"is compressed by method {info.compress_type}, which opselect does not unpack"
    return ""


def damaged(path: str, problem: object) -> InputError:
    """The error for an archive that is broken; ``problem`` may be the exception of a library."""
    text = str(problem) or type(problem).__name__
    return InputError(path, f"is a damaged archive: {text}", "Copy or download it again.")


def too_many_members(path: str) -> InputError:
    """The error for an archive with more members than are looked at."""
    advice = "If you trust it, unpack it yourself and pass what is inside."
    return InputError(path, f"holds more than {MAX_MEMBERS:,} members", advice)


class _CountedFile(BufferFile):
    """The file object that zipfile reads in. It refuses a directory of too many entries.

    Which bytes of a file are its directory, zipfile alone decides, and not every release of it alike: what it asks for
    is looked at when it does. The form of an entry: APPNOTE.TXT of PKWARE, 4.3.12.
    """

    def __init__(self, path: str, buffer: ByteSequence) -> None:
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
