"""Findings about a list: how they are made of an entry, and the mends that lists have."""

from __future__ import annotations

from kernel_index.build_files.entries import ListEntry
from kernel_index.records import Location
from opselect.findings import Finding, Mend, list_code
from opselect.findings.mends import Applicability, Command, ListEdit, run

OR = ", or"


def at_entry(kind: str, entry: ListEntry, message: str, *mends: Mend) -> Finding:
    """A finding about an entry: ``entry`` as the list spells it, and where it stands."""
    return in_list(kind, entry.list, entry.text, entry.location, message, *mends)


def in_list(kind: str, name: str, entry: str, place: Location, message: str, *mends: Mend) -> Finding:
    """A finding about a list: the name of a group (the full label of one of another package), or a path."""
    return Finding(list_code(kind), message, list=name, entry=entry, places=(place,) if place.file else (), mends=mends)


def order(finding: Finding) -> tuple[object, ...]:
    """The place, those without one last; then what is said."""
    place = finding.place
    return (not place.file, place.file, place.line, finding.kind, finding.entry, finding.list, finding.reason)


def removal(entry: ListEntry, *, applicability: Applicability = "likely", unless: str = "", lead: str = "") -> ListEdit:
    """How to take an entry out of its list."""
    verb = "exclude it from the glob of" if entry.globbed else "remove it from"
    return ListEdit(
        text=f"{verb} {entry.list}{unless}",
        list=entry.list,
        file=entry.location.file,
        remove=(entry.text,),
        applicability=applicability,
        lead=lead,
    )


def by_apply(*options: str) -> Command:
    """The command that does the same edit; it needs the models."""
    line = " ".join(("opselect", "apply", *options, "--write"))
    return run("`{command}`", line, applicability="guess", lead=OR)
