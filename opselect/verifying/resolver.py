"""``*_registration.cc``: the operators that a TensorFlow Lite interpreter with ``RegisterSelectedOps`` knows.

Written by ``lite/tools/gen_op_registration_main.cc``; by hand the same calls are found in programs of all kinds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kernel_index.errors import InputError, Place
from opselect.build_lists.header.literals import unquoted

_ADVICE = "opselect reads what gen_op_registration and gen_selected_ops of TensorFlow Lite write."
_SKIPPED = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:[^"\\\n]|\\.)*")', re.DOTALL)
_CALL = re.compile(r"\bAdd(?P<what>\w*)\s*\(")
_BUILTIN = re.compile(r"\s*(?:::)?(?:tflite::)?(?:BuiltinOperator_|BuiltinOperator::)(?P<name>\w+)\s*,")
_CUSTOM = re.compile(r'\s*"(?P<name>(?:[^"\\\n]|\\.)*)"\s*,')
_REGISTRATION = re.compile(
    r"\s*&?\s*[\w:]+\s*(?:\(\s*\))?\s*(?:,\s*(?P<low>\d+)\s*(?:,\s*(?P<high>\d+)\s*)?)?\)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class ResolvedOperator:
    """An operator that is registered in some versions, both ends included; a built-in by the name of its code."""

    name: str
    is_custom: bool
    low: int = 1
    high: int = 1


@dataclass(frozen=True, slots=True)
class Resolver:
    """The operators of a registration file; ``name`` is what a sentence calls it."""

    name: str
    operators: tuple[ResolvedOperator, ...]

    def versions(self, name: str, *, is_custom: bool) -> tuple[tuple[int, int], ...]:
        """The ranges of versions of an operator, in the order of the file; none where it is not registered."""
        return tuple(
            (each.low, each.high) for each in self.operators if (each.name, each.is_custom) == (name, is_custom)
        )

    def has(self, name: str, version: int, *, is_custom: bool) -> bool:
        """Whether an interpreter finds an operator (``FindOp`` of ``lite/mutable_op_resolver.cc``)."""
        return any(low <= version <= high for low, high in self.versions(name, is_custom=is_custom))


def is_registration(text: str) -> bool:
    """Whether a text is a registration file: lines behind # are none of it, such as comments of CMake that name one."""
    code = re.sub(r"^[ \t]*#.*", "", text, flags=re.MULTILINE)
    return "RegisterSelectedOps" in code or re.search(r"\bAdd(?:Builtin|Custom)\s*\(", code) is not None


def read_registration(text: str, path: str) -> Resolver:
    """The operators that a registration file adds.

    Raises InputError, with the line, for a call that adds what cannot be told, and for a text that is no such file.
    """
    if not is_registration(text):
        raise InputError(path, "registers no operators of TensorFlow Lite", _ADVICE)
    code = _SKIPPED.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)
    return Resolver(path, tuple(_added(code, found, path) for found in _CALL.finditer(code)))


def _added(code: str, call: re.Match[str], path: str) -> ResolvedOperator:
    what = call["what"]
    form = {"Builtin": _BUILTIN, "Custom": _CUSTOM}.get(what)
    name = form.match(code, call.end()) if form is not None else None
    try:
        # A custom operator is named by a literal, in which any character may be an escape.
        operator = unquoted(f'"{name["name"]}"') if name is not None else ""
    except ValueError:
        name = None
    rest = _REGISTRATION.match(code, name.end()) if name is not None else None
    if name is None or rest is None:
        place = Place(path, code.count("\n", 0, call.start()) + 1)
        raise InputError(place, f"which operators Add{what} adds cannot be told", _ADVICE)
    low = int(rest["low"] or 1)
    return ResolvedOperator(operator, what == "Custom", low, int(rest["high"] or low))
