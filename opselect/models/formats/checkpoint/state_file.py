"""The file ``checkpoint`` in a folder of checkpoints, which names the latest one.

Source: ``python/training/checkpoint_state.proto``; the format is protobuf's text format, of which it uses little.
"""

from __future__ import annotations

import re

from kernel_index.errors import InputError, Place
from opselect.models.storage import source_of

STATE_FILE = "checkpoint"
MAX_STATE_FILE = 1 << 20
"""Bytes; a state file names a few checkpoints."""

_TOKEN = re.compile(
    r"""
    (?P<space>(?:\s|\#[^\n]*)+)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<mark>[:;,\[\]])
    | (?P<word>[\w.+-]+)
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|(.))", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_FIELD = "model_checkpoint_path"
_SAY = "Pass the prefix of the checkpoint in place of its folder."


def latest_path(path: str) -> str:
    """The latest checkpoint as a state file names it: a prefix, absolute or from the folder of the state file.

    Raises InputError, with the line, for a file that says nothing of the kind.
    """
    source = source_of(path)
    if source.size > MAX_STATE_FILE:
        raise InputError(path, f"is no checkpoint state file: it has {source.size:,} bytes", _SAY)
    try:
        text = source.read(0, source.size).decode() if source.size else ""
    except UnicodeDecodeError as error:
        raise InputError(Place(path, byte=error.start), "is no checkpoint state file: it is not text", _SAY) from None
    found = ""
    before: list[str] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            line = text.count("\n", 0, position) + 1
            raise InputError(Place(path, line=line), "is no checkpoint state file: this line is not one of its", _SAY)
        position = token.end()
        if token["string"] is not None and before == [_FIELD, ":"]:
            found = _unescaped(token["string"][1:-1])
        if token["space"] is None:
            before = [*before[-1:], token[0]]
    if not found:
        raise InputError(path, f"is no checkpoint state file: it names no {_FIELD}", _SAY)
    return found


def _unescaped(text: str) -> str:
    """A string of protobuf's text format without its escapes."""
    return _ESCAPE.sub(_character, text.encode()).decode("utf-8", "surrogateescape")


def _character(escape: re.Match[bytes]) -> bytes:
    if escape[3] is not None:
        return _ESCAPED.get(escape[3], escape[3])
    return bytes([int(escape[1], 8) & 0xFF if escape[1] is not None else int(escape[2], 16)])
