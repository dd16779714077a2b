"""The one way to stdout and stderr: nothing that would act on a terminal passes, and what cannot be written is said.

Models, files and trees are written by others, and so are the names in them. While a command runs, ``sys.stdout`` and
``sys.stderr`` are screens: whoever prints, a command, click or a traceback, prints :func:`~kernel_index.shown.visible`
text. Only :func:`beneath` leads past that.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO, cast

from kernel_index.errors import OpselectError
from kernel_index.shown import visible


class OutputError(OpselectError):
    """What a command prints cannot be written: the disk is full, the terminal is gone."""


class Screen:
    """A text stream in front of another.

    With ``exact`` the text passes as it is. An encoding that lacks a character gets it escaped. Raises OutputError
    where the stream cannot be written, and BrokenPipeError where nobody reads it any more.
    """

    def __init__(self, stream: TextIO, name: str, *, exact: bool = False) -> None:
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")
        self.stream = stream
        self.name = name
        self._exact = exact
        self._failure: Exception | None = None

    @property
    def encoding(self) -> str:
        return self.stream.encoding

    @property
    def errors(self) -> str | None:
        return self.stream.errors

    @property
    def closed(self) -> bool:
        return self.stream.closed

    def write(self, text: str) -> int:
        with self._said():
            self.stream.write(text if self._exact else visible(text))
        return len(text)

    def write_bytes(self, data: bytes) -> None:
        """Data that programs read, as they are. Not for a terminal."""
        with self._said():
            self.stream.flush()
            self.stream.buffer.write(data)
            self.stream.flush()

    def flush(self) -> None:
        with self._said():
            self.stream.flush()

    def isatty(self) -> bool:
        return self.stream.isatty()

    def fileno(self) -> int:
        return self.stream.fileno()

    def writable(self) -> bool:
        return True

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        """Raises what the first failure was once more for all that is written after it: nothing else is true of it."""
        if self._failure is not None:
            raise self._failure
        try:
            yield
        except BrokenPipeError as error:
            self._failure = error
        except OSError as error:
            self._failure = OutputError(f"{self.name} cannot be written: {error.strerror or error}")
        if self._failure is not None:
            raise self._failure


def beneath(stream: TextIO) -> TextIO:
    """The stream behind a screen, for what draws with escape codes of its own or writes data that must be exact.

    Names in what is drawn must have been made :func:`~kernel_index.shown.visible` before.
    """
    if not isinstance(stream, Screen):
        return stream
    return cast(TextIO, Screen(stream.stream, stream.name, exact=True))


@contextlib.contextmanager
def screens() -> Iterator[None]:
    """Puts a screen in front of stdout and stderr while the block runs."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _before(sys.stdout, "standard output"), _before(sys.stderr, "standard error")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def _before(stream: TextIO, name: str) -> TextIO:
    return stream if isinstance(stream, Screen) else cast(TextIO, Screen(stream, name))


def open_streams() -> None:
    """Gives a program whose standard streams were closed some that lead nowhere.

    Otherwise the first file that it opens is its standard output.
    """
    for number in range(3):
        if not _is_open(number):
            # The lowest number that is free is this one.
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
    # Python has no streams for those that were closed when it started.
    if cast(object, sys.stdout) is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - it stays open while the program runs
    if cast(object, sys.stderr) is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115 - it stays open while the program runs


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def flushed() -> None:
    """Writes what is buffered; where that fails now, nobody is left to be told."""
    for stream in (sys.stdout, sys.stderr):
        _flushed(stream)


def _flushed(stream: TextIO) -> None:
    try:
        stream.flush()
    except OSError:
        # The interpreter would try once more while it exits, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
