"""Which files belong to the base library of a build, and which come with the kernels."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WITH_KERNELS = re.compile(
    r"tensorflow/(?:core/kernels|c/kernels|core/data|core/user_ops|user_ops|contrib|tsl/framework/(?:contraction|convolution))/"
)
_BASE = re.compile(r"(?:tensorflow|third_party)/")


def is_base(path: str) -> bool:
    """Whether a file stands in a folder of the base library: framework, platform, lib, util, runtime, compiler.

    The mobile builds take that library from ``mobile_srcs`` (``android_srcs`` up to 1.1) of ``tensorflow/core/BUILD``,
    and the makefile from ``CORE_CC_ALL_SRCS``; neither compiles all of it (:class:`BaseLibrary`). The groups of kernels
    hold the files of the kernel folders; those of later releases also ``tensorflow/core/data`` and
    ``tensorflow/tsl/framework/contraction`` (``portable_extended_ops`` of ``tensorflow/core/kernels/BUILD``).
    """
    return _WITH_KERNELS.match(path) is None and _BASE.match(path) is not None


@dataclass(frozen=True, slots=True)
class BaseLibrary:
    """The base library of one checkout.

    ``not_compiled`` are source files in its folders that not every build of the checkout compiles; ``libraries`` those
    libraries of others that not every build links (:data:`kernel_index.libraries.LIBRARIES`).
    """

    not_compiled: frozenset[str] = frozenset()
    libraries: frozenset[str] = frozenset()

    def has(self, path: str) -> bool:
        """Whether every build has what a source file defines, or a header declares.

        A header belongs to the source file of its name.
        """
        if not is_base(path):
            return False
        return path not in self.not_compiled and self.source_of(path) not in self.not_compiled

    @staticmethod
    def source_of(header: str) -> str:
        """The source file that has a header's name."""
        stem, dot, _ = header.rpartition(".")
        return f"{stem}{dot}cc"


SAME_EVERYWHERE = BaseLibrary()
"""The base library where every build compiles and links the same, or nothing is known of a difference."""
