"""``opselect generate`` for runtimes that run no models of TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from opselect.cli.shared.console import note, print_json, warn
from opselect.cli.shared.exit_codes import DONE
from opselect.cli.shared.needs import reading
from opselect.targets import kind_of

if TYPE_CHECKING:
    from opselect.targets import Target
    from opselect.usecases.runtime_question import RuntimeQuestion


_COUNT_HERE = frozenset(
    ("models", "targets", "out", "types", "with_optimizer_ops", "max_download", "as_json", "quiet", "config_file")
)
"""What says something of models that are not TensorFlow's."""


def generate_and_print(question: RuntimeQuestion, out: Path, *, as_json: bool, quiet: bool) -> int:
    """Writes the files, prints what came of it and returns the exit code."""
    from opselect.usecases.generate_other_runtimes import generate_for_runtime

    with reading(quiet=quiet) as watch:
        generated = generate_for_runtime(question, out, watch)
    if as_json:
        print_json(generated.to_json())
    note(generated.found.summary, quiet=quiet)
    for path in generated.paths:
        note(f"  {path}{'' if path in generated.changed else ' (unchanged)'}", quiet=quiet)
    for warning in generated.found.warnings:
        warn(warning, quiet=quiet)
    return DONE


def check_of_runtime(targets: tuple[Target, ...], models: tuple[str, ...], out: Path | None) -> Path:
    """The folder to write to. Raises click.UsageError for options that are about TensorFlow and its models, and for
    targets of several runtimes, whose models are not the same.
    """
    runtimes = {kind_of(target).runtime: target for target in targets}
    if len(runtimes) > 1:
        first, second = list(runtimes.values())[:2]
        raise click.UsageError(
            f"{first} and {second} are for different runtimes, which read different models: one call for each, or one "
            "opselect.yaml for all"
        )
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE
        if given and option.name not in _COUNT_HERE:
            raise click.UsageError(
                f"{option.opts[0]} says nothing here: --target {targets[0]} is written from whole models of its "
                "runtime, without TensorFlow"
            )
    if not models:
        raise click.UsageError("such a target is written from models of its runtime: name a MODEL")
    if out is None:
        raise click.UsageError("say where the files go: --out DIR (with --json, too)")
    return out
