"""Op definitions as columns and back: a line an op for its place, inputs, outputs and attrs.

Attrs differ in their names more than in the rest, so the rest stands in a table. Few ops are deprecated, and few are
defined in a header, so these have columns of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from kernel_index.columns.text import (
    SEPARATOR,
    Table,
    escape,
    scalar,
    scalar_text,
    split_values,
    unescape,
    values_text,
)
from kernel_index.records import ArgDefinition, AttrDefinition, AttrValue, Deprecation, Location, OpDefinition

DEPRECATIONS = "deprecations"
"""A column that indexes of before it lack: it counts as empty there."""

UNITS = "definition_units"
"""A column that is there only where some op is defined in a header."""


def write_definitions(
    definitions: Sequence[OpDefinition], file_number: Callable[[str], int]
) -> Mapping[str, list[str]]:
    """The columns of definitions; they are short where the definitions are sorted by place."""
    bodies = Table()
    places = []
    file = line = 0
    for record in definitions:
        number = file_number(record.location.file)
        if number != file:
            line = 0
        places.append(f"{number - file}\t{record.location.line - line}\t{'stateful' if record.stateful else ''}")
        file, line = number, record.location.line
    units = [f"{number}\t{file_number(d.unit)}" for number, d in enumerate(definitions) if d.unit]
    return {
        "definition_places": places,
        "definition_inputs": [_args_text(d.inputs) for d in definitions],
        "definition_outputs": [_args_text(d.outputs) for d in definitions],
        "definition_attrs": [
            "\t".join(f"{escape(a.name)}{SEPARATOR}{bodies.number(_body(a))}" for a in d.attrs) for d in definitions
        ],
        "attr_bodies": bodies.lines,
        DEPRECATIONS: [
            f"{number}\t{d.deprecation.version}\t{escape(d.deprecation.explanation)}"
            for number, d in enumerate(definitions)
            if d.deprecation is not None
        ],
        **({UNITS: units} if units else {}),
    }


def _args_text(args: Sequence[ArgDefinition]) -> str:
    return "\t".join(f"{escape(a.name)}{SEPARATOR}{escape(a.type_text)}" for a in args)


def _body(attr: AttrDefinition) -> str:
    return "\t".join(
        [
            escape(attr.type),
            _value_text(attr.allowed),
            "" if attr.minimum is None else str(attr.minimum),
            "default" if attr.has_default else "",
            _value_text(attr.default),
            escape(attr.default_text),
        ]
    )


def _value_text(value: AttrValue | None) -> str:
    """Nothing for None; a list begins with a parenthesis, which no scalar does."""
    if value is None:
        return ""
    return f"({values_text(value)}" if isinstance(value, tuple) else scalar_text(value)


class DefinitionReader:
    """Definitions by the number of the op. Damaged columns raise ValueError, TypeError or LookupError.

    ``deprecations`` and ``units`` are the columns of those names, empty where the file has none.
    """

    def __init__(
        self,
        column: Callable[[str], list[str]],
        files: Sequence[str],
        deprecations: Sequence[str] = (),
        units: Sequence[str] = (),
    ) -> None:
        self._inputs = column("definition_inputs")
        self._outputs = column("definition_outputs")
        self._attrs = column("definition_attrs")
        self._bodies = column("attr_bodies")
        self._deprecations = dict(map(_deprecation, deprecations))
        self._units = {int(number): files[int(unit)] for number, unit in (line.split("\t") for line in units)}
        self._places: list[tuple[Location, bool]] = []
        file = line = 0
        for place in column("definition_places"):
            file_step, line_step, stateful = place.split("\t")
            if file_step != "0":
                file, line = file + int(file_step), 0
            line += int(line_step)
            self._places.append((Location(files[file], line), stateful == "stateful"))

    def sources(self) -> list[str]:
        """The source file of each definition, by the number of the op: no definition is taken apart for it."""
        return [self._units.get(number, location.file) for number, (location, _) in enumerate(self._places)]

    def definition(self, number: int, op: str) -> OpDefinition | None:
        """None for the ops that follow those with a definition."""
        if number >= len(self._places):
            return None
        location, stateful = self._places[number]
        return OpDefinition(
            op,
            tuple(ArgDefinition(name, text) for name, text in _pairs(self._inputs[number])),
            tuple(ArgDefinition(name, text) for name, text in _pairs(self._outputs[number])),
            tuple(_attr(name, self._bodies[int(body)]) for name, body in _pairs(self._attrs[number])),
            location,
            stateful,
            self._deprecations.get(number),
            self._units.get(number, ""),
        )


def _deprecation(line: str) -> tuple[int, Deprecation]:
    number, version, explanation = line.split("\t")
    return int(number), Deprecation(int(version), unescape(explanation))


def _pairs(line: str) -> list[tuple[str, str]]:
    if not line:
        return []
    pairs = []
    for field in line.split("\t"):
        first, second = field.split(SEPARATOR)
        pairs.append((unescape(first), unescape(second)))
    return pairs


def _attr(name: str, body: str) -> AttrDefinition:
    kind, allowed, minimum, has_default, default, default_text = body.split("\t")
    return AttrDefinition(
        name,
        unescape(kind),
        split_values(allowed[1:]) if allowed else None,
        int(minimum) if minimum else None,
        has_default == "default",
        _value(default),
        unescape(default_text),
    )


def _value(text: str) -> AttrValue | None:
    if not text:
        return None
    return split_values(text[1:]) if text.startswith("(") else scalar(text)
