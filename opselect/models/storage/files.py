"""One whole file as a buffer, wherever it is, without holding it in memory."""

from __future__ import annotations

import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kernel_index.errors import InputError
from opselect.models.storage.copies import LocalCopy
from opselect.models.storage.paths import is_url
from opselect.models.storage.remote import remote
from opselect.models.storage.sources import FileBytes, RemoteBytes, SizedSource

_EMPTY = "Copy or export it again."


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open: ``buffer`` is all of it and ends with the block, ``source`` reads parts of it later."""

    path: str
    buffer: mmap.mmap
    source: SizedSource


@contextmanager
def open_file(path: str) -> Iterator[OpenFile]:
    """A local file through a memory map; one at a URL is first copied to a temporary file, block by block.

    The copy stays for as long as somebody holds the ``source``.
    Raises InputError for what is no regular file, cannot be read, or is empty.
    """
    if is_url(path):
        copy = LocalCopy(path)
        with _opened(copy.path) as (file, _), _mapped(file, path) as buffer:
            yield OpenFile(path, buffer, RemoteBytes(path, len(buffer), copy))
        return
    with _opened(path) as (file, status), _mapped(file, path) as buffer:
        yield OpenFile(path, buffer, FileBytes(path, status.st_size, status.st_mtime_ns))


def source_of(path: str) -> SizedSource:
    """A file to read parts of, nothing of it read yet. Raises InputError like :func:`open_file`, but not for empty."""
    if is_url(path):
        with remote(path) as (files, inside):
            size = files.size(inside)
        if size is None:  # a server need not say
            copy = LocalCopy(path)
            return RemoteBytes(path, Path(copy.path).stat().st_size, copy)
        return RemoteBytes(path, int(size))
    with _opened(path) as (_, status):
        return FileBytes(path, status.st_size, status.st_mtime_ns)


@contextmanager
def _opened(path: str) -> Iterator[tuple[IO[bytes], os.stat_result]]:
    if "\0" in path:
        raise InputError(repr(path), "is no path")
    try:
        # A pipe would block until somebody writes to it.
        file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    except OSError as error:
        advice = "Check the path." if isinstance(error, FileNotFoundError) else ""
        raise InputError(path, f"cannot be read: {error.strerror or error}", advice) from None
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise InputError(path, "is no regular file", "Write the model to a file and pass that.")
        yield file, status


@contextmanager
def _mapped(file: IO[bytes], path: str) -> Iterator[mmap.mmap]:
    if os.fstat(file.fileno()).st_size == 0:
        raise InputError(path, "the file is empty", _EMPTY)
    try:
        buffer = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror or error}") from None
    with buffer:
        yield buffer
