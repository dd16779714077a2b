"""Which TensorFlow a question is about, and built how."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PathLike = str | os.PathLike[str]
"""A path or, as text, a URL that fsspec understands."""

DEFAULT_PROFILE = "android"
"""What Bazel's Android build registers when no types macro is passed."""


_GRAPHS = (".pb", ".pbtxt")


@dataclass(frozen=True, slots=True)
class KernelSource:
    """Where kernels are looked up: exactly one of a released version, a checkout, or an index file."""

    release: str | None = None
    tree: Path | None = None
    index_file: Path | None = None
    roots: tuple[Path, ...] = ()
    """More folders with kernels, over whichever is named."""
    follow_links: bool = False
    """Whether what is behind links that lead out of the checkout and the folders is read, too."""

    @property
    def given(self) -> int:
        """How many of the three are named."""
        return sum(choice is not None for choice in (self.release, self.tree, self.index_file))

    def check_output(self, output: str) -> None:
        """Raises IndexFileError where a graph would be written over the index or a file of the sources.

        What is a graph by its name, no scan reads: it can be made again.
        """
        from kernel_index.store import check_output

        folders = self.roots if self.tree is None else (self.tree, *self.roots)
        if Path(output).suffix in _GRAPHS:
            folders = ()
        if output and (folders or self.index_file is not None):
            check_output(output, folders, self.index_file)


@dataclass(frozen=True, slots=True)
class Macros:
    """Macros on top of those of a build profile: ``define`` are names with their text, both in their order."""

    define: tuple[tuple[str, str], ...] = ()
    undefine: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.define or self.undefine)

    @property
    def flags(self) -> tuple[str, ...]:
        """As a compiler takes them."""
        defined = (f"-D{name}" if value == "1" else f"-D{name}={value}" for name, value in self.define)
        return (*defined, *(f"-U{name}" for name in self.undefine))


NO_MACROS = Macros()
