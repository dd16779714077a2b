"""Which built-in operators does the schema of a release have, and under which number?

An operator that the schema lacks has no enumerator: code that names it does not compile there.
"""

from __future__ import annotations

from opselect.lite.runtimes.releases import LiteRelease, find_release
from opselect.lite.runtimes.tables import tables

GREATER_CODES = 127
"""What stands in the old field of a model for codes above it, which runtimes from 2.4 on read from another field."""


def schema_releases() -> tuple[LiteRelease, ...]:
    """The releases whose schema is known; LiteRT before 2.0 has none of its own."""
    return tables().schemas


def schema_has(op: str, release: str) -> bool:
    """Whether the schema of a release (``2.8``, ``litert-2.2.0``) has a built-in operator.

    Raises OpselectError for a release whose schema is not known, and names the nearest that are.
    """
    changes = tables().codes.get(op)
    found = find_release(release, schema_releases())
    return changes is not None and changes.at(found) is not None


def first_schemas(op: str) -> tuple[LiteRelease, ...]:
    """The first release of TensorFlow, and the first of LiteRT, whose schema has a built-in operator."""
    changes = tables().codes.get(op)
    found: dict[bool, LiteRelease] = {}
    for release in schema_releases() if changes is not None else ():
        if changes is not None and changes.at(release) is not None:
            found.setdefault(release.is_litert, release)
    return tuple(found[line] for line in sorted(found))


def operator_code(op: str) -> int | None:
    """The number of a built-in operator in the newest schema that has it; None for no operator."""
    changes = tables().codes.get(op)
    values = [value for _, value in changes.changes if value is not None] if changes is not None else []
    return values[-1] if values else None


def operator_of_code(code: int) -> str:
    """The operator that has a number in the newest schema; empty for none."""
    return next((op for op in tables().codes if operator_code(op) == code), "")
