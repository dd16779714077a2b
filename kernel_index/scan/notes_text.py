"""The notes of a scan as JSON and back: tables of what recurs, and rows of numbers that point into them.

A damaged or foreign text is not to be believed: whatever does not have the right shape raises ValueError.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Generic, TypeVar

from kernel_index.base_library import BaseLibrary
from kernel_index.columns.lists import lost_fields
from kernel_index.columns.text import scalar, scalar_text
from kernel_index.profiles import BuildProfile
from kernel_index.records import (
    ArgDefinition,
    AttrDefinition,
    AttrValue,
    Condition,
    Constraint,
    Deprecation,
    Diagnostic,
    KernelRegistration,
    Location,
    Lost,
    OpDefinition,
)  # fmt: skip
from kernel_index.scan.notes import FileNote, ScanNotes, UnitNote
from kernel_index.symbols.unit_symbols import UnitSymbols

T = TypeVar("T", bound=Hashable)


class _Table(Generic[T]):
    """Things that rows name by number, each once."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}

    def number(self, thing: T) -> int:
        return self._numbers.setdefault(thing, len(self._numbers))

    def __iter__(self) -> Any:
        return iter(self._numbers)


def notes_text(notes: ScanNotes) -> bytes:
    """The notes as JSON."""
    texts: _Table[str] = _Table()
    conditions: _Table[Condition] = _Table()
    constraints: _Table[tuple[Constraint, ...]] = _Table()
    lists: _Table[tuple[str, ...]] = _Table()
    text = texts.number
    units = []
    registrations = []
    definitions = []
    for path, unit in notes.units.items():
        units.append([
            text(path), int(unit.gpu_only), len(unit.registrations), len(unit.op_definitions),
            *([[text(d.location.file), d.location.line, text(d.message), *map(text, lost_fields(d))] for d in found]
              for found in (unit.diagnostics, unit.header_problems, unit.suspected)),
            [
                [
                    lists.number(s.profiles), [[text(part) for part in need] for need in s.needs],
                    [[text(symbol), lists.number(types)] for symbol, types in s.defines],
                    lists.number(s.types), lists.number(s.own_types),
                    [[text(part) for part in use] for use in s.libraries], text(s.code),
                ]
                for s in unit.symbols
            ],
        ])  # fmt: skip
        registrations += [
            (
                text(r.op), text(r.device), text(r.kernel_class), text(r.location.file), r.location.line,
                lists.number(r.profiles), text(r.label), r.priority, constraints.number(r.constraints),
                lists.number(r.host_memory_args), int(r.system),
                -1 if r.condition is None else conditions.number(r.condition), text(r.unit),
            )
            for r in unit.registrations
        ]  # fmt: skip
        definitions += [_definition_row(d) for d in unit.op_definitions]
    files = [
        [text(path), text(note.digest), *(note.stamp or ()), lists.number(note.bodies)]
        for path, note in notes.files.items()
    ]
    includes = [
        None if note.includes is None else [text(part) for pair in note.includes for part in pair]
        for note in notes.files.values()
    ]
    tables = {
        "profiles": [[p.name, dict(p.defines)] for p in notes.profiles],
        "units": units,
        "registrations": list(zip(*registrations, strict=True)),
        "definitions": definitions,
        "files": files,
        "includes": includes,
        "absent": sorted(notes.absent),
        "surveyed": [[path, *found, int(names)] for path, (found, names) in notes.surveyed.items()],
        "types": notes.types,
        "base": [sorted(notes.base.not_compiled), sorted(notes.base.libraries)],
        "conditions": [
            [c.macro, int(c.defined), c.text, c.location.file, c.location.line, c.needs, c.flags] for c in conditions
        ],
        "constraints": [[[c.attr, *map(scalar_text, c.allowed)] for c in found] for found in constraints],
        "lists": list(lists),
        "texts": list(texts),
    }
    return json.dumps(tables, separators=(",", ":"), check_circular=False).encode()


def _definition_row(d: OpDefinition) -> list[Any]:
    return [
        d.name, d.location.file, d.location.line, int(d.stateful),
        [[a.name, a.type_text] for a in d.inputs],
        [[a.name, a.type_text] for a in d.outputs],
        [
            [
                a.name, a.type, None if a.allowed is None else [*map(scalar_text, a.allowed)], a.minimum,
                int(a.has_default), _default_row(a.default), a.default_text,
            ]
            for a in d.attrs
        ],
        None if d.deprecation is None else [d.deprecation.version, d.deprecation.explanation], d.unit,
    ]  # fmt: skip


def _default_row(default: AttrValue | None) -> Any:
    if default is None:
        return None
    return [*map(scalar_text, default)] if isinstance(default, tuple) else scalar_text(default)


def read_notes(data: bytes) -> ScanNotes:
    """The notes that a JSON text holds. Raises ValueError where it holds none."""
    try:
        return _Reader(json.loads(data)).notes()
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError) as problem:
        raise ValueError(f"these are no notes of a scan: {problem}") from None


