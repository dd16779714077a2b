"""Paths and URLs alike: names, folders and what is in them."""

from __future__ import annotations

from pathlib import Path

from kernel_index.errors import InputError
from opselect.models.storage.remote import is_http, remote

MAX_ENTRIES = 100_000
"""A folder with more entries is no model."""


def is_url(path: str) -> bool:
    """Whether fsspec is to open it: ``gs://…``, ``memory://…``, also chained, as ``zip://graph.pb::app.apk``."""
    return "://" in path


def join(folder: str, name: str) -> str:
    """The path of an entry of a folder. ``name`` is one entry's name, from a listing and never from a file."""
    if not is_url(folder):
        return str(Path(folder) / name)
    first, rest = _links(folder)
    stem = first if first.endswith("://") else f"{first.rstrip('/')}/"
    return f"{stem}{name}{rest}"


def base_name(path: str) -> str:
    """The last part of a path or URL."""
    return _links(path)[0].rstrip("/").rpartition("/")[2] if is_url(path) else Path(path).name


def folder_of(path: str) -> str:
    """The folder that a file lies in."""
    if not is_url(path):
        return str(Path(path).parent)
    first, rest = _links(path)
    scheme, _, inside = first.partition("://")
    return f"{scheme}://{inside.rstrip('/').rpartition('/')[0]}{rest}"


def with_suffix(path: str, suffix: str) -> str:
    """The path with some more characters at the end of its last part."""
    if not is_url(path):
        return path + suffix
    first, rest = _links(path)
    return first + suffix + rest


def _links(url: str) -> tuple[str, str]:
    """The first link of a chained URL and the rest of the chain: ``zip://a/b`` and ``::app.apk``."""
    first, chain, rest = url.partition("::")
    return first, chain + rest


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
    if not path:
        raise InputError("''", "is no path")
    if is_http(path):
        return None  # to a driver all of a file is the listing of a folder
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
