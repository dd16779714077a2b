"""Where the bytes of a graph are, for those who read a tensor later."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from kernel_index.errors import InputError, Place


@dataclass(frozen=True, slots=True)
class MemoryBytes:
    """Bytes held in memory."""

    data: bytes = field(repr=False)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file as it was when the graph was read: its size in bytes and its time of change in nanoseconds."""

    path: str
    size: int
    modified: int

    def read(self, offset: int, length: int) -> bytes:
        """The bytes; InputError where the file is gone or has changed since."""
        try:
            with Path(self.path).open("rb") as file:
                status = os.fstat(file.fileno())
                if (status.st_size, status.st_mtime_ns) == (self.size, self.modified):
                    file.seek(offset)
                    data = file.read(length)
                    if len(data) == length:
                        return data
        except OSError as error:
            raise InputError(Place(self.path, byte=offset), error.strerror or str(error)) from error
        raise InputError(
            Place(self.path, byte=offset), "the file changed while it was in use", "Run the command once more."
        )
