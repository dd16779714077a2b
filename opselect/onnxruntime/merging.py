"""Several lists of required operators as one that has what each needs, and no more where that can be said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from opselect.onnxruntime.operators import RequiredOperators, TypeEntry

_Value = TypeVar("_Value", str, tuple[str, ...])


def merged(lists: Sequence[RequiredOperators]) -> RequiredOperators:
    """What builds need together.

    An operator that one of them needs without an entry of types is needed with all types. Types that restrict all
    operators at once stay where every list that needs anything has some: they cannot stand beside entries, and they
    cannot be said of some operators alone.
    """
    needing = [each for each in lists if each.operators or each.all_operators] or lists
    allowed = _shared(each.allowed_types for each in needing)
    if any(each.all_operators for each in needing):
        return RequiredOperators({}, {}, allowed, all_operators=True)
    operators: dict[tuple[str, int], frozenset[str]] = {}
    for each in needing:
        for opset, names in each.operators.items():
            operators[opset] = operators.get(opset, frozenset()) | names
    return RequiredOperators(dict(sorted(operators.items())), _entries(needing), allowed)


def joined(entries: Sequence[TypeEntry | None]) -> TypeEntry | None:
    """The types that an operator is needed with where some need it with these; None is with all types.

    A position stays restricted where all restrict it.
    """
    known = [entry for entry in entries if entry is not None]
    if not known or len(known) < len(entries):
        return None
    custom = _shared(entry.custom or None for entry in known)
    entry = TypeEntry(
        _positions([entry.inputs for entry in known]),
        _positions([entry.outputs for entry in known]),
        custom or frozenset(),
    )
    return entry if entry.inputs or entry.outputs or entry.custom else None


def _entries(lists: Iterable[RequiredOperators]) -> dict[tuple[str, str], TypeEntry]:
    """The entries of those operators that every list which needs them has one for."""
    asked: dict[tuple[str, str], list[TypeEntry | None]] = {}
    for each in lists:
        for operator in sorted({(domain, name) for (domain, _), names in each.operators.items() for name in names}):
            asked.setdefault(operator, []).append(each.types.get(operator))
    together = {operator: joined(entries) for operator, entries in sorted(asked.items())}
    return {operator: entry for operator, entry in together.items() if entry is not None}


def _positions(each: Sequence[Mapping[int, frozenset[str]]]) -> dict[int, frozenset[str]]:
    """The types of the positions that all restrict."""
    both = set(each[0]).intersection(*each[1:])
    return {position: frozenset().union(*(types[position] for types in each)) for position in sorted(both)}


def _shared(sets: Iterable[frozenset[_Value] | None]) -> frozenset[_Value] | None:
    """What is in any of the sets; None where one of them is None, which is everything, and where there are none."""
    known = list(sets)
    restricting = [each for each in known if each is not None]
    return frozenset[_Value]().union(*restricting) if restricting and len(restricting) == len(known) else None
