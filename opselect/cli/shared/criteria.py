"""What of models is left out of mobile builds by default, as the commands say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.cells import such_as
from opselect.cli.shared.console import print_table, wrapped
from opselect.usecases.model_names import as_typed

if TYPE_CHECKING:
    from opselect.selection.left_out_by_default import Finding


def print_findings(
    found: Sequence[Finding], release: str, profile: str, models: Sequence[str] = (), *, err: bool = False
) -> None:
    """A table of the findings, and the reason of each criterion in it; nothing where there are none.

    ``release`` and ``profile`` are those that they are about, ``models`` the models as they were typed; the table goes
    to stdout, with ``err`` to stderr.
    """
    if not found:
        return
    click.echo(f"Left out of mobile builds by default (TensorFlow {release}, profile {profile}):", err=err)
    rows = [
        (
            each.op,
            _type_text(each),
            each.criterion.title,
            such_as(each.nodes),
            as_typed(each.advice.text, models),
        )
        for each in found
    ]
    print_table(("op", "type", "why", "such as", "what to do"), rows, err=err, indent=2)
    for criterion in dict.fromkeys(each.criterion for each in found):
        click.echo(wrapped(f"{criterion.title}: {criterion.sentence} ({criterion.source})"), err=err)


def _type_text(found: Finding) -> str:
    """``T=DT_INT64``, or the bare name where an op is made for one type; ``any`` where it is about none."""
    if found.dtype is None:
        return "any"
    return f"{found.attr}={found.dtype.name}" if found.attr else found.dtype.name
