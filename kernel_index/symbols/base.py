"""Which files belong to the base library of a build, and which come with the kernels."""

from __future__ import annotations

import re

_WITH_KERNELS = re.compile(
    r"tensorflow/(?:core/kernels|c/kernels|core/data|core/user_ops|user_ops|contrib|tsl/framework/(?:contraction|convolution))/"
)
_BASE = re.compile(r"(?:tensorflow|third_party)/")


def is_base(path: str) -> bool:
    """Whether a file belongs to the base library: framework, platform, lib, util, runtime, compiler.

    Every build has that library. The mobile ones take it from ``mobile_srcs`` (``android_srcs`` up to 1.1) of
    ``tensorflow/core/BUILD``, which globs whole folders up to 2.2, and the makefile from ``CORE_CC_ALL_SRCS``. The
    groups of kernels hold the files of the kernel folders; those of later releases also ``tensorflow/core/data`` and
    ``tensorflow/tsl/framework/contraction`` (``portable_extended_ops`` of ``tensorflow/core/kernels/BUILD``).
    """
    return _WITH_KERNELS.match(path) is None and _BASE.match(path) is not None
