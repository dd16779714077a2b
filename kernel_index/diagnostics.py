"""What a scan could not evaluate, in few lines: what fails a thousand times in one way is one line with a count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from kernel_index.records import UNSURE, Diagnostic, Lost
from kernel_index.shown import shortened

_MAX_ALIKE = 3
"""Maximum number of diagnostics alike that are listed one by one."""

_MAX_TYPES = 8

COLLIDES = "collides with the one at"
"""In every diagnostic of two kernels that match the same nodes."""

_QUOTED = re.compile(r"'[^']*'")


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics by place, each once; what they quote of a source is cut where it is overlong."""
    cut = {replace(each, message=shortened(each.message)) for each in diagnostics}
    return tuple(sorted(cut, key=lambda d: (d.location, d.message, d.lost or Lost())))


def in_few_lines(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """A line each, but one for all registrations of unknown types, and one for many that fail alike in one macro.

    Conditions fail alike where the same macro of theirs cannot be evaluated, whatever its arguments are.
    """
    groups: dict[tuple[str, ...], list[Diagnostic]] = {}
    each = list(dict.fromkeys(diagnostics))
    frequent = {message for message, count in Counter(d.message for d in each if d.lost).items() if count > _MAX_ALIKE}
    for diagnostic in each:
        groups.setdefault(_kind(diagnostic, frequent), []).append(diagnostic)
    lines: list[str] = []
    for kind, group in groups.items():
        if kind[0] == "types" and len(group) > 1:
            lines.append(_types_line(group))
        elif len(group) > _MAX_ALIKE:
            through = f" through {kind[1]}" if kind[1] else ""
            verb = "collide" if kind[0] == "collision" else "fail"
            noun = "places" if kind[0] == "condition" else "registrations"
            lines.append(f"{group[0]}; and {len(group) - 1} more {noun}{through} that {verb} alike")
        else:
            lines += dict.fromkeys(map(str, group))
    return lines


def _kind(diagnostic: Diagnostic, frequent: Collection[str]) -> tuple[str, ...]:
    """What diagnostics have in common that are reported together."""
    lost = diagnostic.lost
    if lost is None and COLLIDES in diagnostic.message:
        return ("collision", "")
    if lost is None and diagnostic.message.startswith("#"):
        directive, _, why = diagnostic.message.rpartition(": ")
        if _QUOTED.search(why):  # the macro
            return ("condition", "", directive.partition(" ")[0], why)
    if lost is None:
        return ("place", "", str(diagnostic))
    if lost.type:
        return ("types", "")
    if diagnostic.message in frequent:
        return ("message", "", diagnostic.message)
    return ("macro", lost.macro, _QUOTED.sub("''", diagnostic.message))


def _types_line(group: Sequence[Diagnostic]) -> str:
    types = sorted({d.lost.type for d in group if d.lost is not None})
    named = ", ".join(types[:_MAX_TYPES])
    more = f" and {len(types) - _MAX_TYPES} more" if len(types) > _MAX_TYPES else ""
    noun = "type" if len(types) == 1 else "types"
    return (
        f"{len(group)} registrations of {noun} {named}{more} left out: not known as data types "
        f"(the first at {group[0].location})"
    )


def unevaluated(op: str, diagnostics: Iterable[Diagnostic], *, named: bool = False) -> list[Diagnostic]:
    """The registrations that could not be evaluated and may be of an op; with ``named`` only those that surely are."""
    meant = (op,) if named else (op, "")
    found = [d for d in diagnostics if d.lost is not None and d.lost.what != UNSURE and d.lost.op in meant]
    return sorted(found, key=lambda d: (_op(d.lost) != op, d.location, d.message))


def unsure(op: str, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What is not known of an op, by place: which other builds have a kernel, or whether the op keeps state."""
    return [d for d in diagnostics if d.lost is not None and d.lost.what == UNSURE and d.lost.op == op]


def unevaluated_text(lost: Sequence[Diagnostic]) -> str:
    """The sentence that some registrations could not be evaluated and may be the op that is asked for."""
    places = list(dict.fromkeys(str(d.location) for d in lost))
    more = f" and {len(places) - _MAX_ALIKE} more places" if len(places) > _MAX_ALIKE else ""
    return f"a registration in {', '.join(places[:_MAX_ALIKE])}{more} could not be evaluated and may be this op"


def _op(lost: Lost | None) -> str:
    return lost.op if lost is not None else ""
