"""``opselect index list``: the releases whose index is shipped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import print_json, print_table
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import json_option

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex


@click.command(
    "list",
    short_help="List the shipped indexes.",
    epilog="""\b
Examples:
  opselect index list
  opselect index list --json
""",
)
@json_option
def command(as_json: bool) -> int:
    """List the releases of TensorFlow whose index comes with opselect.

    The note says where an index is not made from just the sources of the release. Of one that was made of libraries,
    --json has all that is read, borrowed and not known ("origin"), and opselect index show RELEASE prints it.
    """
    from kernel_index import shipped
    from kernel_index.store import open_index

    print_indexes((open_index(shipped.find(release)) for release in shipped.releases()), as_json=as_json)
    return DONE


def print_indexes(indexes: Iterable[KernelIndex], *, as_json: bool) -> None:
    """Prints a line an index; the notes have a column where there are any."""
    from kernel_index.records_json import origin_json

    rows, origins = [], []
    for index in indexes:
        rows.append((index.release, len(index.op_names()), index.count_registrations(), index.note))
        origins.append(origin_json(index.origin))
    if as_json:
        keys = ("tensorflow", "ops", "registrations", "note", "origin")
        print_json({"indexes": [dict(zip(keys, (*row, o), strict=True)) for row, o in zip(rows, origins, strict=True)]})
        return
    shown = 4 if any(note for *_, note in rows) else 3
    headers = ("TensorFlow", "ops", "registrations", "note")
    print_table(headers[:shown], [tuple(map(str, row[:shown])) for row in rows])
