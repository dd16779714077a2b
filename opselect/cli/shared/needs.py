"""Models and kept requirements on a command line, and what is said of those that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import ConsoleWatch, counted
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.exit_codes import DEFECT, DONE, NO, UNUSABLE
from opselect.cli.shared.options import Command
from opselect.usecases.workers import MANY

if TYPE_CHECKING:
    from opselect.models.choice import Choice
    from opselect.requirements.of_many_models import Failure
    from opselect.usecases.read_requirements import ModelSet

KEPT = "--requirements"


class NeedsCommand(click.Command):
    """A command whose option ``--requirements`` takes all arguments up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, spread(args, KEPT, ctx))


def spread(arguments: Sequence[str], option: str, ctx: click.Context | None = None) -> list[str]:
    """The arguments with ``option`` repeated before each value that follows it, which is how click has several values.

    Raises click.BadOptionUsage where no value follows.
    """
    spelled: list[str] = []
    remaining = iter(arguments)
    collecting = empty = False
    for argument in remaining:
        if argument == "--":
            spelled += [argument, *remaining]
            break
        if argument.startswith("-"):
            if empty:
                break
            collecting = empty = argument == option
            if not collecting:
                spelled.append(argument)
        else:
            spelled += [option, argument] if collecting else [argument]
            empty = False
    if empty:
        raise click.BadOptionUsage(option, f"Option '{option}' requires an argument.", ctx)
    return spelled


def needs_options(command: Command) -> Command:
    """``MODEL...``, ``--requirements``, ``--jobs`` and ``--dask``, for a :class:`NeedsCommand`."""
    for option in (
        click.option(
            "--dask", default="", metavar="ADDRESS", help="Read the models on the dask cluster of this address."
        ),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            metavar="N",
            help=f"Read the models in N processes. Default: one a core from {MANY} models on.",
        ),
        click.option(
            KEPT,
            "kept",
            multiple=True,
            metavar="FILE...",
            help="Add what 'opselect requirements --json' printed before; takes all arguments up to the next option.",
        ),
        click.argument("models", nargs=-1, metavar="[MODEL]...", type=click.UNPROCESSED),
        max_download_option,
    ):
        command = option(command)
    return command


def parse_needs(
    models: tuple[str, ...],
    kept: tuple[str, ...],
    choice: Choice,
    jobs: int | None,
    dask: str,
    *,
    inserted: bool,
    named: bool = False,
) -> ModelSet:
    """The values of :func:`needs_options`; without any where something is ``named`` by other options.

    Raises click.UsageError where there are none or they exclude each other.
    """
    from opselect.usecases.read_requirements import ModelSet

    if not (models or kept or named):
        raise click.UsageError(f"name a MODEL, or a file of requirements with {KEPT}")
    if jobs is not None and dask:
        raise click.UsageError("--jobs and --dask exclude each other")
    return ModelSet(models, kept, choice, inserted, jobs, dask)


@contextmanager
def reading(*, quiet: bool, waiting: bool = False) -> Iterator[ConsoleWatch]:
    """Who watches while models are read; where none of several could be, they are listed and the command ends."""
    from opselect.usecases.read_requirements import NoModelReadError

    try:
        with ConsoleWatch(quiet=quiet, waiting=waiting) as watch:
            yield watch
    except NoModelReadError as error:
        report_unread(error.unread, len(error.unread))
        raise click.exceptions.Exit(unread_code(error.unread, UNUSABLE)) from None


def unread_code(unread: Sequence[Failure], otherwise: int = NO) -> int:
    """The exit code that models deserve which could not be read; ``otherwise`` where that is no defect of opselect."""
    if not unread:
        return DONE
    return DEFECT if any(failure.defect for failure in unread) else otherwise


def report_unread(unread: Sequence[Failure], models: int) -> None:
    """Lists on stderr those of so many models that could not be read."""
    if not unread:
        return
    click.echo(f"{len(unread)} of {counted(models, 'model')} could not be read:", err=True)
    for failure in unread:
        kind = "internal error: " if failure.defect else ""
        click.echo("\n".join(f"  {line}" for line in f"{kind}{failure.problem}".splitlines()), err=True)
    if any(failure.defect for failure in unread):
        click.echo(
            "An internal error is a defect in opselect. Please report it with what 'opselect --debug requirements' "
            "prints for that model alone.",
            err=True,
        )