class _Reader:
    def __init__(self, tables: Any) -> None:
        self._tables = tables
        self._texts = _texts(tables["texts"])

    def notes(self) -> ScanNotes:
        tables = self._tables
        profiles = tuple(BuildProfile(_text(name), _definitions(defines)) for name, defines in tables["profiles"])
        return ScanNotes(
            profiles, self._units(), self._files(), set(_texts(tables["absent"])),
            {_text(row[0]): (_stamp(row[1:5]), bool(row[5])) for row in tables["surveyed"]}, _text(tables["types"]),
            BaseLibrary(*(frozenset(_texts(names)) for names in tables["base"])),
        )  # fmt: skip

    def _units(self) -> dict[str, UnitNote]:
        tables, texts = self._tables, self._texts
        registrations = self._registrations()
        definitions = [_definition(row) for row in tables["definitions"]]
        lists = self._lists()
        units: dict[str, UnitNote] = {}
        kernel = op = 0
        for path, gpu_only, kernels, ops, *found, symbols in tables["units"]:
            diagnostics, problems, suspected = (tuple(map(self._diagnostic, rows)) for rows in found)
            units[texts[path]] = UnitNote(
                bool(gpu_only),
                tuple(registrations[kernel : kernel + _number(kernels)]),
                tuple(definitions[op : op + _number(ops)]),
                diagnostics,
                problems,
                suspected,
                tuple(self._symbols(row, lists) for row in symbols),
            )
            kernel += kernels
            op += ops
        if (kernel, op) != (len(registrations), len(definitions)):
            raise ValueError("the sources do not add up")
        return units

    def _diagnostic(self, row: Sequence[Any]) -> Diagnostic:
        file, line, message, *lost = row
        texts = self._texts
        about = Lost(*(texts[part] for part in lost)) if lost else None
        return Diagnostic(Location(texts[file], _number(line)), texts[message], about)

    def _lists(self) -> list[tuple[str, ...]]:
        return [tuple(_texts(row)) for row in self._tables["lists"]]

    def _symbols(self, row: Sequence[Any], lists: Sequence[tuple[str, ...]]) -> UnitSymbols:
        texts = self._texts
        profiles, needs, defines, types, own_types, libraries, code = row
        return UnitSymbols(
            lists[profiles],
            tuple((texts[symbol], texts[place]) for symbol, place in needs),
            tuple((texts[symbol], lists[found]) for symbol, found in defines),
            lists[types],
            lists[own_types],
            tuple((texts[library], texts[header], texts[file]) for library, header, file in libraries),
            texts[code],
        )

    def _registrations(self) -> list[KernelRegistration]:
        tables, texts = self._tables, self._texts
        if not tables["registrations"]:
            return []
        conditions = [
            Condition(_text(macro), bool(defined), _text(text), Location(_text(file), _number(line)), *map(_text, more))
            for macro, defined, text, file, line, *more in tables["conditions"]
        ]
        constraints = [
            tuple(Constraint(_text(attr), tuple(map(scalar, allowed))) for attr, *allowed in row)
            for row in tables["constraints"]
        ]
        lists = self._lists()
        columns = tables["registrations"]
        if any(type(number) is not int for column in columns for number in column):
            raise ValueError("a number is expected")
        return [
            KernelRegistration(
                texts[o], texts[d], texts[k], Location(texts[f], n), lists[p], texts[b], y, constraints[a], lists[h],
                s == 1, conditions[c] if c >= 0 else None, texts[u],
            )
            for o, d, k, f, n, p, b, y, a, h, s, c, u in zip(*columns, strict=True)
        ]  # fmt: skip

    def _files(self) -> dict[str, FileNote]:
        texts, lists = self._texts, self._lists()
        files: dict[str, FileNote] = {}
        for (path, digest, *found, bodies), includes in zip(
            self._tables["files"], self._tables["includes"], strict=True
        ):
            pairs = None
            if includes is not None:
                parts = [texts[part] for part in includes]
                pairs = tuple(zip(parts[::2], parts[1::2], strict=True))
            files[_inside(texts[path])] = FileNote(
                texts[digest], _stamp(found) if found else None, pairs, lists[bodies]
            )
        return files


def _definition(row: Sequence[Any]) -> OpDefinition:
    name, file, line, stateful, inputs, outputs, attrs, deprecation, unit = row
    return OpDefinition(
        _text(name),
        tuple(ArgDefinition(_text(arg), _text(kind)) for arg, kind in inputs),
        tuple(ArgDefinition(_text(arg), _text(kind)) for arg, kind in outputs),
        tuple(
            AttrDefinition(
                _text(attr), _text(kind), None if allowed is None else tuple(map(scalar, allowed)),
                None if minimum is None else _number(minimum), bool(has_default),
                _default(default),
                _text(default_text),
            )
            for attr, kind, allowed, minimum, has_default, default, default_text in attrs
        ),
        Location(_text(file), _number(line)),
        bool(stateful),
        None if deprecation is None else Deprecation(_number(deprecation[0]), _text(deprecation[1])),
        _text(unit),
    )  # fmt: skip


def _default(found: Any) -> AttrValue | None:
    if found is None:
        return None
    return tuple(map(scalar, found)) if isinstance(found, list) else scalar(found)


def _text(found: Any) -> str:
    if type(found) is not str:
        raise ValueError("a text is expected")
    return found


def _texts(found: Iterable[Any]) -> list[str]:
    return [_text(text) for text in found]


def _number(found: Any) -> int:
    if type(found) is not int:
        raise ValueError("a number is expected")
    return found


def _stamp(found: Sequence[Any]) -> tuple[int, int, int, int]:
    size, changed, metadata, inode = map(_number, found)
    return size, changed, metadata, inode


def _definitions(found: Any) -> dict[str, str]:
    return {_text(name): _text(value) for name, value in found.items()}


def _inside(path: str) -> str:
    """The path of a file in a tree, as scans write it."""
    if posixpath.normpath(path) != path or path.startswith(("../", "/")):
        raise ValueError(f"{path} is no path in a tree")
    return path
