"""``opselect index export``: every registration as a line of JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.options import FOLDER, quiet_option
from opselect.usecases.kernel_source import KernelSource


@click.command(
    "export",
    short_help="Write registrations as JSON lines.",
    epilog="""\b
Examples:
  opselect index export 2.14
  opselect index export mine.opselidx --profile android-slim
  opselect index export --tree tensorflow --profile desktop
""",
)
@click.argument("index", required=False, metavar="RELEASE|INDEX-FILE")
@click.option("--tree", type=FOLDER, metavar="PATH", help="Scan this TensorFlow checkout.")
@click.option("--profile", metavar="NAME", help="Only what this build profile registers.")
@quiet_option
def command(index: str | None, tree: Path | None, profile: str | None, quiet: bool) -> int:
    """Write the registrations of a release, an index file or a checkout to stdout, one JSON object a line.

    Registrations that no build profile has are left out.
    """
    if index is not None and tree is not None:
        raise click.UsageError("name either an index or --tree, not both")
    return export(release_or_file(index, tree), profile=profile, quiet=quiet)


def release_or_file(index: str | None, tree: Path | None = None) -> KernelSource:
    """The source that an argument names: an index file where there is one of that name, a release otherwise."""
    if index is not None and (Path(index).is_file() or "/" in index or index.endswith(".opselidx")):
        return KernelSource(index_file=Path(index), tree=tree)
    return KernelSource(release=index, tree=tree)


def export(source: KernelSource, *, profile: str | None, quiet: bool) -> int:
    """Prints the registrations and returns the exit code."""
    from kernel_index.records_json import registration_json
    from opselect.cli.shared.sources import open_source
    from opselect.usecases.open_kernels import profile_of

    index = open_source(source, quiet=quiet)
    wanted = None if profile is None else profile_of(index, profile)
    for registration in index.all_registrations():
        if registration.profiles and (wanted is None or wanted in registration.profiles):
            sys.stdout.write(json.dumps(registration_json(registration)) + "\n")
    return DONE
