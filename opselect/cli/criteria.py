"""What of models is left out of mobile builds by default, as the commands say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opselect.cli.cells import such_as
from opselect.cli.console import print_table, wrapped

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.entries import Choice
    from opselect.policy import Finding
    from opselect.requirements import Requirements


def read_findings(
    needed: Requirements, index: KernelIndex, profile: str, models: Sequence[str], choice: Choice
) -> tuple[Finding, ...]:
    """What a build of the profile lacks by default of what is needed.

    The advice about a single model is tried on its graph, which is read for that; about several it is general.
    """
    from opselect.entries import read_chosen
    from opselect.policy import findings

    found = findings(needed, index, profile)
    if not found or len(models) != 1:
        return found
    with read_chosen(models[0], choice) as chosen:
        if not chosen.is_whole:
            return found
        return findings(needed, index, profile, graph=chosen.graph, model=models[0], entries=chosen.entries)


def print_findings(found: Sequence[Finding], release: str, profile: str, *, err: bool = False) -> None:
    """A table of the findings, and the reason of each criterion in it; nothing where there are none.

    ``release`` and ``profile`` are those that they are about; the table goes to stdout, with ``err`` to stderr.
    """
    if not found:
        return
    click.echo(f"Left out of mobile builds by default (TensorFlow {release}, profile {profile}):", err=err)
    rows = [(each.op, _type_text(each), each.criterion.title, such_as(each.nodes), each.advice.text) for each in found]
    print_table(("op", "type", "why", "such as", "what to do"), rows, err=err, indent=2)
    for criterion in dict.fromkeys(each.criterion for each in found):
        click.echo(wrapped(f"{criterion.title}: {criterion.sentence} ({criterion.source})"), err=err)


def _type_text(found: Finding) -> str:
    """``T=DT_INT64``, or the bare name where an op is made for one type; ``any`` where it is about none."""
    if found.dtype is None:
        return "any"
    return f"{found.attr}={found.dtype.name}" if found.attr else found.dtype.name
