"""``glob([...], exclude = [...])`` of BUILD files, evaluated against a source tree."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

BUILD_FILE_NAMES = ("BUILD.bazel", "BUILD")
"""The names a package's BUILD file may have, the one that wins first."""


NO_FILE = "is no file: it cannot be read"
"""What is said of a folder or pipe that has the name of a list."""


def matches(path: str, pattern: str) -> bool:
    """Whether a file (``/`` between folders) matches a glob pattern.

    ``*`` and ``?`` stay within one folder, ``**`` alone between slashes stands for any number of folders, as Bazel
    has it.
    """
    return _match(path.split("/"), pattern.split("/"))


def _match(names: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not names
    head, rest = patterns[0], patterns[1:]
    if head == "**":
        return any(_match(names[skipped:], rest) for skipped in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], head) and _match(names[1:], rest)


def glob_files(folder: Path, include: Iterable[str], exclude: Iterable[str] = ()) -> list[str]:
    """The files that a ``glob`` in the BUILD file of ``folder`` gives, sorted, relative to it.

    Folders that are packages of their own are not entered (Bazel's rule). A folder that is not there has no files.
    """
    wanted, unwanted = list(include), list(exclude)
    deep = any("/" in pattern for pattern in wanted)
    return sorted(
        path
        for path in _files(folder, "", deep)
        if any(matches(path, pattern) for pattern in wanted) and not any(matches(path, pattern) for pattern in unwanted)
    )


def _files(folder: Path, prefix: str, deep: bool) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    if prefix and any(entry.name in BUILD_FILE_NAMES for entry in entries):
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if deep:
                yield from _files(Path(entry.path), f"{prefix}{entry.name}/", deep)
        else:
            yield prefix + entry.name


def is_there(path: Path) -> bool:
    """Whether there is a file to read; also where it is a link that leads nowhere, which then cannot be read."""
    try:
        return path.is_file() or (path.is_symlink() and not path.is_dir())
    except (OSError, ValueError):
        return False


def is_absent(path: Path) -> bool:
    """Whether there is nothing at all of that name, no link that leads nowhere either."""
    return not os.path.lexists(path)


def is_no_file(path: Path) -> bool:
    """Whether a folder, a pipe or a device is where a file should be."""
    return path.exists() and not path.is_file()


def is_file(path: Path) -> bool:
    """Whether there is such a file; not for a name that no file can have: too long, or with a NUL."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
