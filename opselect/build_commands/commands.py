"""One call of a compiler, as a build's own records have it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SOURCE = re.compile(r"\.(?:c|cc|cpp|cxx|c\+\+|m|mm)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CompileCommand:
    """``file`` is compiled by ``arguments``, the compiler first, in ``directory``; ``place`` says where that stands."""

    file: str
    arguments: tuple[str, ...]
    directory: str = ""
    place: str = ""
    param_files: tuple[tuple[str, tuple[str, ...]], ...] = field(default=())
    """Response files that the record has itself: path to what is in them."""


def is_source(path: str) -> bool:
    """Whether a file is C, C++ or Objective-C by its name: assembler and resources have no kernels."""
    return _SOURCE.search(path) is not None


def normalized(path: str) -> str:
    """A path with ``/`` between its parts and without ``.`` and ``..`` as far as they can go."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and parts and parts[-1] not in ("..", ""):
            parts.pop()
        elif part != "." and (part or not parts):
            parts.append(part)
    return "/".join(parts)
