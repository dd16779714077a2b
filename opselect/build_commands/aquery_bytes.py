"""``bazel aquery --output=proto``: an ``ActionGraphContainer`` as bytes, of which only the actions are looked at."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from kernel_index.errors import InputError
from opselect.build_commands.aquery import ADVICE, Action
from opselect.models.formats.wire import Buffer, WireError, fields

_LENGTH = 2
_ACTIONS = 2
_MNEMONIC, _ARGUMENTS, _PARAM_FILES = 4, 6, 12
_EXEC_PATH, _PARAM_ARGUMENTS = 1, 2


def byte_actions(path: Path) -> Iterator[Action]:
    """The actions of an aquery's bytes. Raises InputError for bytes that are none."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                number = 0
                for key, start, end in fields(data, 0, len(data)):
                    if key & 7 != _LENGTH:
                        raise WireError(start, f"field {key >> 3} is none of an aquery's")
                    if key >> 3 == _ACTIONS:
                        number += 1
                        yield _action(data, start, end, f"{path}: action {number}")
            except (WireError, UnicodeDecodeError) as problem:
                raise _error(path, problem) from None
    except OSError as failure:
        raise InputError(str(path), f"cannot be read: {failure.strerror or failure}") from None


def _action(data: Buffer, start: int, end: int, place: str) -> Action:
    action = Action(place)
    for key, a, b in fields(data, start, end):
        field, is_text = key >> 3, key & 7 == _LENGTH
        if field == _MNEMONIC and is_text:
            action.mnemonic = bytes(data[a:b]).decode()
        elif field == _ARGUMENTS and is_text:
            action.arguments.append(bytes(data[a:b]).decode())
        elif field == _PARAM_FILES and is_text:
            name, words = "", []
            for inner, first, last in fields(data, a, b):
                if inner & 7 == _LENGTH and inner >> 3 == _EXEC_PATH:
                    name = bytes(data[first:last]).decode()
                elif inner & 7 == _LENGTH and inner >> 3 == _PARAM_ARGUMENTS:
                    words.append(bytes(data[first:last]).decode())
            action.param_files.append((name, tuple(words)))
    return action


def _error(path: Path, problem: Exception) -> InputError:
    told = f"at byte {problem.offset}: {problem.problem}" if isinstance(problem, WireError) else "a text is not UTF-8"
    return InputError(str(path), f"is neither JSON nor text nor bytes of an aquery: {told}", ADVICE)
