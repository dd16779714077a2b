"""``opselect header show``: the ops and classes of a header, and which release they belong to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import real_build_options
from opselect.cli.shared.console import ConsoleWatch, counted, print_json, print_line, print_table
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option, source_options
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import DEFAULT_PROFILE, NO_MACROS, KernelSource

if TYPE_CHECKING:
    from opselect.usecases.show_header import HeaderReport

_FORMS = {
    "0.12": "as 0.12 and 1.0 write it",
    "1.1": "as 1.1 writes it",
    "1.2": "as 1.2 writes it",
    "1.3": "as 1.3 and later write it",
}


@click.command(
    "show",
    short_help="List the ops and classes of a header, and the release they are of.",
    epilog="""\b
Examples:
  opselect header show ops_to_register.h
  opselect header show ops_to_register.h --tensorflow 2.14 --profile android --json
""",
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@source_options
@click.option(
    "--profile", default=DEFAULT_PROFILE, show_default=True, metavar="NAME", help="The build that is to have them."
)
@real_build_options
@json_option
def command(
    file: Path,
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str,
    as_json: bool,
) -> int:
    """List what an ops_to_register.h registers, and which releases have its ops and kernel classes.

    With a TensorFlow, say which of them a build of --profile has, and which are misspelt or of another release; the
    exit code is 1 where one is not there. It is 1 too for the error message that TensorFlow's tool prints in place of a
    header, and where lines that are no C++ stand around it; 2 for a file that is no such header.
    """
    from opselect.usecases.show_header import show_header

    source = KernelSource(release, tree, index_file, roots)
    if source.given:
        check_source(source, NO_MACROS)
    with ConsoleWatch(quiet=False):
        report = show_header(file, source if source.given else None, profile)
    if as_json:
        print_json(report.to_json())
    else:
        _print(report)
    return DONE if report.good else NO


def _print(report: HeaderReport) -> None:
    header = report.header
    if header.error is not None:
        print_line(f"{report.path}: {header.error}", err=True)
    by = f" by {header.script}" if header.script else ""
    ops = "all ops" if header.ops is None else counted(len(header.ops), "op")
    classes = "all classes of kernels" if header.classes is None else f"kernel classes: {len(set(header.classes))}"
    print_line(f"{report.path}: {ops}, {classes}; written{by} {_FORMS[header.generation]}")
    click.echo(f"gradients of functions: {'registered' if header.gradient else 'not registered'}")
    if report.releases:
        click.echo(f"all of it is in TensorFlow {', '.join(report.releases)}")
    elif report.nearest:
        some = ", ".join(f"{release} ({missing} missing)" for release, missing in report.nearest)
        click.echo(f"no release has all of it; nearest: {some}")
    rows = [(row.kind, row.name, row.state) for row in report.rows]
    if rows:
        print_table(("", "name", "in " + report.build if report.build else ""), rows)
