"""The kernels of one op as tables: data type (and whatever else they constrain) × build profile."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import click

from kernel_index.admitted import Admitted, united
from kernel_index.records import AttrScalar, KernelRegistration
from kernel_index.records_json import Json, allowed_json, scalar_json
from opselect.cli.index.class_text import common, shape
from opselect.cli.shared.console import WIDTH, print_table, wrapped
from opselect.cli.shared.kernel_table import value_word

_PRESENT, _ABSENT, _UNKNOWN, _ANY = "●", "·", "?", "any"

_MAYBE = -1
"""In place of a position: nobody knows whether this profile has a kernel."""

_Cells = list[list[int]]
"""For each profile, the positions of the registrations, and :data:`_MAYBE` where it may have more."""

_Row = tuple[Admitted, tuple[tuple[int, ...], ...]]
"""What a row is about, and the notes in its cells, profile by profile."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The kernels for one device and label: for each combination of attr values, who serves it in which profile.

    ``registrations`` are those of all matrices of the op, which the cells of ``combinations`` count.
    """

    registrations: tuple[KernelRegistration, ...]
    device: str
    label: str
    combinations: Mapping[Admitted, _Cells]


def matrices(
    registrations: Sequence[KernelRegistration],
    profiles: Sequence[str],
    doubtful: Collection[KernelRegistration] = (),
) -> list[Matrix]:
    """The matrices of one op, by device and label.

    A combination leaves out the attrs that the kernel does not constrain; ``registrations`` are in some profile,
    or among the ``doubtful``, which may be in all others, too.
    """
    found: dict[tuple[str, str], dict[Admitted, _Cells]] = {}
    for position, registration in enumerate(registrations):
        combinations = found.setdefault((registration.device, registration.label), {})
        constraints = sorted(registration.constraints, key=lambda constraint: constraint.attr)
        for values in itertools.product(*(constraint.allowed for constraint in constraints)):
            key = tuple((c.attr, frozenset((value,))) for c, value in zip(constraints, values, strict=True))
            cells = combinations.setdefault(key, [[] for _ in profiles])
            for cell, profile in zip(cells, profiles, strict=True):
                if profile in registration.profiles:
                    cell.append(position)
                elif registration in doubtful and _MAYBE not in cell:
                    cell.append(_MAYBE)
    return [Matrix(tuple(registrations), *key, combinations) for key, combinations in sorted(found.items())]


def matrix_json(matrix: Matrix, profiles: Sequence[str]) -> list[Json]:
    """A row for each combination; the numbers are positions in the list of registrations.

    ``not_known`` are the profiles that may have more.
    """
    return [
        {
            "device": matrix.device,
            "label": matrix.label,
            "attrs": {attr: scalar_json(value) for attr, values in key for value in values},
            "profiles": {
                profile: [position for position in cell if position != _MAYBE]
                for profile, cell in zip(profiles, cells, strict=True)
            },
            "not_known": [profile for profile, cell in zip(profiles, cells, strict=True) if _MAYBE in cell],
        }
        for key, cells in sorted(matrix.combinations.items(), key=lambda item: _row_order(item[0]))
    ]


def print_matrices(found: Sequence[Matrix], profiles: Sequence[str]) -> None:
    """The tables, then the notes that their cells count: place and class of the kernels."""
    if not found:
        return
    registrations = found[0].registrations
    members: dict[tuple[object, ...], list[KernelRegistration]] = {}
    numbers: dict[int, int] = {_MAYBE: _MAYBE}
    tables: list[tuple[Matrix, list[_Row]]] = []
    for matrix in found:
        varied = _most_varied(matrix)
        for key in sorted(matrix.combinations, key=lambda key: _row_order(_first(key, varied))):
            for position in itertools.chain.from_iterable(matrix.combinations[key]):
                if position not in numbers:
                    kind = _kind(registrations[position])
                    members.setdefault(kind, []).append(registrations[position])
                    numbers[position] = list(members).index(kind) + 1
        tables.append((matrix, _rows(matrix, varied, numbers)))
    for matrix, rows in tables:
        _print(matrix, rows, profiles, marks=len(members) == 1)
    if any(_MAYBE in cell for matrix in found for cells in matrix.combinations.values() for cell in cells):
        click.echo(f"  {_UNKNOWN}  it is not known whether the build has a kernel")
    for number, kernels in enumerate(members.values(), start=1):
        _print_note(_PRESENT if len(members) == 1 else str(number), kernels)


def _kind(registration: KernelRegistration) -> tuple[object, ...]:
    """What kernels of one note share."""
    return (
        registration.location,
        shape(registration.kernel_class),
        registration.priority,
        registration.host_memory_args,
        registration.system,
    )


def _most_varied(matrix: Matrix) -> str:
    """The attr with most values: each of them has a row of its own."""
    values: dict[str, set[AttrScalar]] = {}
    for key in matrix.combinations:
        for attr, value in key:
            values.setdefault(attr, set()).update(value)
    return min(values, key=lambda attr: (-len(values[attr]), attr), default="")


def _rows(matrix: Matrix, varied: str, numbers: Mapping[int, int]) -> list[_Row]:
    alike: dict[tuple[Admitted, tuple[tuple[int, ...], ...]], list[Admitted]] = {}
    for key, cells in matrix.combinations.items():
        notes = tuple(
            tuple(sorted({numbers[p] for p in cell}, key=lambda note: (note == _MAYBE, note))) for cell in cells
        )
        own = tuple(item for item in key if item[0] == varied)
        alike.setdefault((own, notes), []).append(key)
    rows = [(part, notes) for (_, notes), keys in alike.items() for part in united(keys)]
    return sorted(rows, key=lambda row: (_row_order(_first(row[0], varied)), row[1]))


def _first(key: Admitted, attr: str) -> Admitted:
    return tuple(sorted(key, key=lambda item: (item[0] != attr, item[0])))


def _row_order(key: Admitted) -> list[tuple[str, list[tuple[str, AttrScalar]]]]:
    return [(attr, sorted((type(value).__name__, value) for value in values)) for attr, values in key]


def _print(matrix: Matrix, rows: Sequence[_Row], profiles: Sequence[str], *, marks: bool) -> None:
    varied = _most_varied(matrix)
    attrs = sorted({attr for key, _ in rows for attr, _ in key}, key=lambda attr: (attr != varied, attr))
    texts = {attr: [_value_text(dict(key).get(attr)) for key, _ in rows] for attr in attrs}
    # An attr that makes no difference is said once.
    fixed = [attr for attr in attrs[1:] if len(set(texts[attr])) == 1]
    attrs = [attr for attr in attrs if attr not in fixed]
    title = matrix.device + (f" label={matrix.label}" if matrix.label else "")
    for attr in fixed:
        title += f", {attr} {texts[attr][0]}".replace("|", " or ")
    click.echo(wrapped(title))
    marked = [[_cell(cell, marks=marks) for cell in cells] for _, cells in rows]
    named = [texts[attr] for attr in attrs] or [[_ANY] * len(rows)]
    body = [[*(column[at] for column in named), *marked[at]] for at in range(len(rows))]
    heads = attrs or [""]
    widths = [max(map(len, column)) for column in zip([*heads, *profiles], *body, strict=True)]
    if 4 + sum(widths) + 2 * (len(widths) - 1) > WIDTH:  # as print_table lays it out
        letters = [chr(ord("a") + position) for position in range(len(profiles))]
        legend = ", ".join(f"{letter} {profile}" for letter, profile in zip(letters, profiles, strict=True))
        click.echo(wrapped(legend, indent=4))
        heads = [*heads, *letters]
    else:
        heads = [*heads, *profiles]
    print_table(heads, body, indent=4)


def _value_text(values: frozenset[AttrScalar] | None) -> str:
    return _ANY if values is None else "|".join(map(value_word, allowed_json(values)))


def _cell(notes: Sequence[int], *, marks: bool) -> str:
    if not notes:
        return _ABSENT
    return ",".join(_UNKNOWN if note == _MAYBE else _PRESENT if marks else str(note) for note in notes)


def _print_note(mark: str, kernels: Sequence[KernelRegistration]) -> None:
    first = kernels[0]
    text = common([kernel.kernel_class for kernel in kernels])
    if first.priority:
        text += f", priority {first.priority}"
    if first.host_memory_args:
        text += f", host memory {' '.join(first.host_memory_args)}"
    if first.system:
        text += ", system"
    line = f"  {mark}  {first.location}  {text}"
    click.echo(line if len(line) <= WIDTH else f"  {mark}  {first.location}\n{wrapped(text, indent=7)}")
