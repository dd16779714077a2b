"""Models on a command line: their paths and URLs, and which of their graphs and signatures are meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from opselect.cli.shared.options import Command, parsed_into, split_names

if TYPE_CHECKING:
    from opselect.models.choice import Choice


def choice_options(command: Command) -> Command:
    """Which part of a model counts, as the argument ``choice``.

    By ``--tags``, ``--signature``, ``--all-signatures``, ``--inputs`` and ``--outputs``.
    """
    command = parsed_into("choice", _parse_choice, command)
    for option in (
        click.option(
            "--outputs", multiple=True, metavar="NAMES", help="Nodes that are fetched: only their needs count."
        ),
        click.option(
            "--inputs", multiple=True, metavar="NAMES", help="Nodes that are fed: nothing upstream of them counts."
        ),
        click.option("--all-signatures", is_flag=True, help="Count what any signature reaches (the default)."),
        click.option(
            "--signature", "signatures", multiple=True, metavar="KEYS", help="Count only what these signatures reach."
        ),
        click.option("--tags", multiple=True, metavar="TAGS", help="The MetaGraph with just these tags."),
    ):
        command = option(command)
    return command


def _parse_choice(
    tags: tuple[str, ...],
    signatures: tuple[str, ...],
    all_signatures: bool,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
) -> Choice:
    """The values of :func:`choice_options`; names may be repeated and separated by commas.

    Raises click.UsageError where they contradict each other.
    """
    from opselect.models.choice import Choice

    choice = Choice(
        split_names(tags), split_names(signatures), all_signatures, split_names(inputs), split_names(outputs)
    )
    if choice.signatures and choice.all_signatures:
        raise click.UsageError("--signature and --all-signatures exclude each other")
    if (choice.signatures or choice.all_signatures) and (choice.inputs or choice.outputs):
        raise click.UsageError("a signature has inputs and outputs of its own: leave out --inputs and --outputs")
    return choice
