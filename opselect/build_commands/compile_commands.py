"""``compile_commands.json``: what CMake, Ninja, Bear, Xcode's converters and Bazel's extractors write.

Source: clang's JSON Compilation Database Format Specification.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kernel_index.errors import InputError
from opselect.build_commands.commands import CompileCommand, normalized
from opselect.build_commands.json_stream import elements

_ADVICE = "CMake writes one with -DCMAKE_EXPORT_COMPILE_COMMANDS=ON, Ninja by 'ninja -t compdb', make by Bear."
_REST = r"""\\(?P<escaped>.|$)|(?P<blank>[ \t\r\n\f\v]+)|(?P<plain>[^ \t\r\n\f\v'"\\]+)"""
_DOUBLE = r'"(?P<double>(?:[^"\\]|\\.)*)(?:"|\\?$)'
_SHELL = re.compile(rf"'(?P<single>[^']*)(?:'|$)|{_DOUBLE}|{_REST}", re.DOTALL)
_RESPONSE = re.compile(rf"'(?P<single>(?:[^'\\]|\\.)*)(?:'|\\?$)|{_DOUBLE}|{_REST}", re.DOTALL)
_IN_DOUBLE_QUOTES = re.compile(r'\\([$`"\\\n])')
_ANYWHERE = re.compile(r"\\(.)", re.DOTALL)
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
        return CompileCommand(file, tuple(_compiling(split_command(command), file)), directory, place)
    except ValueError as problem:
        raise InputError(place, f"has a command that no shell takes: {problem}", _ADVICE) from None


def _compiling(words: list[str], file: str) -> list[str]:
    """Of several commands in a row, as Ninja's rules have them, the one that the file is compiled by."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", "||", ";"):
            parts.append([])
        else:
            parts[-1].append(word)
    name = normalized(file).rpartition("/")[2]
    naming = [part for part in parts if any(normalized(word).rpartition("/")[2] == name for word in part)]
    compiling = [part for part in naming if "-c" in part or "/c" in part]
    return (compiling or naming or parts)[0]


def split_command(command: str) -> list[str]:
    """The words of a command line: by the rules of a POSIX shell, or of Windows where the compiler's path is one there.

    Raises ValueError for a quotation that does not end.
    """
    if _WINDOWS.match(command):
        return windows_words(command)
    words, is_closed = _quoted_words(command, _SHELL, {"'": None, '"': _IN_DOUBLE_QUOTES})
    if not is_closed:
        raise ValueError("No closing quotation")
    return words


def response_words(text: str) -> list[str]:
    """The words of a response file as GCC and clang read it: a backslash escapes any character, also within quotes.

    Source: ``buildargv`` of GCC's libiberty and ``TokenizeGNUCommandLine`` of LLVM, which end a quotation at the end.
    """
    return _quoted_words(text, _RESPONSE, {"'": _ANYWHERE, '"': _ANYWHERE})[0]


def _quoted_words(
    text: str, parts: re.Pattern[str], escapes: Mapping[str, re.Pattern[str] | None]
) -> tuple[list[str], bool]:
    """Words with quotes and backslashes, and whether every quotation ends; ``escapes`` are those within quotes.

    shlex is not used because it leaves the backslash of ``"\\$"``, which CMake writes.
    """
    words: list[str] = []
    word, is_open, is_closed = "", False, True
    for match in parts.finditer(text):
        if match["blank"] is not None:
            if is_open:
                words.append(word)
            word, is_open = "", False
            continue
        is_open = True
        mark = match[0][0]
        if mark in escapes:
            inner = match["single"] if mark == "'" else match["double"]
            escape = escapes[mark]
            word += inner if escape is None else escape.sub(r"\1", inner)
            is_closed = is_closed and len(match[0]) == len(inner) + 2 and match[0].endswith(mark)
        else:
            word += match["plain"] or match["escaped"] or ""
    return ([*words, word] if is_open else words), is_closed


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
