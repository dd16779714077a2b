"""What ``bazel aquery`` prints of the compiler's calls: as JSON, as text, and as bytes.

Source: ``src/main/protobuf/analysis.proto`` and ``analysis_v2.proto`` of Bazel: version 2, whose ids are numbers, has
the same fields in an action as version 1, whose ids are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kernel_index.errors import InputError
from opselect.build_commands.commands import CompileCommand, is_source
from opselect.build_commands.json_stream import elements

ADVICE = (
    "Write one by: bazel aquery --include_param_files --output=jsonproto 'mnemonic(\"CppCompile\", deps(//the:target))'"
)
_TEXTPROTO = re.compile(rb"\s*(?:#[^\n]*\n\s*)*[A-Za-z_]+\s*(?:\{|<|:)")
_TEXT = re.compile(rb"\s*action '")
_COMPILES = re.compile(r"(?:Cpp|Objc)Compile$")


@dataclass(slots=True)
class Action:
    """One action of Bazel's, as far as it says how a file is compiled."""

    place: str
    mnemonic: str = ""
    target: str = ""
    arguments: list[str] = field(default_factory=list)
    param_files: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def aquery_commands(path: Path) -> Iterator[CompileCommand]:
    """The compiler's calls of an aquery, whatever its format. Raises InputError for a file that has none to read."""
    for action in _actions(path):
        if action.mnemonic and not _COMPILES.search(action.mnemonic):
            continue
        file = compiled_source(action.arguments)
        if file:
            yield CompileCommand(file, tuple(action.arguments), "", action.place, tuple(action.param_files))


def compiled_source(arguments: Sequence[str]) -> str:
    """The source file of a call: what follows ``-c``, or the last argument that is one; empty where none is."""
    for index, word in enumerate(arguments[:-1]):
        if word in ("-c", "/c") and is_source(arguments[index + 1]):
            return arguments[index + 1]
    found = [word for word in arguments[1:] if is_source(word) and not word.startswith("-")]
    return found[-1] if found else ""


def _actions(path: Path) -> Iterator[Action]:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as failure:
        raise InputError(str(path), f"cannot be read: {failure.strerror}") from None
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        return _json_actions(path)
    if _TEXT.match(head):
        raise InputError(
            str(path), "is what aquery prints for people to read, and that says arguments as a shell shows them", ADVICE
        )
    if _TEXTPROTO.match(head) and b"\0" not in head:
        from opselect.build_commands.aquery_text import text_actions

        return text_actions(path)
    if head.strip():
        from opselect.build_commands.aquery_bytes import byte_actions

        return byte_actions(path)
    raise InputError(str(path), "is empty", ADVICE)


def _json_actions(path: Path) -> Iterator[Action]:
    for line, entry in elements(path, "actions", advice=ADVICE):
        place = f"{path}:{line}"
        if not isinstance(entry, dict):
            raise InputError(place, "is no action of an aquery", ADVICE)
        files = entry.get("paramFiles", entry.get("param_files", []))
        yield Action(
            place,
            str(entry.get("mnemonic", "")),
            str(entry.get("targetId", "")),
            _texts(entry.get("arguments", []), place),
            [_param_file(each, place) for each in (files if isinstance(files, list) else [])],
        )


def _param_file(entry: object, place: str) -> tuple[str, tuple[str, ...]]:
    if not isinstance(entry, Mapping):
        raise InputError(place, "has a parameter file that is none", ADVICE)
    return str(entry.get("execPath", entry.get("exec_path", ""))), tuple(_texts(entry.get("arguments", []), place))


def _texts(value: object, place: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InputError(place, "is no action of an aquery: its arguments are no texts", ADVICE)
    return value
