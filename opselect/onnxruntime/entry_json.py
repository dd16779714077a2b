"""The JSON that stands behind an operator in a configuration, ``{"inputs": {"0": ["float"]}}``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from kernel_index.shown import one_line, shortened
from opselect.onnxruntime.operators import TypeEntry

_FORM = 'As in {"inputs": {"0": ["float", "int64_t"]}, "outputs": {"0": ["float"]}}.'


class InvalidEntryError(Exception):
    """The text is no entry; the message goes on from "the types of Add"."""

    def __init__(self, problem: str, advice: str = _FORM) -> None:
        self.advice = advice
        super().__init__(problem)


def read_entry(text: str, at: int) -> tuple[TypeEntry, int]:
    """The entry that begins at a brace of a line, and where it ends.

    Raises InvalidEntryError for what is no JSON, and for keys and values that the tools of ONNX Runtime would pass over
    or understand otherwise.
    """
    try:
        value, end = _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()):
            raise InvalidEntryError("do not end in this line", "Every { needs its }, in one line.") from None
        shown = one_line(text[error.pos : error.pos + 20])
        raise InvalidEntryError(f'are no JSON: {error.msg} at "{shown}"') from None
    except RecursionError:
        raise InvalidEntryError("are nested too deeply") from None
    for key in value:
        if key not in ("inputs", "outputs", "custom"):
            raise InvalidEntryError(f"have the key {_shown(key)}: there are inputs, outputs and custom")
    if not value:
        raise InvalidEntryError("are empty", "Leave the braces out: the operator is needed with all types.")
    inputs, outputs = (_positions(value[key], key) if key in value else {} for key in ("inputs", "outputs"))
    custom = _custom(value["custom"]) if "custom" in value else frozenset()
    return TypeEntry(inputs, outputs, custom), end


def _positions(value: object, key: str) -> dict[int, frozenset[str]]:
    if not isinstance(value, dict) or not value:
        raise InvalidEntryError(f"have no positions for {key}")
    found: dict[int, frozenset[str]] = {}
    for position, types in value.items():
        if not re.fullmatch("0|[1-9][0-9]{0,3}", position, re.ASCII):
            raise InvalidEntryError(f"have the position {_shown(position)} for {key}, which is no number from 0 on")
        found[int(position)] = frozenset(_types(types))
    return found


def _custom(value: object) -> frozenset[tuple[str, ...]]:
    if not isinstance(value, list) or not value:
        raise InvalidEntryError("have no lists for custom", 'As in {"custom": [["float", "int64_t", "int64_t"]]}.')
    return frozenset(tuple(_types(types)) for types in value)


def _types(value: object) -> Sequence[str]:
    if not isinstance(value, list) or not value:
        raise InvalidEntryError("have a place without a list of types, or with an empty one")
    for name in value:
        if not (isinstance(name, str) and re.fullmatch(r"[\w:<>,]+", name, re.ASCII)):
            raise InvalidEntryError(f"have {_shown(name)}, which is no type")
    return value


def _shown(value: object) -> str:
    return one_line(shortened(json.dumps(value), sentence=80))


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object. Raises InvalidEntryError for a key that stands there twice: other readers take the last one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidEntryError("have a key twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_int=float)
"""A number has no place in an entry; as a float one of any length is read."""
