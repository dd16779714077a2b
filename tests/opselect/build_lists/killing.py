"""Kills a process at a system call of its choice that writes, in a child of this process."""

from __future__ import annotations

import io
import os
import pathlib
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

_WRITING = ("replace", "rename", "unlink", "remove", "rmdir", "mkdir", "chmod", "truncate", "link", "symlink", "fsync")
_AUDITED = frozenset(
    f"os.{name}" for name in ("rename", "remove", "rmdir", "mkdir", "chmod", "truncate", "link", "symlink", "utime")
)
"""What Python says of every call that writes, however it comes about (``sys.addaudithook``)."""
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

_KILLED, _DONE, _UNCOUNTED, _FAILED = -signal.SIGKILL, 0, 3, 4


def killed_everywhere(action: Callable[[], object], before: Callable[[], object]) -> Iterator[int]:
    """Runs an action again and again, killed once before and once after each of its calls that write.

    ``before`` makes what each run finds. After every run that was killed, the number of the point is given, from 0 on;
    the last run, which comes to its end, is not among them.
    """
    point = 0
    before()
    while _killed_at(point, action):
        yield point
        point += 1
        before()


def _killed_at(point: int, action: Callable[[], object]) -> bool:
    """Whether the action was killed; else it came to its end."""
    child = os.fork()
    if not child:
        _run(point, action)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code != _UNCOUNTED, "the action writes in a way that is not counted"
    assert code in (_KILLED, _DONE), "the action failed"
    return code == _KILLED


def _run(point: int, action: Callable[[], object]) -> NoReturn:
    try:
        _Counter(point).take_over()
        action()
        os._exit(_DONE)
    finally:
        os._exit(_FAILED)


class _Counter:
    """Stands between a process and the system."""

    def __init__(self, point: int) -> None:
        self._left = point
        self._inside = False

    def take_over(self) -> None:
        kept = getattr(pathlib, "_NormalAccessor", None)  # the paths of Python 3.10 have functions of os of their own
        for name in _WRITING:
            counted = self._counted(getattr(os, name))
            setattr(os, name, counted)
            if hasattr(kept, name):
                setattr(kept, name, staticmethod(counted))
        opening = os.open
        counted = self._counted(opening)
        os.open = lambda path, flags, *more, **named: (counted if flags & _TO_WRITE else opening)(
            path, flags, *more, **named
        )
        write = self._counted(os.write)
        os.fdopen = lambda file, *_: io.BufferedWriter(_Raw(file, write))  # type: ignore[assignment]
        sys.addaudithook(self._audit)

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: object, **named: object) -> object:
            self._pass()
            self._inside = True
            try:
                return call(*arguments, **named)
            finally:
                self._inside = False
                self._pass()

        return counted

    def _pass(self) -> None:
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(arguments[0], str) and arguments[2] & _TO_WRITE
        if not self._inside and (opened or event in _AUDITED):
            os._exit(_UNCOUNTED)


class _Raw(io.RawIOBase):
    """A file whose every piece is written in two halves: a disk may be full, or the process killed, between them."""

    def __init__(self, file: int, write: Callable[..., Any]) -> None:
        self._file = file
        self._write = write
        self._half = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._file

    def write(self, data: Any, /) -> int:
        whole = bytes(data)
        self._half = not self._half
        return int(self._write(self._file, whole[: (len(whole) + 1) // 2] if self._half else whole))

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._file)
