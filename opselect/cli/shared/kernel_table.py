"""Registrations as rows of a table: what stands on one line of a source file becomes one row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from kernel_index.admitted import Admitted, united
from kernel_index.records import Condition, Constraint, KernelRegistration, Location
from kernel_index.records_json import allowed_json
from opselect.cli.shared.console import counted

HEADERS = ("file:line", "device", "constraints", "profiles")

MAX_PLACES = 3
"""How many conditions are listed for a macro that hides kernels; JSON has them all."""

_Row = tuple[str, int, str, tuple[str, ...]]
"""File, line, device with label and priority, profiles."""


def kernel_rows(
    registrations: Iterable[KernelRegistration],
    profiles: Sequence[str],
    doubtful: Collection[KernelRegistration] = (),
) -> list[tuple[str, ...]]:
    """Rows for :data:`HEADERS`, sorted by place, what more profiles have first; ``profiles`` are all of the index. Of
    the ``doubtful`` it is not known whether others have them.

    Registrations of one line, device, label, priority and set of profiles that differ in the values of one attr
    share a row with all those values, so that a row admits exactly what its registrations admit.
    """
    groups: dict[_Row, set[Admitted]] = {}
    for registration in registrations:
        device = device_text(registration)
        if registration.priority:
            device += f" priority={registration.priority}"
        at = registration.location
        allowed = tuple((c.attr, frozenset(c.allowed)) for c in sorted(registration.constraints, key=_attr_name))
        built = (*registration.profiles, *(["others not known"] if registration in doubtful else ()))
        groups.setdefault((at.file, at.line, device, built), set()).add(allowed)
    rows: list[tuple[str, ...]] = []
    for (file, line, device, in_profiles), constraints in sorted(groups.items(), key=_table_order):
        where = "all" if in_profiles == tuple(profiles) else ", ".join(in_profiles)
        place = str(Location(file, line))
        rows += [(place, device, text, where) for text in sorted(map(admitted_text, united(constraints)))]
    return rows


def hidden_notes(registrations: Iterable[KernelRegistration], profile: str | None = None) -> list[str]:
    """For each macro that hides registrations from mobile builds, a line about them and the conditions that do it.

    ``registrations`` are all of an op, ``profile`` is the build that is asked for, None for every one.
    """
    hidden: dict[tuple[tuple[str, ...], str, bool, str], list[tuple[KernelRegistration, Condition]]] = {}
    for registration in registrations:
        condition = registration.condition
        if condition is not None and (profile is None or profile not in registration.profiles):
            key = (registration.profiles, condition.macro, condition.defined, condition.needs)
            hidden.setdefault(key, []).append((registration, condition))
    lines = []
    for (profiles, macro, defined, needs), pairs in sorted(hidden.items()):
        devices = ", ".join(sorted({registration.device for registration, _ in pairs}))
        where = f"only in {', '.join(profiles)}" if profiles else "in no profile"
        # Without a profile to ask for, what some profile has stands in the table above.
        count = f"{len(pairs)} {'of these' if profiles and profile is None else 'more'} ({devices})"
        wanted = f"would need {needs}" if needs else f"{macro} would have to be {'defined' if defined else 'undefined'}"
        lines.append(f"{count} {where}: {wanted}")
        places = sorted({f"{condition.location}: {condition.text}" for _, condition in pairs})
        lines += [f"  {place}" for place in places[:MAX_PLACES]]
        if len(places) > MAX_PLACES:
            lines.append(f"  and {counted(len(places) - MAX_PLACES, 'more place')}")
    return lines


def device_text(registration: KernelRegistration) -> str:
    """The device, with the label of kernels that only nodes with an attr ``_kernel`` get."""
    return registration.device + (f" label={registration.label}" if registration.label else "")


def admitted_text(admitted: Admitted) -> str:
    """``T=float|half; Tidx=int32``; ``any`` where nothing is constrained."""
    return "; ".join(f"{attr}={'|'.join(map(value_word, allowed_json(values)))}" for attr, values in admitted) or "any"


def value_word(value: object) -> str:
    """A value of a JSON document as tables have it: ``float`` for ``DT_FLOAT``."""
    text = str(value)
    return text[3:].lower() if text.startswith("DT_") else text


def _table_order(item: tuple[_Row, set[Admitted]]) -> tuple[object, ...]:
    file, line, device, profiles = item[0]
    return file, line, device, -len(profiles), profiles


def _attr_name(constraint: Constraint) -> str:
    return constraint.attr
