"""Whether anything at all has changed in a tree: if not, a scan of it finds what the last one found."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from kernel_index.scan.stamps import settled, stamp_of

_PASSED_OVER = ".git"
"""Of the root: history, of which a scan reads nothing."""

_OF_BAZEL = "bazel-"
"""How Bazel's links to its outputs begin. They are in the root and lead out of it; no source says so."""


def tree_state(root: Path, release: str) -> str:
    """A name for the files of a tree as they are: their paths, stamps and links. It is another one after any change,
    and for the sources of another release.

    Empty where that cannot be told: where a file is too young for a further change to show, a folder cannot be read, or
    a link leads out of the tree, behind which nothing is looked at here.
    """
    found = hashlib.blake2b(release.encode("utf-8", "surrogateescape"), digest_size=16)
    try:
        for line in _lines(os.path.realpath(root)):
            found.update(line.encode("utf-8", "surrogateescape"))
    except OSError:
        return ""
    return found.hexdigest()


def is_told(missing_headers: tuple[str, ...]) -> bool:
    """Whether all that a scan asked for is a matter of :func:`tree_state`: nothing was asked behind Bazel's links."""
    return not any(target.lstrip('"<').startswith(_OF_BAZEL) for target in missing_headers)


def _lines(root: str) -> Iterator[str]:
    """A line for each file and link, always in the same order. Raises OSError for what cannot be told."""
    inside = f"{root}/"
    folders = [root]
    for folder in folders:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            top = folder == root
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                if f"{target}/".startswith(inside):
                    yield f"{entry.path}\0{target}\n"
                elif not (top and entry.name.startswith(_OF_BAZEL)):
                    raise OSError(f"{entry.path} leads out of the tree")
            elif entry.is_dir(follow_symlinks=False):
                if not (top and entry.name == _PASSED_OVER):
                    folders.append(entry.path)
                    yield f"{entry.path}/\n"
            else:
                now = settled(stamp_of(entry.stat(follow_symlinks=False)))
                if now is None:
                    raise OSError(f"{entry.path} is too young")
                yield f"{entry.path}\0{now}\n"
