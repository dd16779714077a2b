"""Files inside files: a buffer, or what a compressed one unpacks to, as file objects for zipfile and tarfile."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from typing import Protocol

from opselect.models.formats.archives.records import check_unpacked
from opselect.models.formats.wire import Buffer
from opselect.zip_files import BufferFile, damaged

BLOCK = 1 << 16
"""Bytes that are unpacked, and copied, at once."""
MAX_HEADER = 1 << 16
"""Bytes of a header with a long name or other fields, as tar archives have them before a member."""
MAX_HEADERS = 1 << 24
"""Bytes of all such headers together."""

_XZ_MEMORY = 1 << 28
_TAR_BLOCK = 512
_TYPE_FLAG = 156
_FIELDS_FOLLOW = (b"x", b"g", b"X")
# tarfile before Python 3.12.6 takes time with the square of the length of a run of digits (CVE-2024-6232).
_MANY_DIGITS = re.compile(rb"[0-9]{256}")


class _Decoder(Protocol):
    """What bz2 and lzma call a decompressor."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gunzip:
    """gzip in the words of the other two."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        return not self._decoder.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._decoder.decompress(self._decoder.unconsumed_tail + data, max_length)


DECODERS: tuple[tuple[bytes, Callable[[], _Decoder]], ...] = (
    (b"\x1f\x8b", _Gunzip),
    (b"BZh", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)),
)
"""The first bytes of compressed files, and what unpacks them."""


class UnpackedFile:
    """What a compressed buffer unpacks to, read from front to back; the block read last can be read again.

    Raises InputError for damage, and for more than an archive may unpack to.
    """

    def __init__(self, path: str, buffer: Buffer, decoder: Callable[[], _Decoder]) -> None:
        self._path = path
        self._buffer = buffer
        self._new_decoder = decoder
        self._decoder = decoder()
        self._taken = 0
        self._block = b""
        self._block_start = 0
        self._position = 0

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        if position < self._block_start:
            raise damaged(self._path, f"something at byte {position:,} of what it unpacks to is needed twice")
        self._position = position
        return position

    def read(self, size: int) -> bytes:
        pieces = []
        while size > 0:
            start = self._position - self._block_start
            piece = self._block[start : start + size]
            if piece:
                pieces.append(piece)
                size -= len(piece)
                self._position += len(piece)
            elif not self._next_block():
                break
        return b"".join(pieces)

    def _next_block(self) -> bool:
        try:
            block = self._unpack()
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise damaged(self._path, error) from None
        self._block_start += len(self._block)
        self._block = block
        # What has been taken of the buffer, not all of it: a bomb is to be refused before it has gone off.
        check_unpacked(self._path, self._taken, self._block_start + len(block))
        return bool(block)

    def _unpack(self) -> bytes:
        """The next bytes; empty at the end. Files may be several compressed ones, one after the other."""
        data = b""
        while True:
            if self._decoder.eof:
                data = (self._decoder.unused_data + self._take()).lstrip(b"\0")
                if not any(data.startswith(magic) for magic, _ in DECODERS):
                    return b""
                self._decoder = self._new_decoder()
            elif self._decoder.needs_input:
                data = self._take()
                if not data:
                    raise EOFError("it is cut short")
            block = self._decoder.decompress(data, BLOCK)
            data = b""
            if block:
                return block

    def _take(self) -> bytes:
        data = self._buffer[self._taken : self._taken + BLOCK]
        self._taken += len(data)
        return data


class TarSource:
    """The file object that tarfile reads headers from. A header says itself how long it is, and is held in bounds."""

    def __init__(self, path: str, file: BufferFile | UnpackedFile) -> None:
        self._path = path
        self._file = file
        self._last = b""
        self._headers_left = MAX_HEADERS

    @property
    def at_end(self) -> bool:
        """Whether the block that tarfile took for the end is one: nothing, or zeros."""
        return not self._last.strip(b"\0")

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int) -> int:
        return self._file.seek(position)

    def finish(self) -> None:
        """Reads what is left of a compressed file, at whose end its checksum is."""
        if isinstance(self._file, UnpackedFile):
            while self._file.read(BLOCK):
                pass

    def read(self, size: int) -> bytes:
        if 0 <= size <= _TAR_BLOCK:
            self._last = self._file.read(size)
            return self._last
        self._headers_left -= size
        if not 0 < size <= MAX_HEADER or self._headers_left < 0:
            raise damaged(self._path, f"a header of {size:,} bytes is longer than any name")
        data = self._file.read(size)
        if self._last[_TYPE_FLAG : _TYPE_FLAG + 1] in _FIELDS_FOLLOW and _MANY_DIGITS.search(data):
            raise damaged(self._path, "a number in a header has more digits than any number")
        return data
