"""Outputs to disk: complete or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from kernel_index.errors import InputError


def write_outputs(outputs: Mapping[str, str], folder: Path) -> tuple[Path, ...]:
    """Write the files, name → text, into ``folder`` (made if need be) and return the paths that changed.

    A file that has these contents already is not touched. All new contents are on disk under temporary names before
    the first file is renamed into place, so that a full disk or a killed process leaves every file whole and, but for
    the moment of the renames, either all of them old or all new.

    Raises InputError where something cannot be written; up to the renames, nothing is changed then.
    """
    changed: list[tuple[Path, Path]] = []
    path = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in sorted(outputs.items()):
            path = (folder / name).resolve()
            data = text.encode("utf-8", "backslashreplace")
            if path.is_dir():
                raise InputError(str(path), "is a folder, where a file should be written")
            if path.is_file() and path.read_bytes() == data:
                continue
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            changed.append((temporary, path))
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        for temporary, path in changed:
            temporary.replace(path)
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {error.strerror}", "Choose another --out folder.") from error
    finally:
        for temporary, _ in changed:
            with contextlib.suppress(OSError):
                temporary.unlink()
    return tuple(path for _, path in changed)
