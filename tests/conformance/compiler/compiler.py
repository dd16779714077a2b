"""What ``g++ -E`` makes of the registrations in a kernel file: every macro call with its place and its text.

TensorFlow's own macros hide the builder in a lambda and a template argument, so a header of the same name stands in
front of ``framework/op_kernel.h``. It includes that one and then gives the registration macros another replacement
list, which writes down both arguments. They go through two more macros first, as TensorFlow's do, so that they are
expanded before ``#`` makes strings of them. The place comes from the line markers of the output, which are those of
the outermost macro call; ``__LINE__`` is not, where a call stands among the arguments of another one.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kernel_index.preprocessor.tokens import string_value

COMPILER = "g++"

_MACROS = ("REGISTER_KERNEL_BUILDER", "REGISTER_SYSTEM_KERNEL_BUILDER")
_HEADER = "tensorflow/core/framework/op_kernel.h"
_MARK = "OPSELECT_REGISTRATION"
_STRING = r'"(?:[^"\\]|\\.)*"'
_MARKED = re.compile(rf"{_MARK} ({_STRING}) ({_STRING}) ({_STRING}) ;")
_LINE_MARKER = re.compile(rf"# (\d+) ({_STRING})[ \d]*\n")

_MISSING = re.compile(r"fatal error: .*: No such file or directory")
_ERROR = re.compile(r"^.*?:\d+(?::\d+)?: (?:fatal )?error: .*$", re.MULTILINE)
_TRIES = 20
"""A stub is empty, so a second try finds everything; more are needed only where a header tests for another one."""


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """One call of a registration macro: the place of the outermost macro call, and both arguments expanded."""

    file: str
    line: int
    macro: str
    builder: str
    kernel_class: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.macro}({self.builder}, {self.kernel_class})"


@dataclass(frozen=True, slots=True)
class Preprocessed:
    """The calls in a file, in order; the headers that empty files stand for; what the compiler calls an error."""

    calls: tuple[Call, ...]
    stubs: tuple[str, ...]
    errors: tuple[str, ...]


class Compiler:
    """Runs ``g++ -E`` in a checkout.

    ``include`` has the headers that a checkout lacks: those of other projects, and generated ones. ``scratch`` takes
    the header in front of TensorFlow's, and an empty file for every header that is in neither.
    """

    def __init__(self, tree: Path, include: Path, scratch: Path) -> None:
        self._tree = tree
        self._scratch = scratch.resolve()
        self._stubs = self._scratch / "stubs"
        self._stubs.mkdir(parents=True, exist_ok=True)
        marking = self._scratch / "marking"
        header = marking / _HEADER
        header.parent.mkdir(parents=True, exist_ok=True)
        header.write_text(_marking_header())
        self._search = [f"-I{folder}" for folder in (marking, ".", include.resolve(), self._stubs)]

    def calls(self, path: str, defines: Mapping[str, str]) -> Preprocessed:
        """The registrations of a source file, ``path`` from the root of the checkout.

        ``defines`` are all macros there are, besides those that the standard itself predefines.
        """
        flags = [*_flags(defines), *self._search]
        with tempfile.NamedTemporaryFile("r", dir=self._scratch) as included:
            for _ in range(_TRIES):
                done = self._run([*flags, "-E", "-MD", "-MF", included.name, path])
                if not _MISSING.search(done.stderr):
                    break
                self._stub_missing(flags, path)
            files = map(Path, _listed(included.read()))
        stubs = {file.relative_to(self._stubs).as_posix() for file in files if file.is_relative_to(self._stubs)}
        return Preprocessed(tuple(_calls(done.stdout)), tuple(sorted(stubs)), tuple(_ERROR.findall(done.stderr)))

    def _run(self, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMPILER, *arguments], cwd=self._tree, check=False, capture_output=True, text=True, errors="replace",
            env={**os.environ, "LC_ALL": "C"},
        )  # fmt: skip

    def _stub_missing(self, flags: list[str], path: str) -> None:
        """Make an empty file for every header that is not found."""
        for name in _listed(self._run([*flags, "-M", "-MG", path]).stdout):
            stub = (self._stubs / name).resolve()
            if stub.is_relative_to(self._stubs) and not (self._tree / name).exists():
                stub.parent.mkdir(parents=True, exist_ok=True)
                stub.touch()


def _listed(rule: str) -> list[str]:
    """The files that a make rule depends on."""
    return shlex.split(rule.replace("\\\n", " ").partition(":")[2])


def _flags(defines: Mapping[str, str]) -> list[str]:
    return ["-x", "c++", "-std=c++17", "-w", "-undef", *(f"-D{name}={value}" for name, value in defines.items())]


def _marking_header() -> str:
    lines = [f'#include_next "{_HEADER}"', f"#ifndef {_MARK}_INCLUDED", f"#define {_MARK}_INCLUDED"]
    for macro in _MACROS:
        lines += [  # 1.0 has only the first
            f"#ifdef {macro}",
            f"#undef {macro}",
            f'#define {macro}(builder, ...) {_MARK}_2("{macro}", builder, __VA_ARGS__)',
            "#endif",
        ]
    lines += [
        f"#define {_MARK}_2(macro, builder, ...) {_MARK}_3(macro, builder, __VA_ARGS__)",
        f"#define {_MARK}_3(macro, builder, ...) {_MARK} macro #builder #__VA_ARGS__ ;",
        "#endif",
    ]
    return "\n".join(lines) + "\n"


def _calls(output: str) -> Iterator[Call]:
    """The marked calls in preprocessed text, which begins with a line marker."""
    for match in _MARKED.finditer(output):
        marker = _LINE_MARKER.match(output, output.rfind("\n# ", 0, match.start()) + 1)
        assert marker is not None  # nothing but a line marker begins like one
        line = int(marker[1]) + output.count("\n", marker.end(), match.start())
        yield Call(posixpath.normpath(string_value(marker[2])), line, *map(string_value, match.groups()))


def usable(include: str) -> str:
    """Why the comparison cannot be made; empty where it can."""
    if not include or not (Path(include) / "google" / "protobuf").is_dir():
        return "OPSELECT_TF_INCLUDE names no include folder of a TensorFlow package"
    return "" if shutil.which(COMPILER) else f"there is no {COMPILER} to compare with"
