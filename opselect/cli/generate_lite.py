"""``opselect generate`` where all that is written asks for models of TensorFlow Lite alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import counted, note, print_json, print_line, warn
from opselect.cli.shared.exit_codes import DONE, NO
from opselect.cli.shared.needs import reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opselect.findings import Finding
    from opselect.models.choice import Choice
    from opselect.usecases.generate_lite import LiteQuestion


_NO_KERNEL = "OPS129"
"""What is said of a kernel of TensorFlow that an ops list cannot name; all else is of operators, and of no release."""

NOT_WRITTEN = "Nothing was written. --allow-missing writes the files without these."


def generate_for_models(question: LiteQuestion, out: Path, *, allow_missing: bool, as_json: bool, quiet: bool) -> int:
    """Writes the files, prints what came of it and returns the exit code."""
    from opselect.usecases.generate_lite import generate_for_lite

    with reading(quiet=quiet) as watch:
        generated = generate_for_lite(question, out, allow_missing=allow_missing, watch=watch)
    if as_json:
        print_json(generated.to_json())
    print_missing_of_models(generated.missing, generated.release, generated.profile, question.models, quiet=quiet)
    if generated.missing and not allow_missing:
        print_line(NOT_WRITTEN, err=True)
        return NO
    note(f"TensorFlow Lite: {counted(len(generated.models), 'model')}", quiet=quiet)
    for path in generated.paths:
        note(f"  {path}{'' if path in generated.changed else ' (unchanged)'}", quiet=quiet)
    for warning in generated.warnings:
        warn(warning, quiet=quiet)
    return DONE


def print_missing_of_models(
    missing: Sequence[Finding], release: str, profile: str, models: Sequence[str], *, quiet: bool
) -> None:
    """What targets lack that ask for the models alone, on stderr; nothing where there is nothing."""
    from opselect.cli.shared.findings_text import Report, print_report

    named = tuple(models) if len(models) == 1 else ()
    kernels = [each for each in missing if each.code == _NO_KERNEL]
    operators = [each for each in missing if each.code != _NO_KERNEL]
    # Without any there is nothing to print, whatever the heading.
    heading = f"TensorFlow Lite: {counted(len(operators), 'operator')} cannot be written"
    for report in (
        Report(release, profile, kernels, models=named),
        Report("", "", operators, models=named, heading=heading),
    ):
        print_report(report, err=True, quiet=quiet)


def check_of_models(
    models: tuple[str, ...],
    kept: tuple[str, ...],
    choice: Choice,
    ops_lists: tuple[str, ...],
    out: Path | None,
    html_file: str | None,
) -> Path:
    """The folder to write to. Raises click.UsageError for options that say nothing where no kernels are selected."""
    if kept or not models:
        raise click.UsageError("such a target is written from models of TensorFlow Lite alone: name a MODEL")
    if choice:
        raise click.UsageError(
            "such a target has the operators of whole models: a part of one is chosen for kernels of TensorFlow alone"
        )
    if ops_lists:
        raise click.UsageError(
            "--ops-list adds kernels of TensorFlow, and such a target has those of the models alone: leave it out, or "
            "write --target flex-ops without --compat"
        )
    if html_file is not None:
        raise click.UsageError("--html tells of kernels and files, and none are selected for this target")
    if out is None:
        raise click.UsageError(
            "say where the files go: --out DIR (--json tells which were written, not what is in them)"
        )
    return out
