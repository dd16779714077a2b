"""``opselect generate`` where all that is written asks for models of TensorFlow Lite alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from opselect.cli.shared.console import counted, note, print_line
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.findings_text import Report, print_report
from opselect.cli.shared.needs import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opselect.build_lists.lite import LiteOptions
    from opselect.targets import Target


def generate_for_models(
    models: Sequence[str],
    targets: Sequence[Target],
    out: Path,
    options: LiteOptions,
    *,
    allow_missing: bool,
    quiet: bool,
) -> int:
    """Writes the files, prints what came of it and returns the exit code."""
    from opselect.usecases.generate_lite import generate_for_lite

    with reading(quiet=quiet) as watch:
        written = generate_for_lite(models, targets, out, options, allow_missing=allow_missing, watch=watch)
    if written.findings:
        heading = f"TensorFlow Lite: {counted(len(written.findings), 'operator')} cannot be written"
        print_report(Report("", "", written.findings, models=models, heading=heading), err=True, quiet=quiet)
        if not allow_missing:
            print_line("Nothing was written. --allow-missing writes the files without these.", err=True)
            return NO
    note(f"TensorFlow Lite: {counted(len(written.models), 'model')}", quiet=quiet)
    for path in written.paths:
        note(f"  {path}{'' if path in written.changed else ' (unchanged)'}", quiet=quiet)
    return DONE
