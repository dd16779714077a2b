"""``opselect profile list``: the profiles and what they are."""

from __future__ import annotations

import click

from opselect.cli.shared.console import print_json, print_table
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import json_option


@click.command(
    "list",
    short_help="List the build profiles.",
    epilog="""\b
Examples:
  opselect profile list
  opselect profile list --json
""",
)
@json_option
def command(as_json: bool) -> int:
    """List the build profiles, each with the build that it stands for."""
    from kernel_index.profiles import profiles
    from opselect.usecases.open_kernels import newest_release

    known = profiles(newest_release())
    if as_json:
        print_json({"profiles": {profile.name: profile.summary for profile in known}})
    else:
        print_table(("profile", "build"), [(profile.name, profile.summary) for profile in known])
    return DONE
