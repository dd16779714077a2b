"""Needed source files that a build can do without: they define nothing, or only what another file defines too.

The dependencies of an index count whatever may be needed in some build. Of one build more is known.
"""

from __future__ import annotations

from kernel_index.preprocessor.files import Files
from kernel_index.profiles import BuildProfile
from kernel_index.symbols.unit_symbols import UnitSymbolReader


class Replaceable:
    """Asks that of the source files of one checkout, in a build with just the macros of one profile."""

    def __init__(self, files: Files, profile: BuildProfile) -> None:
        self._files = files
        self._reader = UnitSymbolReader(files, [profile])

    def defines_nothing(self, path: str) -> bool:
        """Whether the object file of a source is empty.

        Macros that a target of a BUILD file defines for those that depend on it are not defined here:
        ``eigen_contraction_kernel.cc`` is empty where nobody defines ``TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL``, and
        nobody asks for it. A file that cannot be read is not empty.
        """
        source = self._files.get(path)
        return source is not None and not any(symbols.defines for symbols in self._reader.read(source))
