"""Symbolic links that lead out of a tree: what is behind them is no part of it."""

from __future__ import annotations

import os
from pathlib import Path

LEADS_OUT = "is behind a link that leads out of the tree, and is not read without --follow-links"
"""What is said of a file in such a place."""


class Links:
    """The links of some folders; with ``follow`` none of them leads out.

    Links from one place inside to another are nothing special, as in the trees that Bazel makes. What a folder is was
    looked up once: a scan asks for thousands of files.
    """

    def __init__(self, *folders: Path, follow: bool = False) -> None:
        self._inside = tuple(f"{os.path.realpath(folder).rstrip('/')}/" for folder in folders)
        self._follow = follow
        self._folders: dict[str, bool] = {}

    def lead_out(self, where: str) -> bool:
        """Whether a file at a place on disk, there or not, is really outside of the folders."""
        if self._follow:
            return False
        folder = where.rpartition("/")[0]
        inside = self._folders.get(folder)
        if inside is None:
            inside = self._folders[folder] = self._is_inside(folder)
        return not inside or (os.path.islink(where) and not self._is_inside(where))  # noqa: PTH114 - as often as above

    def _is_inside(self, where: str) -> bool:
        try:
            return f"{os.path.realpath(where)}/".startswith(self._inside)
        except ValueError:  # a NUL in the name
            return True
