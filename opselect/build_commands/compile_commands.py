"""``compile_commands.json``: what CMake, Ninja, Bear, Xcode's converters and Bazel's extractors write.

Source: clang's JSON Compilation Database Format Specification.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from kernel_index.errors import InputError
from opselect.build_commands.commands import CompileCommand
from opselect.build_commands.json_stream import elements

_ADVICE = "CMake writes one with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, Ninja by 'ninja -t compdb', make by Bear."
_WINDOWS = re.compile(r"^\s*\"?(?:[A-Za-z]:[\\/]|[^\s\"]*\.exe\b)", re.IGNORECASE)


def compile_commands(path: Path) -> Iterator[CompileCommand]:
    """Every entry of a compilation database. Raises InputError for a file that is none."""
    for line, entry in elements(path, advice=_ADVICE):
        yield _command(path, line, entry)


def _command(path: Path, line: int, entry: object) -> CompileCommand:
    place = f"{path}:{line}"
    if not isinstance(entry, dict):
        raise InputError(place, "is no entry of a compilation database: it is no object", _ADVICE)
    file, directory = entry.get("file"), entry.get("directory", "")
    if not isinstance(file, str) or not isinstance(directory, str):
        raise InputError(place, "is no entry of a compilation database: it needs 'file' and 'directory'", _ADVICE)
    arguments = entry.get("arguments")
    if isinstance(arguments, list) and all(isinstance(word, str) for word in arguments):
        return CompileCommand(file, tuple(arguments), directory, place)
    command = entry.get("command")
    if not isinstance(command, str):
        raise InputError(
            place, "is no entry of a compilation database: it has no 'arguments' and no 'command'", _ADVICE
        )
    try:
        return CompileCommand(file, tuple(split_command(command)), directory, place)
    except ValueError as problem:
        raise InputError(place, f"has a command that no shell takes: {problem}", _ADVICE) from None


def split_command(command: str) -> list[str]:
    """The words of a command line: by the rules of a POSIX shell, or of Windows where the compiler's path is one there.

    Raises ValueError for a quotation that does not end.
    """
    return windows_words(command) if _WINDOWS.match(command) else shlex.split(command)


def windows_words(command: str) -> list[str]:
    """The words as ``CommandLineToArgvW`` makes them: a backslash escapes a double quote alone."""
    words: list[str] = []
    word, is_open, quoted = "", False, False
    for match in re.finditer(r'(\\*)"|([ \t\r\n]+)|([^ \t\r\n"\\]+|\\+)', command):
        slashes, blank, text = match[1], match[2], match[3]
        if slashes is not None:
            word += "\\" * (len(slashes) // 2)
            is_open = True
            if len(slashes) % 2:
                word += '"'
            else:
                quoted = not quoted
        elif blank is not None and not quoted:
            if is_open:
                words.append(word)
            word, is_open = "", False
        else:
            word += blank or text
            is_open = True
    if quoted:
        raise ValueError("No closing quotation")
    return [*words, word] if is_open else words
