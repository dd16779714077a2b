"""``bazel aquery --output=textproto``, read line by line: an action at a time is in memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kernel_index.errors import InputError
from opselect.build_commands.aquery import ADVICE, Action

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:(\#[^\n]*)|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([A-Za-z0-9_.+\-]+)|([{}<>:;,\[\]]))"""
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_DEEPEST = 100
_LONGEST = 1 << 24
"""Characters of a line: Bazel writes one field to a line."""


def text_actions(path: Path) -> Iterator[Action]:
    """The actions of the text format of a protocol buffer. Raises InputError for what is none."""
    names: list[str] = []
    name = ""
    last = ""
    action = Action("")
    param: list[str] = []
    param_path = ""
    for line, kind, token in _tokens(path):
        if kind == "word":
            if last == ":":
                name, last = "", "value"
            else:
                name, last = token, "word"
        elif token in "{<" and kind == "sign":
            if not name or len(names) >= _DEEPEST:
                raise _error(path, line, "a '{' with no field before it, or too many of them")
            names.append(name)
            if names == ["actions"]:
                action = Action(f"{path}:{line}")
            elif names == ["actions", "param_files"]:
                param, param_path = [], ""
            name, last = "", token
        elif token in "}>" and kind == "sign":
            if not names:
                raise _error(path, line, "a '}' too many")
            if names == ["actions"]:
                yield action
            elif names == ["actions", "param_files"]:
                action.param_files.append((param_path, tuple(param)))
            names.pop()
            name, last = "", token
        elif kind == "text":
            if last not in (":", "text"):
                raise _error(path, line, "a text with no field before it")
            if names[:1] == ["actions"]:
                value = _unescaped(token)
                if names == ["actions", "param_files"]:
                    if name == "exec_path":
                        param_path = value
                    elif name == "arguments":
                        param[-1:] = [param[-1] + value] if last == "text" else [*param[-1:], value]
                elif len(names) == 1 and name == "arguments":
                    if last == "text":
                        action.arguments[-1] += value
                    else:
                        action.arguments.append(value)
                elif len(names) == 1 and name == "mnemonic":
                    action.mnemonic = value
            last = "text"
        else:
            last = token
    if names:
        raise _error(path, line, f"{' of '.join(reversed(names))} does not end")


def _tokens(path: Path) -> Iterator[tuple[int, str, str]]:
    line = 0
    try:
        with path.open(encoding="utf-8", errors="strict") as file:
            while text := file.readline(_LONGEST):
                line += 1
                if len(text) == _LONGEST:
                    raise _error(path, line, "the line is longer than 16 MB")
                at, end = 0, len(text.rstrip())
                while at < end:
                    match = _TOKEN.match(text, at)
                    if match is None:
                        raise _error(
                            path, line, f"no text of a protocol buffer begins with {text[at : at + 20].strip()!r}"
                        )
                    at = match.end()
                    if match[2] is not None:
                        yield line, "text", match[2]
                    elif match[3] is not None:
                        yield line, "word", match[3]
                    elif match[4] is not None:
                        yield line, "sign", match[4]
    except UnicodeDecodeError:
        raise _error(path, line + 1, "it is not UTF-8 text") from None
    except OSError as failure:
        raise InputError(str(path), f"cannot be read: {failure.strerror}") from None
    if not line:
        raise InputError(str(path), "is empty", ADVICE)


def _unescaped(token: str) -> str:
    inner = token[1:-1]
    if "\\" not in inner:
        return inner
    if not re.search(r"\\[0-7xX]", inner):
        return _ESCAPE.sub(lambda m: _PLAIN.get(m[3], m[3]), inner)
    data = bytearray()
    at = 0
    for match in _ESCAPE.finditer(inner):
        data += inner[at : match.start()].encode()
        if match[1] is not None:
            data.append(int(match[1], 8) & 0xFF)
        elif match[2] is not None:
            data.append(int(match[2], 16))
        else:
            data += _PLAIN.get(match[3], match[3]).encode()
        at = match.end()
    return (data + inner[at:].encode()).decode(errors="replace")


def _error(path: Path, line: int, problem: str) -> InputError:
    return InputError(f"{path}:{line}", f"is no textproto of an aquery: {problem}", ADVICE)
