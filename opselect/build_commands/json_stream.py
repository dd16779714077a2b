"""The elements of one array of a JSON file, one after the other: records of builds have 100 MB and more."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from kernel_index.errors import InputError

_CHUNK = 1 << 20
_LARGEST = 1 << 26
"""Characters of one element or other value; the array is read piece by piece, however long it is."""
_BLANKS = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


class _Reader:
    def __init__(self, path: Path, file: TextIO, advice: str) -> None:
        self._path = path
        self._file = file
        self._advice = advice
        self._text = ""
        self._at = 0
        self._line = 1

    def peek(self) -> str:
        """The next character that is no blank; empty at the end."""
        while True:
            match = _BLANKS.match(self._text, self._at)
            end = match.end() if match else self._at
            if end < len(self._text):
                self._line += self._text.count("\n", self._at, end)
                self._at = end
                return self._text[end]
            if not self._more(_CHUNK):
                return ""

    def take(self, expected: str) -> None:
        if self.peek() != expected:
            raise self.error(f"expected {expected!r}")
        self._at += 1

    def value(self) -> object:
        """The next value. Raises InputError for what is none."""
        self.peek()
        size = _CHUNK
        while True:
            problem = ""
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or not self._more(_CHUNK):
                    self._line += self._text.count("\n", self._at, end)
                    self._at = end
                    return value
                continue
            except RecursionError:
                raise self.error("it is nested too deeply") from None
            except ValueError as failure:
                problem = failure.msg if isinstance(failure, json.JSONDecodeError) else str(failure)
            if len(self._text) - self._at > _LARGEST or not self._more(size):
                raise self.error(problem)
            size *= 2

    def error(self, problem: str) -> InputError:
        return InputError(str(self._path), f"is no JSON: {problem}, in what begins at line {self._line}", self._advice)

    def _more(self, size: int) -> bool:
        try:
            piece = self._file.read(size)
        except UnicodeDecodeError:
            raise InputError(str(self._path), "is no JSON: it is not UTF-8 text", self._advice) from None
        except OSError as failure:
            raise InputError(str(self._path), f"cannot be read: {failure.strerror}") from None
        self._text = self._text[self._at :] + piece
        self._at = 0
        return bool(piece)

    @property
    def line(self) -> int:
        return self._line


def elements(
    path: Path, key: str = "", *, also: tuple[str, ...] = (), advice: str = ""
) -> Iterator[tuple[int, object]]:
    """The elements of the file's array, or of the one that its object has under ``key``, each with its line.

    Where there is no such key, there are none. ``also`` names other arrays of the object: their elements come as
    ``(line, (name, element))``. The file's array may lack its brackets. Raises InputError for what is no such JSON.
    """
    try:
        file = path.open(encoding="utf-8-sig", errors="strict")
    except OSError as failure:
        raise InputError(str(path), f"cannot be read: {failure.strerror}") from None
    with file:
        reader = _Reader(path, file, advice)
        if not key:
            yield from _array(reader) if reader.peek() != "{" else _in_a_row(reader)
        else:
            wanted = (key, *also)
            reader.take("{")
            while reader.peek() != "}":
                name = reader.value()
                if not isinstance(name, str):
                    raise reader.error("expected the name of a member")
                reader.take(":")
                if name in wanted and reader.peek() == "[":
                    for line, element in _array(reader):
                        yield line, (element if name == key else (name, element))
                elif reader.peek() == "[":
                    for _ in _array(reader):  # an aquery's lists of artifacts are longer than its actions
                        pass
                else:
                    reader.value()
                if reader.peek() != "}":
                    reader.take(",")
            reader.take("}")
        if reader.peek():
            raise reader.error("there is more after its end")


def _in_a_row(reader: _Reader) -> Iterator[tuple[int, object]]:
    """Elements with commas after them and no brackets around: what clang's -MJ leaves of each file, put together."""
    while reader.peek():
        line = reader.line
        yield line, reader.value()
        if reader.peek() == ",":
            reader.take(",")


def _array(reader: _Reader) -> Iterator[tuple[int, object]]:
    reader.take("[")
    while reader.peek() != "]":
        reader.peek()
        line = reader.line
        yield line, reader.value()
        if reader.peek() != "]":
            reader.take(",")
    reader.take("]")
