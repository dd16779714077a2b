"""Pieces to one file, complete or not at all; what is in other files is copied by the kernel."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from kernel_index.errors import InputError, Place
from opselect.graph.values import StoredBytes
from opselect.storage.joined import Piece, flattened
from opselect.storage.sources import CHANGED, RUN_AGAIN, FileBytes

_BLOCK = 1 << 22
"""Bytes written at once of pieces in memory, and copied at once where the kernel cannot."""
_ADVICE = "Choose another place for the output."


def write_pieces(pieces: Iterable[Piece], path: str) -> None:
    """Writes the pieces one after the other to a file, over what was there.

    The file appears whole under its name or not at all. Parts of other files go there without passing through this
    process. Raises InputError where the file cannot be written or a piece can no longer be read.
    """
    target = Path(path).resolve()
    if target.is_dir():
        raise InputError(path, "is a folder, where a file should be written", _ADVICE)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb", buffering=0) as file, ExitStack() as stack:
            writer = _Writer(file.fileno(), stack)
            for piece in flattened(pieces):
                writer.add(piece)
            writer.flush()
        temporary.replace(target)
    except OSError as error:
        raise InputError(path, f"cannot be written: {error.strerror or error}", _ADVICE) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


class _Writer:
    def __init__(self, output: int, stack: ExitStack) -> None:
        self._output = output
        self._stack = stack
        self._waiting: list[bytes] = []
        self._size = 0
        self._files: dict[FileBytes, int] = {}

    def add(self, piece: Piece) -> None:
        if isinstance(piece, StoredBytes) and isinstance(piece.source, FileBytes) and piece.length > _BLOCK >> 10:
            self.flush()
            self._copy(piece.source, piece.offset, piece.length)
            return
        for data in _blocks(piece):
            self._waiting.append(data)
            self._size += len(data)
            if self._size >= _BLOCK:
                self.flush()

    def flush(self) -> None:
        data = memoryview(b"".join(self._waiting))
        while data:
            data = data[os.write(self._output, data) :]
        self._waiting.clear()
        self._size = 0

    def _copy(self, source: FileBytes, offset: int, length: int) -> None:
        file = self._open(source)
        while length:
            copied = _copy_some(file, self._output, offset, length)
            if not copied:
                raise InputError(Place(source.path, byte=offset), CHANGED, RUN_AGAIN)
            offset += copied
            length -= copied

    def _open(self, source: FileBytes) -> int:
        if source not in self._files:
            try:
                file = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError as error:
                raise InputError(source.path, f"cannot be read: {error.strerror or error}") from error
            self._stack.callback(os.close, file)
            status = os.fstat(file)
            if (status.st_size, status.st_mtime_ns) != (source.size, source.modified):
                raise InputError(source.path, CHANGED, RUN_AGAIN)
            self._files[source] = file
        return self._files[source]


def _copy_some(source: int, output: int, offset: int, length: int) -> int:
    # Not on every system, and not between all file systems.
    if hasattr(os, "copy_file_range"):
        with contextlib.suppress(OSError):
            return os.copy_file_range(source, output, length, offset)
    data = os.pread(source, min(length, _BLOCK), offset)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(output, rest) :]
    return len(data)


def _blocks(piece: Piece) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        yield piece
        return
    for start in range(0, piece.length, _BLOCK):
        yield piece.source.read(piece.offset + start, min(_BLOCK, piece.length - start))
