"""``opselect locate``: where the kernels of an op are registered, for which types, in which builds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.build_options import real_build_options
from opselect.cli.shared.console import ConsoleWatch, counted, print_json, print_line, print_table
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option, macro_options, quiet_option, source_options
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import KernelSource, Macros

if TYPE_CHECKING:
    from opselect.usecases.locate import LocatedKernels


@click.command(
    "locate",
    short_help="Show where the kernels of ops are registered.",
    epilog="""\b
Examples:
  opselect locate Mul --tensorflow 2.14
  opselect locate Conv2D MatMul --tensorflow 1.13 --profile android-slim
  opselect locate Cumsum --tree tensorflow --json
""",
)
@click.argument("ops", nargs=-1, required=True, metavar="OP...")
@source_options
@click.option("--profile", metavar="NAME", help="Only what this build profile registers.")
@macro_options
@real_build_options
@json_option
@quiet_option
def command(
    ops: tuple[str, ...],
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    profile: str | None,
    macros: Macros,
    as_json: bool,
    quiet: bool,
) -> int:
    """Show the files and lines that register the kernels of an OP, with data types and build profiles.

    Registrations are found by preprocessing, so those that macros make are there too. What a condition hides from
    mobile builds is listed with the #if that does it. The exit code is 1 when one of the ops has no kernel.
    """
    from opselect.cli.shared.kernel_table import HEADERS, hidden_notes, kernel_rows
    from opselect.usecases.locate import locate

    source = KernelSource(release, tree, index_file, roots)
    check_source(source, macros)
    with ConsoleWatch(quiet=quiet) as watch:
        located = locate(ops, source, profile=profile, macros=macros, watch=watch)
    if as_json:
        print_json(_document(located))
    for each in located.ops:
        notes = hidden_notes(each.registered, located.profile)
        if not as_json and (each.found or notes):
            in_profile = f", profile {located.profile}" if located.profile else ""
            files = len({r.location.file for r in each.found})
            kernels = f"{counted(len(each.found), 'kernel')} in {counted(files, 'file')}"
            print_line(
                f"{each.op} (TensorFlow {located.release}{in_profile}): {kernels if each.found else 'no kernel'}"
            )
            if each.found:
                print_table(HEADERS, kernel_rows(each.found, located.profiles, each.doubtful), indent=2)
            for line in notes:
                print_line(f"  {line}")
        for sentence in each.problems:
            print_line(sentence, err=True)
    return DONE if all(each.found for each in located.ops) else NO


def _document(located: LocatedKernels) -> dict[str, object]:
    from kernel_index.records_json import registration_json

    ops = sorted(located.ops, key=lambda each: each.op)
    return {
        "ops": {each.op: [registration_json(r) for r in each.found] for each in ops},
        "hidden": {each.op: [registration_json(r) for r in each.hidden] for each in ops},
        "not_known": {each.op: list(each.not_known) for each in ops if each.not_known},
    }
