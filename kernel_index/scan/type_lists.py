"""What the ``TF_CALL_<types>(m)`` macros of a release come to in each profile: the C++ types that ``m`` is called with.

With these lists, kernels outside a checkout can be scanned over an index of a release, without its headers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kernel_index.preprocessor.cut import CutHeaders
from kernel_index.preprocessor.files import Files, parse_file
from kernel_index.preprocessor.inclusion import Inclusions
from kernel_index.preprocessor.macros import Macro
from kernel_index.preprocessor.tokens import spell
from kernel_index.preprocessor.unit import Unit
from kernel_index.profiles import BuildProfile

TYPE_MACROS = "tensorflow/core/framework/register_types.h"
"""The header that defines the macros, in every release."""

_SINK = "OPSELECT_TYPE"

TypeLists = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Macro name to profile name to C++ types, in the order of the calls."""


def type_lists(files: Files, profiles: Sequence[BuildProfile]) -> TypeLists:
    """The type lists of a tree; empty where it lacks the header."""
    header = files.get(TYPE_MACROS)
    if header is None:
        return {}
    names = sorted(
        {
            i.macro.name
            for i in header.program
            if i.macro is not None and i.macro.name.startswith("TF_CALL_") and len(i.macro.parameters or ()) == 1
        }
    )
    # One call a line, so that the line of a sink's call says which macro it came from.
    source = f'#include "{TYPE_MACROS}"\n' + "".join(f"{name}({_SINK})\n" for name in names)
    unit_file = parse_file("", source)
    headers = CutHeaders(files, [unit_file], {_SINK})
    unit = Unit(unit_file, headers, Inclusions(headers), frozenset((_SINK,)))
    found: dict[str, dict[str, tuple[str, ...]]] = {name: {} for name in names}
    for profile in profiles:
        types: dict[str, list[str]] = {name: [] for name in names}
        for call in unit.run({n: Macro(n, None, v) for n, v in profile.defines.items()}).calls:
            types[names[call.line - 2]].append(", ".join(spell(argument) for argument in call.arguments))
        for name in names:
            found[name][profile.name] = tuple(types[name])
    return found


def as_definitions(lists: TypeLists, profile: str) -> dict[str, str]:
    """The lists as function-like macros for ``-D``: ``TF_CALL_float(m)`` → ``m(float)``."""
    return {f"{name}(m)": " ".join(f"m({t})" for t in types.get(profile, ())) for name, types in lists.items()}
