"""Declarations whose names a macro builds of its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from kernel_index.preprocessor.literals import WORD
from kernel_index.preprocessor.macros import Macro
from kernel_index.symbols.outline import without_literals
from kernel_index.symbols.table import SymbolTable, read_symbols

_CALL = re.compile(rf"^[ \t]*({WORD})[ \t]*\(((?:[^()]|\([^()]*\))*)\)", re.MULTILINE)
_PASTE = re.compile(r"\s*##\s*")
_MARKS = ("template", "extern", "{")


def declares(macro: Macro) -> bool:
    """Whether a macro's replacement list may hold a declaration that counts."""
    return any(mark in macro.body for mark in _MARKS)


def macro_made(text: str, macros: Mapping[str, Sequence[Macro]]) -> str:
    """What calls of some macros at the begin of a line expand to, where the names in it come from the arguments.

    Other macros declare the same with any arguments, and are read once. Only arguments without macros are meant.
    """
    building = {name: macro for name, found in macros.items() for macro in found if _builds_names(macro)}
    if not building:
        return ""
    return "\n".join(
        _substituted(building[match[1]], match[2]) for match in _CALL.finditer(text) if match[1] in building
    )


def _builds_names(macro: Macro) -> bool:
    if not macro.parameters or not declares(macro):
        return False
    return "##" in macro.body or not _parts(read_symbols(without_literals(macro.body))).isdisjoint(macro.parameters)


def _parts(table: SymbolTable) -> set[str]:
    names: Iterable[str] = (*table.defined, *table.declared, *table.generic, *table.extern)
    return {part for name in names for part in name.split("::")}


def _substituted(macro: Macro, arguments: str) -> str:
    values = dict(zip(macro.parameters or (), (a.strip() for a in _split(arguments)), strict=False))
    body = re.sub(WORD, lambda word: values.get(word[0], word[0]), without_literals(macro.body))
    return _PASTE.sub("", body)


def _split(arguments: str) -> list[str]:
    parts = [""]
    depth = 0
    for char in arguments:
        depth += (char in "(<[{") - (char in ")>]}")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts
