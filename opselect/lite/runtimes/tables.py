"""The tables of operators and runtimes: records ↔ text.

One file has all of them, a row an operator. What a release has of it stands in a row once: ``2.4.0:1-4`` says that
releases from 2.4.0 on have versions 1 to 4, until the next such cell; ``-`` is none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

from kernel_index.errors import InputError, Place
from opselect.lite.operators import Versions
from opselect.lite.runtimes.releases import LiteRelease, parse_release

Value = TypeVar("Value")
_HEADING = (
    "# Operators of TensorFlow Lite and what its releases have of them.",
    "# Made by: python -m opselect.usecases.ship_lite_tables",
)
_NONE = "-"
_CUSTOM_CELLS = 2
_WIDTH = 118
"""Columns of the lines that list releases."""


@dataclass(frozen=True, slots=True)
class History(Generic[Value]):
    """What releases have, as changes in their order; None is nothing, as it is before the first change."""

    changes: tuple[tuple[LiteRelease, Value | None], ...]

    def at(self, release: LiteRelease) -> Value | None:
        """What a release has."""
        place = bisect_right([since for since, _ in self.changes], release)
        return self.changes[place - 1][1] if place else None


def history(values: Sequence[tuple[LiteRelease, Value | None]]) -> History[Value]:
    """The changes among what releases have, in their order."""
    changes: list[tuple[LiteRelease, Value | None]] = []
    for release, value in sorted(values, key=lambda each: each[0]):
        if value != (changes[-1][1] if changes else None):
            changes.append((release, value))
    return History(tuple(changes))


@dataclass(frozen=True, slots=True)
class LiteTables:
    """All tables. ``releases`` are those whose registrations are known, ``schemas`` those whose codes are, in order.

    ``versions`` is the first release of each version of a built-in as upstream's table has it; ``registered`` and
    ``custom`` what interpreters register by default, ``functions`` by which function a custom one; ``codes`` the
    numbers of built-ins.
    """

    releases: tuple[LiteRelease, ...]
    schemas: tuple[LiteRelease, ...]
    versions: Mapping[tuple[str, int], str]
    registered: Mapping[str, History[Versions]]
    custom: Mapping[str, History[Versions]]
    functions: Mapping[str, str]
    codes: Mapping[str, History[int]]


@cache
def tables() -> LiteTables:
    """The tables that are shipped."""
    path = Path(__file__).with_name("tables.txt")
    return read_tables(path.read_text(encoding="utf-8"), str(path))


def tables_text(known: LiteTables) -> str:
    """The tables as the text that :func:`read_tables` reads."""
    return "".join(f"{line}\n" for line in _lines(known))


def read_tables(text: str, path: str) -> LiteTables:
    """The tables that a text has. Raises InputError, with the line, for what cannot be read."""
    rows: dict[str, list[tuple[Place, list[str]]]] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            section = line.strip("[]")
            rows.setdefault(section, [])
        elif line.strip() and not line.startswith("#"):
            place, cells = Place(path, number), line.split()
            if section == "custom" and len(cells) < _CUSTOM_CELLS:
                raise InputError(place, "lacks the function of the operator")
            rows.setdefault(section, []).append((place, cells))
    missing = [name for name in _SECTIONS if name not in rows]
    if missing:
        raise InputError(path, f"lacks the table [{missing[0]}]")
    versions: dict[tuple[str, int], str] = {}
    for _, (op, *cells) in rows["versions"]:
        versions |= {(op, number): cell for number, cell in enumerate(cells, 1) if cell != _NONE}
    return LiteTables(
        tuple(_release(cell, place) for place, cells in rows["releases"] for cell in cells),
        tuple(_release(cell, place) for place, cells in rows["schemas"] for cell in cells),
        versions,
        {op: _history(cells, place, _versions) for place, (op, *cells) in rows["registered"]},
        {op: _history(cells, place, _versions) for place, (op, _, *cells) in rows["custom"]},
        {op: function for _, (op, function, *_) in rows["custom"]},
        {op: _history(cells, place, int) for place, (op, *cells) in rows["codes"]},
    )


_SECTIONS = ("releases", "schemas", "versions", "registered", "custom", "codes")


def _lines(known: LiteTables) -> Iterator[str]:
    yield from _HEADING
    yield from ("", "# Releases whose registrations were read, or asked of the interpreter itself.", "[releases]")
    yield from _filled(known.releases)
    yield from ("", "# Releases whose schema was read.", "[schemas]")
    yield from _filled(known.schemas)
    yield from ("", "# The first release of versions 1, 2, … by upstream's runtime_version.cc.", "[versions]")
    for op in sorted({op for op, _ in known.versions}):
        last = max(version for name, version in known.versions if name == op)
        yield " ".join([op, *(known.versions.get((op, version), _NONE) for version in range(1, last + 1))])
    yield from ("", "# The versions that BuiltinOpResolver registers, from a release on.", "[registered]")
    for op, changes in sorted(known.registered.items()):
        yield " ".join([op, *_cells(changes, _range)])
    yield from ("", "# The custom operators that BuiltinOpResolver registers, by which function.", "[custom]")
    for op, changes in sorted(known.custom.items()):
        yield " ".join([op, known.functions[op], *_cells(changes, _range)])
    yield from ("", "# The number of each operator in the schema, from a release on.", "[codes]")
    for op, codes in sorted(known.codes.items(), key=lambda item: (item[1].changes[-1][1] or 0, item[0])):
        yield " ".join([op, *_cells(codes, str)])


def _filled(releases: Sequence[LiteRelease]) -> Iterator[str]:
    line = ""
    for release in releases:
        if len(line) + len(str(release)) >= _WIDTH:
            yield line
            line = ""
        line += f"{' ' if line else ''}{release}"
    if line:
        yield line


def _cells(changes: History[Value], shown: Callable[[Value], str]) -> Iterator[str]:
    for release, value in changes.changes:
        yield f"{release}:{_NONE if value is None else shown(value)}"


def _range(versions: Versions) -> str:
    low, high = versions
    return str(low) if low == high else f"{low}-{high}"


def _versions(text: str) -> Versions:
    low, _, high = text.partition("-")
    return int(low), int(high or low)


def _history(cells: Sequence[str], place: Place, value: Callable[[str], Value]) -> History[Value]:
    changes: list[tuple[LiteRelease, Value | None]] = []
    for cell in cells:
        since, _, text = cell.rpartition(":")
        try:
            changes.append((_release(since, place), None if text == _NONE else value(text)))
        except ValueError:
            raise InputError(place, f"cannot read {cell!r}") from None
    return History(tuple(changes))


def _release(text: str, place: Place) -> LiteRelease:
    release = parse_release(text)
    if release is None:
        raise InputError(place, f"{text!r} is no release")
    return release
