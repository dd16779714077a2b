"""Registrations as rows of a table: what stands on one line of a source file becomes one row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kernel_index.datatypes import DataType
from kernel_index.records import AttrScalar, Constraint, KernelRegistration
from opselect.registration_json import allowed_json

HEADERS = ("file:line", "device", "constraints", "profiles")

_Allowed = tuple[tuple[str, frozenset[AttrScalar]], ...]
"""What a row admits: attr → values, sorted by attr."""

_Row = tuple[str, int, str, tuple[str, ...]]
"""File, line, device with label and priority, profiles."""


def kernel_rows(registrations: Iterable[KernelRegistration], profiles: Sequence[str]) -> list[tuple[str, ...]]:
    """Rows for :data:`HEADERS`, sorted by place, what more profiles have first; ``profiles`` are all of the index.

    Registrations of one line, device, label, priority and set of profiles that differ in the values of one attr
    share a row with all those values, so that a row admits exactly what its registrations admit.
    """
    groups: dict[_Row, set[_Allowed]] = {}
    for registration in registrations:
        device = registration.device
        if registration.label:
            device += f" label={registration.label}"
        if registration.priority:
            device += f" priority={registration.priority}"
        place = registration.location
        allowed = tuple((c.attr, frozenset(c.allowed)) for c in sorted(registration.constraints, key=_attr_name))
        groups.setdefault((place.file, place.line, device, registration.profiles), set()).add(allowed)
    rows: list[tuple[str, ...]] = []
    for (file, line, device, in_profiles), constraints in sorted(groups.items(), key=_table_order):
        where = "all" if in_profiles == tuple(profiles) else ", ".join(in_profiles)
        rows += [(f"{file}:{line}", device, text, where) for text in sorted(map(_text, _united(constraints)))]
    return rows


def hidden_notes(registrations: Iterable[KernelRegistration]) -> list[str]:
    """One line for each macro that hides registrations from every profile, with the first place that says so."""
    hidden: dict[tuple[str, bool], list[KernelRegistration]] = {}
    for registration in registrations:
        if registration.condition is not None and not registration.profiles:
            hidden.setdefault((registration.condition.macro, registration.condition.defined), []).append(registration)
    notes = []
    for (macro, defined), behind in sorted(hidden.items()):
        devices = ", ".join(sorted({registration.device for registration in behind}))
        first = min(registration.location for registration in behind)
        state = "defined" if defined else "not defined"
        notes.append(f"{len(behind)} more ({devices}) in no profile: only where {macro} is {state}, e.g. {first}")
    return notes


def _table_order(item: tuple[_Row, set[_Allowed]]) -> tuple[object, ...]:
    file, line, device, profiles = item[0]
    return file, line, device, -len(profiles), profiles


def _attr_name(constraint: Constraint) -> str:
    return constraint.attr


def _united(constraints: set[_Allowed]) -> set[_Allowed]:
    for position in range(max(map(len, constraints))):
        union: dict[tuple[_Allowed, str, _Allowed], set[AttrScalar]] = {}
        short = {allowed for allowed in constraints if len(allowed) <= position}
        for allowed in constraints - short:
            attr, values = allowed[position]
            union.setdefault((allowed[:position], attr, allowed[position + 1 :]), set()).update(values)
        merged = {(*before, (attr, frozenset(values)), *after) for (before, attr, after), values in union.items()}
        constraints = short | merged
    return constraints


def _text(allowed: _Allowed) -> str:
    return "; ".join(f"{attr}={'|'.join(map(_word, allowed_json(values)))}" for attr, values in allowed) or "any"


def _word(value: object) -> str:
    text = str(value)
    return text[3:].lower() if text in DataType.__members__ else text
