"""Files that appear whole under their names or not at all: everything that is kept on disk is written here."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO, final

from kernel_index.interruptions import Uninterrupted

TEMPORARY = ".tmp"
"""What the name of a file ends with that is not in its place yet."""

_MOST_BYTES = 80
"""Bytes of a file's stem, and of its suffix, in the name of its temporary file: names have at most 255 bytes."""

_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")

PathLike = str | os.PathLike[str]


@final
class WholeFiles:
    """Files that are written beside their places, and put there together where a ``with`` block ends.

    - **Whole or not at all.** What is written goes to a hidden temporary file in the same folder, which takes the
      place of the old file by a rename. Readers see the old contents or the new ones, never a part.
    - **Several at once.** All files are written out before the first rename. Where one cannot be, or the block raises,
      every file stays as it was and the temporary ones are gone. Should a rename fail or the process be killed between
      two renames, some files are new and the others old, each whole; they are renamed in the order of :meth:`open`.
    - **Ctrl-C, SIGTERM and SIGHUP**, whose handlers raise an exception: every file stays as it was and no temporary one
      is left, whenever it comes; once the renames have begun, they are all made before it takes effect.
    - **A process that is killed** leaves its temporary files (``.NAME.….tmp``), which nobody reads and which no later
      write stumbles over; :func:`sweep` removes them.
    - **A machine that stops**: with ``durable`` the contents are on the disk before the rename (``fsync``), so that
      the file has old or new contents afterwards, and each rename is before the next. Without, it may be empty: for
      what can be made again.
    - **Permissions** of a file that is there are kept; a new one has those that the umask leaves. Its owner is who
      writes it, and other hard links keep the old contents.
    - **Symbolic links** stay, and what they point to is replaced.
    - **Pipes and devices** are written to as they are, and ``-`` is stdout: what is written there is not taken back.
    - **One file by two names** is an error: one of the outputs would be lost.
    - **Writers at the same time** do not mix: the last rename wins.

    Raises OSError for what cannot be written.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._streams: list[BinaryIO] = []
        self._open: list[tuple[BinaryIO, Path, Path]] = []

    def __enter__(self) -> WholeFiles:
        return self

    def open(self, path: PathLike) -> BinaryIO:
        """The file to write to in place of that at ``path``; it is closed where the block ends."""
        stream = _open_stream(os.fspath(path))
        if stream is not None:
            self._streams.append(stream)
            return stream
        target = Path(os.path.realpath(path))
        if any(target == other for _, _, other in self._open):
            raise FileExistsError(errno.EEXIST, "another output is the same file", str(path))
        stem, suffix = _short_name(target)
        temporary = target.with_name(f"{stem}{os.getpid()}-{os.urandom(4).hex()}{suffix}")
        # Before it is made: an exception out of a handler of signals may be raised between any two steps.
        _unfinished[temporary] = os.getpid()
        # By mode 0666 the umask decides, as it does for any file that a program creates.
        file = os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSED_IN_CHILDREN, 0o666), "wb")
        self._open.append((file, temporary, target))
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        return file

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                for stream in self._streams:
                    stream.close()
                self._put_in_place()
        finally:
            for file in (*self._streams, *(file for file, _, _ in self._open)):
                with contextlib.suppress(OSError):
                    file.close()
            for _, temporary, _ in self._open:
                with contextlib.suppress(OSError):
                    temporary.unlink()
                _unfinished.pop(temporary, None)

    def _put_in_place(self) -> None:
        for file, _, _ in self._open:
            file.flush()
            if self._durable:
                os.fsync(file.fileno())
            file.close()
        with Uninterrupted():
            for _, temporary, target in self._open:
                temporary.replace(target)
                if self._durable:
                    _settle(target.parent)


_unfinished: dict[Path, int] = {}
"""Temporary files that may be there, and who makes each: a child that was forked has those of its parent."""


@atexit.register
def _remove_unfinished() -> None:
    """What an exception left that a signal raised just where a block was entered or left."""
    for temporary, process in list(_unfinished.items()):
        if process == os.getpid():
            with contextlib.suppress(OSError):
                temporary.unlink()


_CLOSED_IN_CHILDREN = getattr(os, "O_CLOEXEC", 0)


def write_whole(path: PathLike, data: bytes, *, durable: bool = False) -> None:
    """Writes one file as :class:`WholeFiles` writes them. Raises OSError where it cannot be written."""
    with WholeFiles(durable=durable) as files:
        files.open(path).write(data)


def sweep(path: Path) -> tuple[Path, ...]:
    """Removes the temporary files that writers of the file at ``path`` left, and returns their paths, sorted.

    Those of a writer that is still at work go, too: its write fails, and the file stays as it was. So the caller sees
    to it that there is none.
    """
    target = Path(os.path.realpath(path))
    stem, suffix = _short_name(target)
    temporary = re.compile(rf"{re.escape(stem)}\d+-[0-9a-f]{{8}}{re.escape(suffix)}")
    try:
        left = sorted(each for each in target.parent.iterdir() if temporary.fullmatch(each.name))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    for each in left:
        each.unlink(missing_ok=True)
    return tuple(left)


def _short_name(target: Path) -> tuple[str, str]:
    """What the name of a temporary file begins and ends with."""
    return f".{_first_bytes(target.stem)}.", f"{_first_bytes(target.suffix)}{TEMPORARY}"


def _first_bytes(name: str) -> str:
    return os.fsencode(name)[:_MOST_BYTES].decode("utf-8", "ignore")


def _open_stream(path: str) -> BinaryIO | None:
    """What writes to the pipe or device at a path, None where a file is there or nothing yet."""
    if path in _STDOUT:
        # Not opened again: a shell that appends to a file would see it replaced.
        return os.fdopen(os.dup(1), "wb")
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return os.fdopen(os.open(path, os.O_WRONLY | _CLOSED_IN_CHILDREN), "wb")


def _settle(folder: Path) -> None:
    """Has the names in a folder on the disk, where the system can say so."""
    try:
        opened = os.open(folder, os.O_RDONLY | _CLOSED_IN_CHILDREN)
    except OSError:
        return
    try:
        os.fsync(opened)
    except OSError:
        return
    finally:
        os.close(opened)
