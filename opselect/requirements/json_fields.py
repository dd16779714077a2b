"""Values of a JSON file that opselect wrote and a user kept: what is wrong with one is reported with its place."""

from __future__ import annotations

import json
from typing import TypeVar

from kernel_index.datatypes import from_enum_name
from kernel_index.errors import InputError, Place
from kernel_index.records import AttrScalar, AttrValue

_T = TypeVar("_T")

MOST = 10**15
"""Of nodes and models: sums of such numbers can always be printed."""

AGAIN = "Write the file again with `opselect requirements MODEL --json`."

_JSON_NAMES = {dict: "an object", list: "a list", str: "a string", int: "a whole number", bool: "true or false"}


def json_of(text: str, path: str, advice: str) -> object:
    """The document in a text. Raises InputError, with the line, for what is no JSON or cannot be read in Python."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(Place(path, line=error.lineno), f"is no JSON: {error.msg}", advice) from None
    except (RecursionError, ValueError):
        # Python refuses to nest without end, and to read numbers of thousands of digits.
        raise InputError(
            path, "is no JSON that can be read: it is nested too deeply, or a number is too long", advice
        ) from None


def typed(value: object, wanted: type[_T], where: str, path: str) -> _T:
    """The value if it is of that type; raises InputError, as all of these do."""
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    raise InputError(path, f"{where} must be {_JSON_NAMES[wanted]}", AGAIN)


def names(value: object, where: str, path: str) -> tuple[str, ...]:
    """A list of strings, sorted, each once."""
    elements = typed(value, list, where, path)
    return tuple(sorted({typed(element, str, f"{where}[{n}]", path) for n, element in enumerate(elements)}))


def count(value: object, least: int, where: str, path: str) -> int:
    """A whole number of something."""
    number = typed(value, int, where, path)
    if number < least:
        raise InputError(path, f"{where} must be at least {least}", AGAIN)
    if number > MOST:
        raise InputError(path, f"{where} must be at most {MOST}", AGAIN)
    return number


def attr_value(value: object, where: str, path: str) -> AttrValue:
    """The value of an attr, data types by name."""
    if isinstance(value, list):
        return tuple(_scalar(element, f"{where}[{number}]", path) for number, element in enumerate(value))
    return _scalar(value, where, path)


def _scalar(value: object, where: str, path: str) -> AttrScalar:
    if isinstance(value, str):
        return (from_enum_name(value) if value.startswith("DT_") else None) or value
    if isinstance(value, bool | int | float):
        return value
    raise InputError(path, f"{where} is no value of an attr", AGAIN)
