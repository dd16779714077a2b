"""How columns spell single things: texts, small numbers, values of attrs, sorted paths, numbered tables.

docs/index_format.md describes each form for writers of other readers.
"""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.datatypes import DataType, own_type
from kernel_index.records import AttrScalar

SEPARATOR = "\x1f"
"""Stands between the parts of a field; fields of a line are separated by tabs."""

EMPTY = "\\e"
"""An empty text, where nothing at all would mean something else."""

_ESCAPES = {"\\": "\\", "\n": "n", "\t": "t", SEPARATOR: "u", "$": "d", "@": "a", "#": "h"}
_ESCAPE = str.maketrans({char: "\\" + name for char, name in _ESCAPES.items()})
_MEANING = {name: char for char, name in _ESCAPES.items()} | {"e": ""}


def escape(text: str) -> str:
    """The text without the characters that mean something to a column."""
    return text.translate(_ESCAPE)


def unescape(text: str) -> str:
    """The text that was escaped. Raises KeyError for an escape that does not exist."""
    if "\\" not in text:
        return text
    chars = iter(text)
    return "".join(_MEANING[next(chars, "")] if char == "\\" else char for char in chars)


def fields(texts: Iterable[str], separator: str = "\t") -> str:
    """Texts as the fields of one line; no text at all is an empty line."""
    return separator.join(escape(text) or EMPTY for text in texts)


def split_fields(line: str, separator: str = "\t") -> tuple[str, ...]:
    """The texts that :func:`fields` joined. Raises KeyError."""
    return tuple(map(unescape, line.split(separator))) if line else ()


MAX_EXPANDED = 1 << 25
"""Characters that short lines may stand for: a hundred times what those of TensorFlow do."""

_ZERO = ord("0")
_FIRST_SURROGATE, _SURROGATES = 0xD800, 0x800


def letter(number: int) -> str:
    """One character for a small number: ``0`` for 0, ``A`` for 17; surrogates, which UTF-8 lacks, are skipped."""
    code = _ZERO + number
    return chr(code if code < _FIRST_SURROGATE else code + _SURROGATES)


def letter_number(char: str) -> int:
    """The number of a :func:`letter`."""
    code = ord(char)
    return (code if code < _FIRST_SURROGATE else code - _SURROGATES) - _ZERO


def front_coded(texts: Iterable[str]) -> list[str]:
    """Texts, each as the length that it shares with the one before (a letter) and the rest: short where sorted."""
    lines = []
    before = ""
    for text in texts:
        shared = next((k for k, (a, b) in enumerate(zip(before, text, strict=False)) if a != b), None)
        if shared is None:
            shared = min(len(before), len(text))
        lines.append(letter(shared) + escape(text[shared:]))
        before = text
    return lines


def front_decoded(lines: Iterable[str]) -> list[str]:
    """The texts that :func:`front_coded` got. Raises KeyError, IndexError or ValueError."""
    texts = []
    before = ""
    total = 0
    for line in lines:
        rest = line[1:]
        before = before[: letter_number(line[0])] + (unescape(rest) if "\\" in rest else rest)
        total += len(before)
        if total > MAX_EXPANDED:
            raise ValueError("texts that share more than any do")
        texts.append(before)
    return texts


def steps(numbers: Iterable[int]) -> str:
    """Numbers, each as its distance from the successor of the one before: ``7 0 0`` for 7 8 9."""
    texts = []
    expected = 0
    for number in numbers:
        texts.append(str(number - expected))
        expected = number + 1
    return " ".join(texts)


def from_steps(text: str) -> list[int]:
    """The numbers of :func:`steps`. Raises ValueError."""
    numbers = []
    number = -1
    for step in text.split():
        number += 1 + int(step)
        numbers.append(number)
    return numbers


def scalar_text(value: AttrScalar) -> str:
    """A value together with its type: ``t19`` (data type), ``"NHWC``, ``7``, ``f0.5``, ``T``, ``F``.

    A data type that no release has comes with its name: ``t24 DT_POSIT8``.
    """
    if isinstance(value, DataType):
        known = DataType.__members__.get(value.name)
        return f"t{int(value)}" if known == value else f"t{int(value)} {value.name}"
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, str):
        return '"' + escape(value)
    return f"f{value!r}" if isinstance(value, float) else str(value)


_DATA_TYPES = {f"t{int(data_type)}": data_type for data_type in DataType}


def scalar(text: str) -> AttrScalar:
    """The value of a :func:`scalar_text`. Raises ValueError or KeyError where there is none."""
    kind = text[:1]
    if kind == "t":
        number, blank, name = text[1:].partition(" ")
        return own_type(name, int(number)) if blank else _DATA_TYPES[text]
    if kind == '"':
        return unescape(text[1:])
    if kind == "f":
        return float(text[1:])
    return text == "T" if text in {"T", "F"} else int(text)


def values_text(values: Iterable[AttrScalar]) -> str:
    """Several values as one field."""
    return SEPARATOR.join(map(scalar_text, values))


def split_values(text: str) -> tuple[AttrScalar, ...]:
    """The values of a :func:`values_text`. Raises ValueError or KeyError."""
    return tuple(map(scalar, text.split(SEPARATOR))) if text else ()


class Table:
    """Lines that other columns name by number: each once, in the order in which they were first needed."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, line: str) -> int:
        return self._numbers.setdefault(line, len(self._numbers))

    @property
    def lines(self) -> list[str]:
        return list(self._numbers)
