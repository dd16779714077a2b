"""``opselect profile explain``: which profiles have a macro, and which kernels hang on it."""

from __future__ import annotations

from pathlib import Path

import click

from opselect.cli.shared.console import ConsoleWatch, counted, print_json, print_line
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.options import json_option, quiet_option, source_options
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import KernelSource

_SHOWN = 10


@click.command(
    "explain",
    short_help="Show which profiles have a macro, and what hangs on it.",
    epilog="""\b
Examples:
  opselect profile explain __ANDROID_TYPES_FULL__
  opselect profile explain INTEL_MKL GOOGLE_CUDA --tensorflow 2.14 --json
""",
)
@click.argument("macros", nargs=-1, required=True, metavar="MACRO...")
@source_options
@json_option
@quiet_option
def command(
    macros: tuple[str, ...],
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Say of each MACRO which profiles define it, where that comes from, and which kernels it hides from phones.

    With --tree also the conditions that ask for it, with file and line. The exit code is 1 where no condition around a
    registration asks for one of them: then no build registers anything else because of it.
    """
    from kernel_index.records_json import registration_json
    from opselect.usecases.shown_profiles import uses_of

    source = KernelSource(release, tree, index_file, roots)
    if source.given or roots:
        check_source(source)
    with ConsoleWatch(quiet=quiet) as watch:
        found = [uses_of(macro, source, watch) for macro in dict.fromkeys(macros)]
    if as_json:
        print_json(
            {
                each.macro: {
                    "decides": each.decides,
                    "profiles": dict(each.profiles),
                    "from": each.said_by,
                    "conditions": None if each.places is None else [str(place) for place in each.places],
                    "hidden": [registration_json(r) for r in each.hidden],
                }
                for each in found
            }
        )
        return DONE if all(each.decides for each in found) else NO
    for each in found:
        asked = "conditions around registrations ask for it" if each.decides else "no registration hangs on it"
        print_line(f"{each.macro}: {asked}")
        print_line(f"  defined in: {', '.join(each.profiles) or 'no profile'}")
        if each.said_by:
            print_line(f"  by: {each.said_by}")
        if each.places:
            print_line(f"  asked for in {counted(len(each.places), 'place')}:")
            _print_some([str(place) for place in each.places])
        if each.hidden:
            print_line(f"  hides {counted(len(each.hidden), 'kernel')} from builds for phones:")
            _print_some([f"{r.location}: {r.op} ({r.device})" for r in each.hidden])
    return DONE if all(each.decides for each in found) else NO


def _print_some(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        print_line(f"    {line}")
    if len(lines) > _SHOWN:
        print_line(f"    and {len(lines) - _SHOWN} more")
