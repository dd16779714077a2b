"""Ops × data types: for which types there are kernels, which of these are needed, and which are missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from kernel_index.datatypes import DataType
from kernel_index.records import Constraint
from opselect.findings import Finding, code_of
from opselect.report.document import TypeMatrix

Letter = Literal["n", "m", "u", "p", "?"]
Mark = tuple[str, tuple[DataType, ...], Letter]
"""An op, the types of a kernel of it, none where it is for no type, and the letter of both."""

ANY = "any"
_RANK = "pun?m"
"""A cell with several kernels has the letter that stands last here: what is missing or not known is never hidden."""


def types_of(constraints: Iterable[Constraint]) -> tuple[DataType, ...]:
    """The types that a kernel is for: those of its first constraint of types, which own bytes are told by, too."""
    for each in constraints:
        types = tuple(value for value in each.allowed if isinstance(value, DataType))
        if types:
            return types
    return ()


def missing_mark(finding: Finding) -> Mark:
    """What is missing or not known, by the types at fault; else by those that the nodes ask for, ``T`` first."""
    types = finding.dtypes
    if not types:
        asked = [(name != "T", name, value) for name, value in finding.attrs if isinstance(value, DataType)]
        types = (min(asked)[2],) if asked else ()
    return finding.op, types, "?" if code_of(finding.code).is_unknown else "m"


def type_matrix(marks: Iterable[Mark], note: str) -> TypeMatrix | None:
    """The matrix of all marks, ops sorted by name and types by number; None where there are none."""
    cells: dict[str, dict[str, str]] = {}
    numbers: dict[str, int] = {}
    for op, types, letter in marks:
        row = cells.setdefault(op, {})
        for dtype in types:
            numbers[dtype.name] = int(dtype)
        for name in [dtype.name for dtype in types] or [ANY]:
            row[name] = max(row.get(name, "p"), letter, key=_RANK.index)
    if not cells:
        return None
    names = sorted(numbers, key=lambda name: numbers[name])
    if any(ANY in row for row in cells.values()):
        names.append(ANY)
    rows = tuple((op, "".join(row.get(name, ".") for name in names)) for op, row in sorted(cells.items()))
    return TypeMatrix(tuple(names), rows, note)
