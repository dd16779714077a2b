"""Outputs to disk: complete or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.whole_files import WholeFiles


def write_outputs(outputs: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    """Write the files, name → text, into ``folder`` and return the paths that changed, as :func:`write_files` does."""
    return write_files({folder / name: text for name, text in outputs.items()}, folder)


def write_files(outputs: Mapping[Path, str], *folders: Path) -> tuple[Path, ...]:
    """Write the files, path → text, and return those that changed, links followed, sorted.

    Their folders, and ``folders`` where there are no files, are made if need be. A file that has these contents already
    is not touched. The others are written as :class:`WholeFiles` writes them, durably and in the order that they are
    given in.

    Raises InputError where something cannot be written; up to the renames, nothing is changed then, and folders that
    were made for it are gone again, as they are where the caller is interrupted.
    """
    changed: list[Path] = []
    wanted = tuple(dict.fromkeys((*folders, *(file.parent for file in outputs))))
    with _made(wanted):
        _write(outputs, wanted, changed)
    return tuple(sorted(changed))


def _write(outputs: Mapping[Path, str], folders: Sequence[Path], changed: list[Path]) -> None:
    path = Path()
    try:
        for path in folders:
            path.mkdir(parents=True, exist_ok=True)
        with WholeFiles(durable=True) as files:
            for file, text in outputs.items():
                path = Path(os.path.realpath(file))
                data = text.encode("utf-8", "backslashreplace")
                if path.is_dir():
                    raise InputError(str(path), "is a folder, where a file should be written")
                if path.is_file() and path.read_bytes() == data:
                    continue
                files.open(path).write(data)
                changed.append(path)
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {error.strerror}", "Choose another --out folder.") from error


@contextlib.contextmanager
def _made(folders: Sequence[Path]) -> Iterator[None]:
    """Removes those of the folders, and of the folders they are in, that a block that fails made and left empty."""
    absent = {each for folder in folders for each in (folder, *folder.parents) if not os.path.lexists(each)}
    try:
        yield
    except BaseException:
        for folder in sorted(absent, key=lambda each: len(each.parts), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
