"""``opselect index list``: the releases whose index is shipped."""

from __future__ import annotations

import click

from opselect.cli.console import print_json, print_table
from opselect.cli.exit_codes import DONE
from opselect.cli.options import json_option


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
    """List the releases of TensorFlow whose index comes with opselect."""
    from kernel_index import shipped
    from kernel_index.store import open_index

    indexes = [open_index(shipped.find(release)) for release in shipped.releases()]
    rows = [(index.release, len(index.op_names()), sum(1 for _ in index.all_registrations())) for index in indexes]
    if as_json:
        print_json({"indexes": [{"tensorflow": r, "ops": ops, "registrations": count} for r, ops, count in rows]})
    else:
        print_table(("TensorFlow", "ops", "registrations"), [(r, str(ops), str(count)) for r, ops, count in rows])
    return DONE
