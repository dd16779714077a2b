"""What a release refuses to load, as the commands say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.cells import such_as
from opselect.cli.shared.console import print_table, warn

if TYPE_CHECKING:
    from opselect.requirements.loading import Refusal, Verdict


def print_verdict(verdict: Verdict, release: str, *, err: bool, quiet: bool) -> None:
    """What is refused as a table, always; what is ignored and what could not be judged unless ``quiet``.

    ``release`` is the one that the verdict is of. The table goes to stdout, with ``err`` to stderr; the rest is
    warnings, which go to stderr.
    """
    if verdict.refused:
        click.echo(f"TensorFlow {release} does not load this:", err=err)
        _print_table(verdict.refused, err)
    for each in verdict.ignored:
        nodes = such_as(each.nodes)
        warn(f"TensorFlow {release} ignores what it does not know: {each.reason} ({nodes}). {each.advice}", quiet=quiet)
    for sentence in verdict.unjudged:
        warn(sentence, quiet=quiet)


def _print_table(refused: Sequence[Refusal], err: bool) -> None:
    several = len({model for each in refused for model in each.models}) > 1
    rows = [
        (
            each.op or "any",
            each.reason,
            each.advice,
            such_as(each.nodes),
            *((such_as(each.models),) if several else ()),
        )
        for each in refused
    ]
    print_table(("op", "why", "what to do", "nodes", *(("models",) if several else ())), rows, err=err, indent=2)
