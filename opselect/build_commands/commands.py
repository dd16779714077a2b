"""One call of a compiler, as a build's own records have it."""

from __future__ import annotations

import re
from collections.abc import Sequence
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


_LAUNCHERS = frozenset(("ccache", "distcc", "sccache", "gomacc", "icecc", "env", "time", "nice"))


def base_name(program: str) -> str:
    """A program without its folder and ``.exe``."""
    return re.split(r"[\\/]", program)[-1].lower().removesuffix(".exe")


def after_launchers(words: Sequence[str]) -> Sequence[str]:
    """A call of a compiler without what starts it: ccache, env with variables, CMake's own wrapper for clang-tidy."""
    while len(words) > 1:
        name = base_name(words[0])
        if name == "cmake" and "--" in words[:-1]:
            words = words[words.index("--") + 1 :]
        elif name in _LAUNCHERS or re.match(r"\w+=", words[0]) is not None:
            words = words[1:]
        else:
            break
    return words


_COMPILER = re.compile(r"gcc|g\+\+|clang|c\+\+|cxx|^(?:.*-)?cc(?:-[\d.]+)?$|^(?:cl|emcc|icc|icpc|icx|icpx|nvcc|hipcc)$")
_NO_COMPILER = re.compile(r"clang-(?:tidy|format|check|doc|query|apply|include|scan-deps)|\.py$")
_COMPILES = frozenset(("-c", "/c", "-S", "-fsyntax-only"))


def compiles(command: CompileCommand) -> bool:
    """Whether a command is a call of a compiler: Ninja's records have all commands, also those that copy a source."""
    words = after_launchers(command.arguments)
    if not words:
        return False
    name = base_name(words[0])
    return _NO_COMPILER.search(name) is None and (
        _COMPILER.search(name) is not None or any(word in _COMPILES or word.startswith("@") for word in words[1:])
    )


def normalized(path: str) -> str:
    """A path with ``/`` between its parts and without ``.`` and ``..`` as far as they can go."""
    parts: list[str] = []
    for part in path.replace("\\", "/").split("/"):
        if part == ".." and parts and parts[-1] not in ("..", ""):
            parts.pop()
        elif part != "." and (part or not parts):
            parts.append(part)
    return "/".join(parts)
