"""Reads the functions of ``tflite::MicroMutableOpResolver`` off the sources of TensorFlow Lite for Microcontrollers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kernel_index.errors import InputError
from kernel_index.preprocessor.text import text_of, without_comments
from opselect.lite.micro.table import RESOLVER, MicroFunction, MicroTable

_KERNELS = "tensorflow/lite/micro/kernels"
_FOR_ANY = frozenset(("AddCustom", "AddBuiltin"))
"""Those that the others call: of no operator in particular."""

_FUNCTION = re.compile(r"TfLiteStatus\s+(Add\w*)\s*\(([^{;]*)\)\s*\{")
_DEFAULT = re.compile(r"TFLMRegistration\s*[&*]\s*registration\s*=\s*(?:\w+::)*Register_(\w+)\(\)")
_BUILTIN = re.compile(r"\bAddBuiltin\(\s*BuiltinOperator_(\w+)\s*,")
_CUSTOM = re.compile(r"\bAddCustom\(\s*(?:\"([^\"\\]+)\"|(?:\w+::)*(\w+)\(\))\s*,")
_INT8 = re.compile(r"\bTFLMRegistration\s+Register_(\w+)_INT8\s*\(\s*\)")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def read_micro_table(tree: Path, state: str) -> MicroTable:
    """The table of a source tree, of which ``state`` says when it is of.

    Raises InputError for a tree without the header, and for a function of which it is not clear what it adds.
    """
    header = tree / RESOLVER
    text = _read(header)
    included = frozenset(_INCLUDE.findall(text))
    int8 = dict(_int8_registrations(tree))
    found = []
    for name, parameters, body in _functions(text):
        if name in _FOR_ANY:
            continue
        operator, is_custom = _operator(tree, name, body)
        default = _DEFAULT.search(parameters)
        if parameters.strip() and default is None:
            raise InputError(str(header), f"{name} has parameters of a new kind: {parameters.strip()}", _ADVICE)
        file = int8.get(default[1], "") if default is not None else ""
        narrow = f"Register_{default[1]}_INT8" if default is not None and file else ""
        beside = "" if file in included else file
        found.append(MicroFunction(operator, is_custom, name, default is not None, narrow, beside))
    if not found:
        raise InputError(str(header), "has no function that adds an operator", _ADVICE)
    return MicroTable(state, tuple(sorted(found, key=lambda each: (each.is_custom, each.operator))))


_ADVICE = f"Name a checkout of TensorFlow Lite for Microcontrollers: its {RESOLVER} is read."


def _read(path: Path) -> str:
    try:
        return without_comments(text_of(path.read_bytes()))
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}", _ADVICE) from error


def _functions(text: str) -> Iterator[tuple[str, str, str]]:
    """Name, parameters and body of each function that begins with ``Add``."""
    for match in _FUNCTION.finditer(text):
        depth, end = 1, match.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield match[1], match[2], text[match.end() : end]


def _operator(tree: Path, function: str, body: str) -> tuple[str, bool]:
    """Which operator a function adds, and whether it is a custom one."""
    builtin = _BUILTIN.search(body)
    if builtin is not None:
        return builtin[1], False
    custom = _CUSTOM.search(body)
    if custom is None:
        raise InputError(str(tree / RESOLVER), f"what {function} adds is not clear", _ADVICE)
    return custom[1] or _returned_name(tree, custom[2]), True


def _returned_name(tree: Path, function: str) -> str:
    """The text that a function of the kernels returns; builds without the hardware have one that returns none."""
    returns = re.compile(rf'\b{function}\(\)\s*\{{\s*return\s+"([^"\\]+)";')
    names = {match[1] for path in sorted((tree / _KERNELS).rglob("*.cc")) for match in returns.finditer(_read(path))}
    if len(names) != 1:
        raise InputError(str(tree / _KERNELS), f"{function}() returns {len(names)} names, and not one", _ADVICE)
    return names.pop()


def _int8_registrations(tree: Path) -> Iterator[tuple[str, str]]:
    """Each ``Register_X_INT8()`` that a header declares: X, and the header."""
    for path in sorted((tree / _KERNELS).glob("*.h")):
        for name in dict.fromkeys(_INT8.findall(_read(path))):
            yield name, f"{_KERNELS}/{path.name}"
