"""Files that appear whole under their names or not at all: everything that is kept on disk is written here."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import BinaryIO, final

TEMPORARY = ".tmp"
"""What the name of a file ends with that is not in its place yet."""

_MOST_LETTERS = 40
"""Letters of a file's name in that of its temporary file: names have at most 255 bytes."""


@final
class WholeFiles:
    """Files that are written beside their places, and put there together where a ``with`` block ends.

    - **Whole or not at all.** What is written goes to a hidden temporary file in the same folder, which takes the
      place of the old file by a rename. Readers see the old contents or the new ones, never a part.
    - **Several at once.** All files are written out before the first rename. Where one cannot be, or the block raises,
      every file stays as it was and the temporary ones are gone. Should a rename fail or the process be killed between
      two renames, some files are new and the others old, each whole; they are renamed in the order of :meth:`open`.
    - **A process that is killed** leaves its temporary files (``.NAME.….tmp``), which nobody reads and which no later
      write stumbles over.
    - **A machine that stops**: with ``durable`` the contents are on the disk before the rename (``fsync``), so that
      the file has old or new contents afterwards. Without, it may be empty: for what can be made again.
    - **Permissions** of a file that is there are kept; a new one has those that the umask leaves. Its owner is who
      writes it, and other hard links keep the old contents.
    - **Symbolic links** stay, and what they point to is replaced.
    - **Writers at the same time** do not mix: the last rename wins.

    Pipes and devices are not for it. Raises OSError for what cannot be written.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._open: list[tuple[BinaryIO, Path, Path]] = []

    def __enter__(self) -> WholeFiles:
        return self

    def open(self, path: Path) -> BinaryIO:
        """The file to write to in place of that at ``path``; it is closed where the block ends."""
        target = path.resolve()
        unique = f"{os.getpid()}-{os.urandom(4).hex()}"
        name = f".{target.stem[:_MOST_LETTERS]}.{unique}{target.suffix[:_MOST_LETTERS]}{TEMPORARY}"
        temporary = target.with_name(name)
        # By mode 0666 the umask decides, as it does for any file that a program creates.
        file = os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOSED_IN_CHILDREN, 0o666), "wb")
        self._open.append((file, temporary, target))
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        return file

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self._put_in_place()
        finally:
            for file, temporary, _ in self._open:
                with contextlib.suppress(OSError):
                    file.close()
                with contextlib.suppress(OSError):
                    temporary.unlink()

    def _put_in_place(self) -> None:
        for file, _, _ in self._open:
            file.flush()
            if self._durable:
                os.fsync(file.fileno())
            file.close()
        for _, temporary, target in self._open:
            temporary.replace(target)


_CLOSED_IN_CHILDREN = getattr(os, "O_CLOEXEC", 0)


def write_whole(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Writes one file as :class:`WholeFiles` writes them. Raises OSError where it cannot be written."""
    with WholeFiles(durable=durable) as files:
        files.open(path).write(data)
