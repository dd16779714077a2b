"""Paths and URLs alike: names, folders and what is in them."""

from __future__ import annotations

from pathlib import Path

from kernel_index.errors import InputError
from opselect.storage.remote import remote

MAX_ENTRIES = 100_000
"""A folder with more entries is no model."""


def is_url(path: str) -> bool:
    """Whether fsspec is to open it: ``gs://…``, ``memory://…``, also chained, as ``zip://graph.pb::app.apk``."""
    return "://" in path


def join(folder: str, name: str) -> str:
    """The path of an entry of a folder. ``name`` is one entry's name, from a listing and never from a file."""
    return f"{folder.rstrip('/')}/{name}" if is_url(folder) else str(Path(folder) / name)


def base_name(path: str) -> str:
    """The last part of a path or URL."""
    return path.rstrip("/").rpartition("/")[2] if is_url(path) else Path(path).name


def is_file(path: str) -> bool:
    """Whether a file is there; InputError where a server does not say."""
    if not is_url(path):
        try:
            return Path(path).is_file()
        except (OSError, ValueError):
            return False
    with remote(path) as (files, inside):
        return bool(files.isfile(inside))


def list_folder(path: str) -> tuple[str, ...] | None:
    """The names of the entries of a folder, sorted; None where the path is no folder.

    Raises InputError for a folder that cannot be read.
    """
    if is_url(path):
        with remote(path) as (files, inside):
            if not files.isdir(inside):
                return None
            names = {base_name(f"x://{entry}") for entry in files.ls(inside, detail=False)}
    else:
        try:
            if not Path(path).is_dir():
                return None
            names = {entry.name for entry in Path(path).iterdir()}
        except (OSError, ValueError) as error:
            raise InputError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(names) > MAX_ENTRIES:
        raise InputError(path, f"the folder has more than {MAX_ENTRIES:,} entries", "Name the model itself.")
    return tuple(sorted(names))
