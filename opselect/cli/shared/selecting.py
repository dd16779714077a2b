"""What a build needs for models, and what is missing, as the commands say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.exit_codes import NO
from opselect.cli.shared.findings_text import Report, print_report
from opselect.cli.shared.needs import report_unread, unread_code

if TYPE_CHECKING:
    from opselect.usecases.select_kernels import BuildAnswer


def print_missing(found: BuildAnswer, models: Sequence[str], *, quiet: bool) -> None:
    """Tables of what is missing, left out by default or refused, on stderr.

    ``models`` is the model as it was typed where there is just one.
    """
    selection = found.selection
    left_out = () if quiet else found.criteria
    report = Report(selection.release, selection.profile, selection.unresolved, left_out, selection.verdict, models)
    print_report(report, err=True, quiet=quiet)


def report(found: BuildAnswer, *, allow_missing: bool) -> int:
    """Says at the end what could not be read or written, and returns the exit code."""
    unread = found.needed.unread
    report_unread(unread, found.needed.models)
    code = unread_code(unread)
    if found.complete or allow_missing:
        return code
    click.echo("Nothing was written. --allow-missing writes the lists without these.", err=True)
    return code or NO
