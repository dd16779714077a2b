"""What a command line's models and kept requirements need together."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kernel_index.shown import shown_path
from opselect.cli.shared.console import counted, progress_bar, warn
from opselect.cli.shared.download import max_download_option
from opselect.cli.shared.exit_codes import DEFECT, DONE, NO, UNUSABLE
from opselect.cli.shared.options import Command
from opselect.cli.shared.workers import MANY, open_workers

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.models.choice import Choice
    from opselect.requirements.collect import Requirements
    from opselect.requirements.of_many_models import Collected, Failure

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


@dataclass(frozen=True, slots=True)
class Needs:
    """Where needs are read from: models, and files with the requirements of others; and by whom."""

    models: tuple[str, ...]
    kept: tuple[str, ...]
    choice: Choice
    jobs: int | None = None
    dask: str = ""

    @property
    def only_model(self) -> tuple[str, ...]:
        """The model if it is all there is."""
        return self.models if len(self.models) == 1 and not self.kept else ()


@dataclass(frozen=True, slots=True)
class Needed:
    """What is needed together; of so many models, those that could not be read; the exit code that this deserves."""

    requirements: Requirements
    models: int = 1
    unread: tuple[Failure, ...] = ()
    code: int = DONE


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


def parse_needs(models: tuple[str, ...], kept: tuple[str, ...], choice: Choice, jobs: int | None, dask: str) -> Needs:
    """The values of :func:`needs_options`. Raises click.UsageError where there are none or they exclude each other."""
    if not (models or kept):
        raise click.UsageError(f"name a MODEL, or a file of requirements with {KEPT}")
    if jobs is not None and dask:
        raise click.UsageError("--jobs and --dask exclude each other")
    return Needs(models, kept, choice, jobs, dask)


def read_needs(needs: Needs, index: KernelIndex | None, *, inserted: bool, quiet: bool) -> Needed:
    """Reads everything and merges it; warnings go to stderr as they come.

    What was kept is held against ``index`` where there is one. Without ``inserted``, ops that the runtime only may
    insert are left out. Raises InputError for a kept file that cannot be read or is of no use for the index, and for
    the only model if there is nothing else.
    """
    needed = _read(needs, index, quiet)
    return needed if inserted else replace(needed, requirements=needed.requirements.without_inserted())


def _read(needs: Needs, index: KernelIndex | None, quiet: bool) -> Needed:
    from opselect.requirements.collect import Requirements

    names = model_names(needs.models)
    if len(names) == 1 and not needs.kept:
        return Needed(_only_model(*names.popitem(), index, needs.choice, quiet))
    parts = [_kept(path, index, quiet) for path in dict.fromkeys(needs.kept)]
    unread: tuple[Failure, ...] = ()
    if names:
        collected = _collect(names, needs, index, quiet)
        parts.append(collected.requirements)
        unread = collected.failures
    code = DONE
    if unread:
        code = NO if needs.kept or len(unread) < len(names) else UNUSABLE
        code = DEFECT if any(failure.defect for failure in unread) else code
    return Needed(Requirements.merge(parts), len(names), unread, code)


def _kept(path: str, index: KernelIndex | None, quiet: bool) -> Requirements:
    from opselect.requirements.as_json import load_requirements
    from opselect.requirements.for_release import for_index

    kept = load_requirements(path)
    return kept if index is None else _warned(for_index(kept, index, path), quiet)


def _warned(needed: Requirements, quiet: bool) -> Requirements:
    for warning in needed.warnings:
        warn(warning, quiet=quiet)
    return needed


def _only_model(path: str, name: str, index: KernelIndex | None, choice: Choice, quiet: bool) -> Requirements:
    from opselect.requirements.of_many_models import collect_model

    return _warned(collect_model(path, name, index=index, choice=choice), quiet)


def _collect(names: dict[str, str], needs: Needs, index: KernelIndex | None, quiet: bool) -> Collected:
    from opselect.requirements.of_many_models import CHUNK, collect_many

    with (
        progress_bar("Reading models", quiet=quiet or len(names) < MANY) as bar,
        open_workers(len(names), jobs=needs.jobs, dask=needs.dask) as workers,
    ):
        return collect_many(
            names,
            index=index,
            choice=needs.choice,
            names=names,
            executor=workers.executor,
            # Large models are dealt out in smaller lots where there are few of them.
            chunk=max(1, min(CHUNK, len(names) // (4 * workers.number))),
            in_flight=8 * workers.number,
            progress=None if bar is None else lambda done: bar(done, len(names)),
            warn=lambda warning: warn(warning, quiet=quiet),
        )


def report_unread(needed: Needed) -> None:
    """Lists on stderr the models that could not be read."""
    if not needed.unread:
        return
    click.echo(f"{len(needed.unread)} of {counted(needed.models, 'model')} could not be read:", err=True)
    for failure in needed.unread:
        kind = "internal error: " if failure.defect else ""
        click.echo("\n".join(f"  {line}" for line in f"{kind}{failure.problem}".splitlines()), err=True)
    if any(failure.defect for failure in needed.unread):
        click.echo(
            "An internal error is a defect in opselect. Please report it with what 'opselect --debug requirements' "
            "prints for that model alone.",
            err=True,
        )


def model_names(models: Sequence[str]) -> dict[str, str]:
    """What each path is called in the output: its file name, with as many folders as make it the only one.

    Outputs must not depend on where a checkout lies, so no name is an absolute path. A model named twice counts once.
    """
    first: dict[str, str] = {}
    for path in models:
        first.setdefault(path if "://" in path else os.path.realpath(path), path)
    unnamed: dict[str, Sequence[str]] = {}
    alike: Counter[str] = Counter()
    for path in first.values():
        shown = shown_path(path)
        alike[shown] += 1
        # Of URLs that differ in their secrets only, each later one has its number.
        number = f" ({alike[shown]})" if alike[shown] > 1 else ""
        unnamed[path] = f"{shown}{number}".split("/") if "://" in path else Path(path).absolute().parts
    names = dict.fromkeys(unnamed, "")
    depth = 0
    while unnamed:
        depth += 1
        endings = {path: "/".join(parts[-depth:]) for path, parts in unnamed.items()}
        shared = Counter(endings.values())
        for path, ending in endings.items():
            if shared[ending] == 1:
                names[path] = ending
                del unnamed[path]
    return names
