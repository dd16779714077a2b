"""``opselect profile explain``: which kernels hang on a macro, and which macros decide the kernels of an op."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from kernel_index.near_names import meant
from opselect.cli.shared.console import ConsoleWatch, counted, print_json, print_line, print_table
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.kernel_table import hidden_notes
from opselect.cli.shared.options import json_option, quiet_option, source_options
from opselect.cli.shared.sources import check_source
from opselect.usecases.kernel_source import KernelSource

if TYPE_CHECKING:
    from opselect.usecases.shown_profiles import MacroUse, OpUse

_SHOWN = 10


@click.command(
    "explain",
    short_help="Show what hangs on a macro, or what the kernels of an op hang on.",
    epilog="""\b
Examples:
  opselect profile explain __ANDROID_TYPES_FULL__
  opselect profile explain INTEL_MKL GOOGLE_CUDA --tensorflow 2.14 --json
  opselect profile explain Cumsum --tensorflow 2.14
""",
)
@click.argument("names", nargs=-1, required=True, metavar="MACRO|OP...")
@source_options
@json_option
@quiet_option
def command(
    names: tuple[str, ...],
    release: str | None,
    tree: Path | None,
    index_file: Path | None,
    roots: tuple[Path, ...],
    as_json: bool,
    quiet: bool,
) -> int:
    """Say of each MACRO which profiles define it, where that comes from, and which kernels it hides from phones.

    With --tree also the conditions that ask for it, with file and line. The exit code is 1 where no registration hangs
    on one of them: then no build registers anything else because of it.

    Say of each OP how many kernels each profile has, by which macros, and which more a macro would have to open. The
    exit code is 1 where every build has the same.
    """
    from opselect.usecases.shown_profiles import OpUse, explained

    source = KernelSource(release, tree, index_file, roots)
    if source.given or roots:
        check_source(source)
    with ConsoleWatch(quiet=quiet) as watch:
        found = explained(dict.fromkeys(names), source, watch)
    if as_json:
        print_json(dict(_op_json(each) if isinstance(each, OpUse) else _macro_json(each) for each in found))
    else:
        for each in found:
            if isinstance(each, OpUse):
                _print_op(each)
            else:
                _print_macro(each)
    return DONE if all(each.decides for each in found) else NO


def _macro_json(use: MacroUse) -> tuple[str, object]:
    from kernel_index.records_json import registration_json

    return use.macro, {
        "decides": use.decides,
        "profiles": dict(use.profiles),
        "from": use.said_by,
        "conditions": None if use.places is None else [str(place) for place in use.places],
        "in_text": use.is_written,
        "hidden": [registration_json(r) for r in use.hidden],
    }


def _op_json(use: OpUse) -> tuple[str, object]:
    from kernel_index.records_json import registration_json

    return use.op, {
        "op": True,
        "decides": use.decides,
        "profiles": {
            name: {"kernels": count, "macros": dict(use.macros.get(name, {}))} for name, count in use.kernels.items()
        },
        "hidden": [registration_json(r) for r in use.registrations if r.condition is not None],
    }


def _print_macro(use: MacroUse) -> None:
    asked = "conditions around registrations ask for it" if use.decides else "no registration hangs on it"
    if use.is_written and not use.places:
        asked = "the text of registrations has it"
    print_line(f"{use.macro}: {asked}{meant(use.near)}")
    print_line(f"  defined in: {', '.join(use.profiles) or 'no profile'}")
    if use.said_by:
        print_line(f"  by: {use.said_by}")
    if use.places:
        print_line(f"  asked for in {counted(len(use.places), 'place')}:")
        _print_some([str(place) for place in use.places])
    if use.hidden:
        print_line(f"  hides {counted(len(use.hidden), 'kernel')} from builds for phones:")
        _print_some([f"{r.location}: {r.op} ({r.device})" for r in use.hidden])


def _print_op(use: OpUse) -> None:
    same = "every build has the same kernels" if use.registrations else "no build has a kernel of it"
    print_line(f"{use.op}: {'its kernels hang on macros' if use.decides else same}")
    rows = [
        (name, str(count), " ".join(f"{n}={v}" if v != "1" else n for n, v in use.macros.get(name, {}).items()))
        for name, count in use.kernels.items()
    ]
    print_table(("profile", "kernels", "macros that decide"), rows, indent=2)
    for line in hidden_notes(use.registrations):
        print_line(f"  {line}")


def _print_some(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        print_line(f"    {line}")
    if len(lines) > _SHOWN:
        print_line(f"    and {len(lines) - _SHOWN} more")
