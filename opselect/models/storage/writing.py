"""Pieces to one file, complete or not at all; what is in other files is copied through buffers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path

from kernel_index.errors import InputError, Place
from kernel_index.whole_files import WholeFiles
from opselect.models.graph.values import StoredBytes
from opselect.models.storage.copying import Copier
from opselect.models.storage.joined import Piece, flattened
from opselect.models.storage.paths import is_url
from opselect.models.storage.sources import CHANGED, RUN_AGAIN, FileBytes

_BLOCK = 1 << 22
"""Bytes written at once of pieces in memory."""
_ADVICE = "Choose another place for the output."


def write_pieces(pieces: Iterable[Piece], path: str) -> None:
    """Writes the pieces one after the other to a file, over what was there.

    The file appears whole under its name or not at all, as :class:`WholeFiles` says, not durably. Raises InputError
    where the file cannot be written or a piece can no longer be read, and BrokenPipeError where nobody reads a pipe any
    more.
    """
    try:
        with _output(path) as output, ExitStack() as stack:
            writer = _Writer(output, stack)
            for piece in flattened(pieces):
                writer.add(piece)
            writer.flush()
    except BrokenPipeError:
        raise
    except FileNotFoundError:
        problem = "there is no such folder to write it to"
        raise InputError(path, problem, "Make the folder, or choose another place.") from None
    except OSError as error:
        raise InputError(path, f"cannot be written: {error.strerror or error}", _ADVICE) from error


@contextmanager
def _output(path: str) -> Iterator[int]:
    """What to write to inside the block: a file that gets its name after it, or what is no regular file."""
    if is_url(path):
        raise InputError(path, "graphs are written to files only", "Name a file and copy it there.")
    if Path(path).is_dir():
        raise InputError(path, "is a folder, where a file should be written", _ADVICE)
    with WholeFiles() as files:
        yield files.open(path).fileno()


class _Writer:
    def __init__(self, output: int, stack: ExitStack) -> None:
        self._output = output
        self._stack = stack
        self._waiting: list[bytes] = []
        self._size = 0
        self._copier = Copier(output)
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
        self._copier.write(b"".join(self._waiting))
        self._waiting.clear()
        self._size = 0

    def _copy(self, source: FileBytes, offset: int, length: int) -> None:
        file = self._open(source)
        end = self._copier.copy(file, offset, length)
        if end < offset + length:
            raise InputError(Place(source.path, byte=end), CHANGED, RUN_AGAIN)

    def _open(self, source: FileBytes) -> int:
        if source not in self._files:
            try:
                file = self._stack.enter_context(FileIO(source.path))
            except OSError as error:
                raise InputError(source.path, f"cannot be read: {error.strerror or error}") from error
            status = os.fstat(file.fileno())
            if (status.st_size, status.st_mtime_ns) != (source.size, source.modified):
                raise InputError(source.path, CHANGED, RUN_AGAIN)
            self._files[source] = file.fileno()
        return self._files[source]


def _blocks(piece: Piece) -> Iterator[bytes]:
    if isinstance(piece, bytes):
        yield piece
        return
    for start in range(0, piece.length, _BLOCK):
        yield piece.source.read(piece.offset + start, min(_BLOCK, piece.length - start))
