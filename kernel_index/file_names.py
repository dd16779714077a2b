"""Which files are C++ sources, by their names: what everything that asks so agrees on."""

from __future__ import annotations

import posixpath

CPP_ENDINGS = (".cc", ".cpp", ".cxx", ".c++", ".C")
"""What GCC and Clang take for C++, and what Bazel's ``cc_library`` takes among its ``srcs``."""

_ENDINGS = (*CPP_ENDINGS, ".c")


def is_cpp_source(path: str) -> bool:
    """Whether a file is a C++ source, which can register kernels; a header or ``.inc`` file is only included."""
    return path.endswith(CPP_ENDINGS)


def is_source(path: str) -> bool:
    """Whether a file is compiled by itself, as C++ or as C; all others are only included."""
    return path.endswith(_ENDINGS)


def bodies_of(header: str) -> tuple[str, ...]:
    """The sources that may define what a header declares: those beside it with its name, in the order to try."""
    stem = posixpath.splitext(header)[0]
    return tuple(stem + ending for ending in CPP_ENDINGS)
