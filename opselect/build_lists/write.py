"""Outputs to disk: complete or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
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

    Raises InputError where something cannot be written; up to the renames, nothing is changed then.
    """
    changed: list[Path] = []
    path = Path()
    try:
        for path in dict.fromkeys((*folders, *(file.parent for file in outputs))):
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
    return tuple(sorted(changed))
