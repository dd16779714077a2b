"""Records as rows of JSON and back: short, for there are ten thousand in an index.

A data type is its number; any other constraint value is wrapped in a list of one, so that the two are never confused.
Trailing values that are defaults are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel_index.datatypes import DataType
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    AttrScalar,
    AttrValue,
    Condition,
    Constraint,
    KernelRegistration,
    Location,
    OpDefinition,
)  # fmt: skip


def _pack(value: AttrScalar) -> object:
    return int(value) if isinstance(value, DataType) else [value]


def _unpack(value: Any) -> AttrScalar:
    if isinstance(value, list):
        scalar: AttrScalar = value[0]
        return scalar
    return DataType(value)


def _pack_default(value: AttrValue | None) -> object:
    if isinstance(value, tuple):
        return {"list": [_pack(v) for v in value]}
    return None if value is None else _pack(value)


def _unpack_default(value: Any) -> AttrValue | None:
    if isinstance(value, dict):
        return tuple(_unpack(v) for v in value["list"])
    return None if value is None else _unpack(value)


def _without_trailing(row: list[object], defaults: Sequence[object]) -> list[object]:
    first_default = len(row) - len(defaults)
    while len(row) > first_default and row[-1] == defaults[len(row) - first_default - 1]:
        row.pop()
    return row


_REGISTRATION_DEFAULTS: tuple[Any, ...] = ({}, "", 0, [], False, -1)
_ATTR_DEFAULTS: tuple[Any, ...] = (None, None, False, None, "")


class RowWriter:
    """Turns records into rows; ``files`` and ``conditions`` fill up on the way and must be written last."""

    def __init__(self, profiles: Sequence[str]) -> None:
        self._bits = {name: 1 << i for i, name in enumerate(profiles)}
        self._files: dict[str, int] = {}
        self._conditions: dict[Condition, int] = {}

    @property
    def files(self) -> list[str]:
        return list(self._files)

    @property
    def conditions(self) -> list[list[object]]:
        return [[c.macro, c.defined, c.text, self.file(c.location.file), c.location.line] for c in self._conditions]

    def file(self, path: str) -> int:
        """The number of a path in ``files``."""
        return self._files.setdefault(path, len(self._files))

    def mask(self, profiles: Sequence[str]) -> int:
        """Profiles as bits, in the order of the index."""
        return sum(self._bits[p] for p in profiles)

    def registration(self, record: KernelRegistration) -> list[object]:
        condition = -1
        if record.condition is not None:
            condition = self._conditions.setdefault(record.condition, len(self._conditions))
            self.file(record.condition.location.file)
        row: list[object] = [
            record.device,
            record.kernel_class,
            self.file(record.location.file),
            record.location.line,
            self.mask(record.profiles),
            {c.attr: [_pack(v) for v in c.allowed] for c in record.constraints},
            record.label,
            record.priority,
            list(record.host_memory_args),
            record.system,
            condition,
        ]
        return _without_trailing(row, _REGISTRATION_DEFAULTS)

    def definition(self, record: OpDefinition | None) -> list[object] | None:
        if record is None:
            return None
        return [
            [[a.name, a.type_text] for a in record.inputs],
            [[a.name, a.type_text] for a in record.outputs],
            [self._attr(a) for a in record.attrs],
            self.file(record.location.file),
            record.location.line,
            int(record.stateful),
        ]

    @staticmethod
    def _attr(record: AttrDefinition) -> list[object]:
        allowed = None if record.allowed is None else [_pack(v) for v in record.allowed]
        row: list[object] = [
            record.name, record.type, allowed, record.minimum, record.has_default, _pack_default(record.default),
            record.default_text,
        ]  # fmt: skip
        return _without_trailing(row, _ATTR_DEFAULTS)


class RowReader:
    """Turns rows back into records."""

    def __init__(self, profiles: Sequence[str], files: Sequence[str], conditions: Sequence[Any]) -> None:
        self._profiles = profiles
        self._files = files
        self._conditions = conditions
        self._masks: dict[int, tuple[str, ...]] = {}

    def registration(self, op: str, row: Sequence[Any]) -> KernelRegistration:
        device, kernel_class, file, line, mask, *rest = row
        constraints, label, priority, host_memory, system, condition = (*rest, *_REGISTRATION_DEFAULTS[len(rest) :])
        profiles = self._masks.get(mask)
        if profiles is None:
            profiles = self._masks[mask] = tuple(p for i, p in enumerate(self._profiles) if mask >> i & 1)
        return KernelRegistration(
            op, device, kernel_class, Location(self._files[file], line), profiles, label, priority,
            tuple(Constraint(attr, tuple(_unpack(v) for v in values)) for attr, values in constraints.items()),
            tuple(host_memory), system, self._condition(condition),
        )  # fmt: skip

    def _condition(self, number: int) -> Condition | None:
        if number < 0:
            return None
        macro, defined, text, file, line = self._conditions[number]
        return Condition(macro, defined, text, Location(self._files[file], line))

    def definition(self, op: str, row: Sequence[Any]) -> OpDefinition:
        inputs, outputs, attrs, file, line, stateful = row
        return OpDefinition(
            op,
            tuple(ArgDefinition(name, text) for name, text in inputs),
            tuple(ArgDefinition(name, text) for name, text in outputs),
            tuple(self._attr(a) for a in attrs),
            Location(self._files[file], line),
            bool(stateful),
        )

    @staticmethod
    def _attr(row: Sequence[Any]) -> AttrDefinition:
        name, kind, *rest = row
        allowed, minimum, has_default, default, text = (*rest, *_ATTR_DEFAULTS[len(rest) :])
        values = None if allowed is None else tuple(_unpack(v) for v in allowed)
        return AttrDefinition(name, kind, values, minimum, has_default, _unpack_default(default), text)
