"""Bytes of files: through a memory map, and what is unpacked in memory or, where it is large, in a temporary file."""

from __future__ import annotations

import mmap
import os
import stat
import tempfile
from collections.abc import Iterable
from typing import IO

import numpy as np

from kernel_index.errors import InputError
from opselect.binaries.image import Bytes

MAX_IN_MEMORY = 1 << 26
"""Bytes that are unpacked into memory; what is larger goes into a temporary file that is mapped."""
MAX_UNPACKED = 1 << 32
"""Bytes; the largest libraries of TensorFlow have 1 GB."""
MAX_RATIO = 200
"""Maximum ratio of what is unpacked to the compressed bytes, where it is more than what fits into memory."""


def map_file(path: str) -> Bytes:
    """All bytes of a file, mapped: none is read before somebody looks at it.

    Raises InputError for what is no regular file, cannot be read, or is empty.
    """
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
            raise InputError(path, "is no regular file", "Write the binary to a file and pass that.")
        return _mapped(file, path)


def _mapped(file: IO[bytes], path: str) -> Bytes:
    if os.fstat(file.fileno()).st_size == 0:
        raise InputError(path, "the file is empty", "Copy or build it again.")
    try:
        return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except OSError as error:
        raise InputError(path, f"cannot be read: {error.strerror or error}") from None


def check_unpacked(name: str, compressed: int, size: int) -> None:
    """Raises InputError where more would be unpacked than any library has, or than so few bytes can honestly hold."""
    if size > MAX_UNPACKED:
        raise InputError(name, f"unpacks to {size:,} bytes: more than any library has")
    if size > MAX_IN_MEMORY and size > MAX_RATIO * compressed:
        raise InputError(name, f"unpacks to {size:,} bytes, which is more than {MAX_RATIO} times what it takes packed")


def kept_bytes(name: str, size: int, blocks: Iterable[bytes]) -> Bytes:
    """The bytes that come in blocks, ``size`` of them, in memory or in a temporary file that goes with the last view.

    Raises InputError where there are more or fewer, and where there is no room for them.
    """
    left = size
    try:
        with tempfile.SpooledTemporaryFile(max_size=MAX_IN_MEMORY) as file:
            if size > MAX_IN_MEMORY:
                file.rollover()
            for block in blocks:
                left -= len(block)
                if left < 0:
                    raise InputError(name, f"has more than the {size:,} bytes that it says it has")
                file.write(block)
            if left:
                raise InputError(name, f"has {size - left:,} bytes and not the {size:,} that it says it has")
            file.seek(0)
            if size <= MAX_IN_MEMORY:
                return np.frombuffer(file.read(), np.uint8)
            file.flush()
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except OSError as error:
        raise InputError(name, f"cannot be unpacked: {error.strerror or error}") from None
