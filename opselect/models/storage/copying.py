"""Bytes of one open file to another, on two cores where there are two: one reads while the other writes."""

from __future__ import annotations

import mmap
import os
import stat
import threading
from collections.abc import Iterator

BUFFER = 1 << 20
"""Bytes copied at once: less time per byte than copying in the kernel, whose pages are not aligned."""
SHARED = 4 * BUFFER
"""From so many bytes on a second thread helps, whose start costs less than it saves."""
_PAGE = mmap.PAGESIZE
"""Where copies begin, in the buffer and in the output: the kernel moves whole pages faster than parts of two."""


class Copier:
    """Writes to an open file, pipe or device, one piece after the other.

    Large pieces are copied by two threads that take parts in turn and put each at its place. That needs a file with
    places, which is a regular one not opened for appending, and a second core: elsewhere one thread does it.
    """

    def __init__(self, output: int) -> None:
        self._output = output
        self._shared = _has_places(output) and _cores() > 1
        self._position = os.lseek(output, 0, os.SEEK_CUR) if self._shared else 0
        self._buffers: list[memoryview] = []

    def write(self, data: bytes) -> None:
        """Writes bytes of memory."""
        self._write(memoryview(data))

    def copy(self, file: int, offset: int, length: int) -> int:
        """Copies bytes of a file and returns where it stopped: before the end where the file has become shorter.

        Raises OSError for what cannot be read or written.
        """
        if self._shared and length >= SHARED:
            return self._copy_shared(file, offset, length)
        (buffer,) = self._some_buffers(1)
        end = offset + length
        os.lseek(file, offset, os.SEEK_SET)
        while offset < end:
            copied = os.readv(file, [buffer[: min(end - offset, BUFFER - self._position % _PAGE)]])
            if not copied:
                break
            self._write(buffer[:copied])
            offset += copied
        return offset

    def _write(self, data: memoryview) -> None:
        self._position += len(data)
        while data:
            data = data[os.write(self._output, data) :]

    def _copy_shared(self, file: int, offset: int, length: int) -> int:
        work = _Shared(file, self._output, self._position - offset, _parts(offset, length, self._position))
        mine, others = self._some_buffers(2)
        helper = threading.Thread(target=work.run, args=(others,), name="copy", daemon=True)
        helper.start()
        try:
            work.run(mine)
        finally:
            work.stop()
            helper.join()
        if work.error is not None:
            raise work.error
        if work.ends:
            return min(work.ends)
        self._position += length
        os.lseek(self._output, self._position, os.SEEK_SET)
        return offset + length

    def _some_buffers(self, count: int) -> list[memoryview]:
        while len(self._buffers) < count:
            self._buffers.append(memoryview(mmap.mmap(-1, BUFFER)))
        return self._buffers[:count]


class _Shared:
    """What threads copy together: parts of a file, each to its place, which is ``shift`` bytes further."""

    def __init__(self, file: int, output: int, shift: int, parts: Iterator[tuple[int, int]]) -> None:
        self._file = file
        self._output = output
        self._shift = shift
        self._parts = parts
        self._lock = threading.Lock()
        self.ends: list[int] = []
        self.error: Exception | None = None

    def run(self, buffer: memoryview) -> None:
        try:
            for offset, length in iter(self._next, None):
                self._copy(buffer, offset, length)
        except Exception as error:  # of whatever kind: the thread that waits raises it
            self.error = self.error or error
            self.stop()

    def stop(self) -> None:
        """Leaves the parts that nobody has begun."""
        with self._lock:
            self._parts = iter(())

    def _next(self) -> tuple[int, int] | None:
        with self._lock:
            return next(self._parts, None)

    def _copy(self, buffer: memoryview, offset: int, length: int) -> None:
        end = offset + length
        while offset < end:
            copied = os.preadv(self._file, [buffer[: end - offset]], offset)
            if not copied:
                self.ends.append(offset)
                self.stop()
                return
            data = buffer[:copied]
            while data:
                written = os.pwrite(self._output, data, offset + self._shift)
                data = data[written:]
                offset += written


def _parts(offset: int, length: int, position: int) -> Iterator[tuple[int, int]]:
    """Where parts begin and how long they are; all but the first begin at a page of the output."""
    end = offset + length
    while offset < end:
        size = min(end - offset, BUFFER - position % _PAGE)
        yield offset, size
        offset += size
        position += size


def _has_places(output: int) -> bool:
    if not (hasattr(os, "pwrite") and hasattr(os, "preadv") and stat.S_ISREG(os.fstat(output).st_mode)):
        return False
    import fcntl  # where there is pwrite, there is this

    return not fcntl.fcntl(output, fcntl.F_GETFL) & os.O_APPEND


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
