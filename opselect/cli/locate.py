"""``opselect locate``: where the kernels of an op are registered, for which types, in which builds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import counted, print_json, print_table
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import (
    DEFAULT_PROFILE,
    Macros,
    Source,
    json_option,
    macro_options,
    quiet_option,
    source_options,
)

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex


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

    Registrations are found by preprocessing, so those behind macros are there too. What a condition hides from mobile
    builds is listed with the #if that does it. The exit code is 1 when one of the ops has no kernel.
    """
    source = Source(release, tree, index_file, roots)
    return locate(ops, source, profile=profile, macros=macros, as_json=as_json, quiet=quiet)


def locate(
    ops: tuple[str, ...], source: Source, *, profile: str | None, macros: Macros, as_json: bool, quiet: bool
) -> int:
    """Prints the registrations of the ops and returns the exit code."""
    from kernel_index.diagnostics import unevaluated, unevaluated_text
    from kernel_index.records_json import registration_json
    from opselect.cli.shared.kernel_table import HEADERS, hidden_notes, kernel_rows
    from opselect.cli.shared.sources import open_source, profile_of

    index = open_source(source, macros=macros, profile=profile or DEFAULT_PROFILE, quiet=quiet)
    wanted = None if profile is None else profile_of(index, profile, macros)
    found = {
        op: [r for r in index.registrations(op) if r.profiles and (wanted is None or wanted in r.profiles)]
        for op in dict.fromkeys(ops)
    }
    if as_json:
        shown = {op: [registration_json(r) for r in rows] for op, rows in sorted(found.items())}
        # What some other profile has is no secret: it is hidden only if a condition says so.
        hidden = {
            op: [
                registration_json(r)
                for r in index.registrations(op)
                if not r.profiles or (r.condition is not None and wanted is not None and wanted not in r.profiles)
            ]
            for op in sorted(found)
        }
        print_json({"ops": shown, "hidden": hidden})
    for op, registrations in found.items():
        notes = hidden_notes(index.registrations(op), wanted)
        if not as_json and (registrations or notes):
            in_profile = f", profile {wanted}" if wanted else ""
            files = len({r.location.file for r in registrations})
            kernels = f"{counted(len(registrations), 'kernel')} in {counted(files, 'file')}"
            click.echo(f"{op} (TensorFlow {index.release}{in_profile}): {kernels if registrations else 'no kernel'}")
            if registrations:
                print_table(HEADERS, kernel_rows(registrations, index.profiles), indent=2)
            for line in notes:
                click.echo(f"  {line}")
        if not registrations:
            click.echo(_why_nothing(op, wanted, index), err=True)
            lost = unevaluated(op, index.diagnostics, named=bool(index.registrations(op)))
            if lost:
                click.echo(f"{op}: {unevaluated_text(lost)}", err=True)
    return DONE if all(found.values()) else NO


def _why_nothing(op: str, profile: str | None, index: KernelIndex) -> str:
    from opselect.cli.shared.sources import unknown_op

    definition = index.op_definition(op)
    registered = index.registrations(op)
    if definition is None and not registered:
        return unknown_op(op, index)
    elsewhere = [name for name in index.profiles if any(name in r.profiles for r in registered)]
    if elsewhere:
        return f"{op}: no kernel in profile {profile}, but in {', '.join(elsewhere)}"
    place = f" (the op is defined in {definition.location})" if definition else ""
    return f"{op}: no build profile registers a kernel{place}"
