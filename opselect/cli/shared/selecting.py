"""What a build needs for models, and what is missing, as the commands say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.cells import attrs_text, such_as
from opselect.cli.shared.console import print_table
from opselect.cli.shared.criteria import print_findings
from opselect.cli.shared.exit_codes import NO
from opselect.cli.shared.needs import report_unread, unread_code
from opselect.cli.shared.refusals import print_verdict

if TYPE_CHECKING:
    from opselect.selection.select import Selection
    from opselect.usecases.select_kernels import BuildAnswer


def print_missing(found: BuildAnswer, models: Sequence[str], *, quiet: bool) -> None:
    """Tables of what is missing, left out by default or refused, on stderr.

    ``models`` is the model as it was typed where there is just one.
    """
    selection = found.selection
    if not quiet:
        print_findings(found.criteria, selection.release, selection.profile, models, err=True)
    if selection.unresolved:
        several = len({model for item in found.needed.requirements.items for model in item.models}) > 1
        _print_unresolved(selection, models, with_models=several)
    print_verdict(selection.verdict, selection.release, err=True, quiet=quiet)


def report(found: BuildAnswer, *, allow_missing: bool) -> int:
    """Says at the end what could not be read or written, and returns the exit code."""
    unread = found.needed.unread
    report_unread(unread, found.needed.models)
    code = unread_code(unread)
    if found.complete or allow_missing:
        return code
    click.echo("Nothing was written. --allow-missing writes the lists without these.", err=True)
    return code or NO


def _print_unresolved(selection: Selection, models: Sequence[str], *, with_models: bool) -> None:
    from kernel_index.records_json import attrs_json
    from opselect.usecases.model_names import as_typed

    count = len(selection.unresolved)
    click.echo(
        f"TensorFlow {selection.release}, profile {selection.profile}: {count} of the needed kernels "
        f"{'is' if count == 1 else 'are'} missing",
        err=True,
    )
    rows = [
        (
            missing.op,
            attrs_text(attrs_json(missing.attrs)),
            missing.device or "any",
            missing.reason,
            as_typed(missing.advice, models),
            such_as(missing.nodes),
            *((such_as(missing.models),) if with_models else ()),
        )
        for missing in selection.unresolved
    ]
    headers = ("op", "attrs", "device", "why", "what to do", "nodes", *(("models",) if with_models else ()))
    print_table(headers, rows, err=True, indent=2)
