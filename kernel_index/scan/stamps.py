"""Whether a file is still what it was: by its size and times, and by its content where these do not decide."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from pathlib import Path

Stamp = tuple[int, int, int, int]
"""Size in bytes, time of the last change of content and of metadata in nanoseconds, and inode of a file."""

_SETTLED_AFTER = 2_000_000_000
"""Nanoseconds after which a further change shows in a file's times: FAT counts in steps of two seconds."""


def stamp(where: str) -> Stamp | None:
    """The stamp of a regular file, None where there is none."""
    try:
        found = os.stat(where)  # noqa: PTH116 - called for thousands of files, and a Path costs more than the call
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    return stamp_of(found)


def stamp_of(found: os.stat_result) -> Stamp | None:
    """The stamp of what was found at a place, None where it is no regular file."""
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def settled(found: Stamp | None) -> Stamp | None:
    """The stamp if it can be relied on from now on; None where the file is too young for another change to show."""
    if found is None or max(found[1], found[2]) > time.time_ns() - _SETTLED_AFTER:
        return None
    return found


def digest(data: bytes) -> str:
    """A name for a content that no other content has."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def content_digest(where: str) -> str:
    """The digest of a regular file's content, empty where there is none that can be read."""
    try:
        return digest(Path(where).read_bytes())
    except (OSError, ValueError):
        return ""
