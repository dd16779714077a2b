"""What an archive holds, in records of our own, and how much of it is unpacked at most."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from kernel_index.errors import InputError
from kernel_index.shown import shown_path, visible

MAX_UNPACKED = 1 << 34
"""Bytes; the largest frozen graph has 2 GB, which is what a protobuf message may have."""
MAX_RATIO = 200
"""Maximum ratio of what is unpacked to the size of the archive, apart from the first bytes."""
FREE_UNPACKED = 1 << 26
"""Bytes that may be unpacked of the smallest archive: weights that are all zero shrink to a thousandth."""
MAX_NAMES_SHOWN = 10

UNPACK_YOURSELF = "If you trust it, unpack it yourself and pass what is inside."

_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A file in an archive: its name, parts separated by ``/``, and its size in bytes when unpacked.

    ``problem`` says why it cannot be unpacked, as in "is encrypted"; empty where it can.
    """

    name: str
    size: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ArchivedModel:
    """A model in an archive: ``kind`` is one of the formats of :mod:`opselect.models.formats.recognize`.

    ``name`` is that of the member, the folder of a SavedModel (``.`` where it is in none), or the prefix of a
    checkpoint.
    """

    kind: str
    name: str


class Stream(Protocol):
    """The bytes of a member, from front to back."""

    def read(self, size: int, /) -> bytes: ...


class Archive(Protocol):
    """An open archive."""

    path: str
    size: int

    def members(self) -> Iterator[tuple[ArchiveMember, Callable[[], Stream]]]:
        """Every member in the order of the archive, names as they come, and what opens it.

        A member can be opened until the next one is asked for. Raises InputError where the archive is damaged.
        """


def tidy_name(name: str) -> str:
    """A member's name without the parts of it that say nothing: ``./a//b`` is ``a/b``."""
    absolute = "/" if name.startswith("/") else ""
    return absolute + "/".join(part for part in name.split("/") if part not in ("", "."))


def name_problem(name: str) -> str:
    """Why no file may be written under a name that an archive gives; empty where one may."""
    if not name:
        return "has no name"
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute path"
    if "\\" in name:
        return "has a backslash in its name"
    if ".." in name.split("/"):
        return "leads out of the archive"
    if _UNPRINTABLE.search(name):
        return "has a name that is no text"
    return ""


def spelled(path: str, name: str) -> str:
    """A member of an archive as users write it."""
    return f"{shown_path(path)}!{visible(name)}"


def check_unpacked(path: str, archive_size: int, unpacked: int) -> None:
    """Raises InputError where what comes out of an archive is too much, for any file or for one of its size."""
    if unpacked > MAX_UNPACKED:
        raise InputError(path, f"unpacks to more than {MAX_UNPACKED:,} bytes", UNPACK_YOURSELF)
    if unpacked > FREE_UNPACKED + MAX_RATIO * archive_size:
        problem = f"unpacks to more than {MAX_RATIO} times its size of {archive_size:,} bytes"
        raise InputError(path, problem, UNPACK_YOURSELF)
