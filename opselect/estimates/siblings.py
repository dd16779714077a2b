"""Files that are made alike: one a data type or a rank, such as ``tile_functor_cpu_int32.cc`` and its siblings.

TensorFlow splits instances of templates over such files to compile them side by side; they are about of one size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NUMBERED = re.compile(
    r"(?P<family>.+)_(?:\d+|bool|real|t?string|variant|bfloat(?:16)?|half|float8|float|double|complex(?:64|128)?|u?int\d*)"
    r"\.cc"
)


def family_of(path: str) -> str:
    """What a file has in common with its siblings; empty where its name is of no such form."""
    match = _NUMBERED.fullmatch(path)
    return match["family"] if match is not None else ""


def families(paths: Iterable[str]) -> Mapping[str, list[str]]:
    """Each family to its files, in the order of the paths."""
    found: dict[str, list[str]] = {}
    for path in paths:
        family = family_of(path)
        if family:
            found.setdefault(family, []).append(path)
    return found
