"""From a command line's models and TensorFlow to the kernels that a build needs, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.exit_codes import NO, UNUSABLE
from opselect.cli.shared.needs import Needed, Needs, read_needs, report_unread
from opselect.cli.shared.options import Macros, Source

if TYPE_CHECKING:
    from kernel_index.index import KernelIndex
    from opselect.selection.select import Selection


@dataclass(frozen=True, slots=True)
class Question:
    """What is needed, and of which TensorFlow, built how.

    ``builds`` are those whose libraries must do, None for those that make binaries of the profile; ``have`` are
    libraries that these have besides.
    """

    needs: Needs
    source: Source
    profile: str
    macros: Macros
    inserted: bool
    allow_missing: bool
    quiet: bool
    builds: tuple[str, ...] | None = None
    have: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """The selection, and whether it may be written; ``code`` is the exit code of a command that has done so."""

    index: KernelIndex
    selection: Selection
    needed: Needed
    may_write: bool
    code: int


def answer(question: Question) -> Answer | None:
    """The kernels of a question; what is missing, left out by default or refused goes to stderr.

    None where not even one model could be read, which has been said then. Raises InputError for what cannot be read.
    """
    from kernel_index.build_files.mobile_lists import builds_by_default
    from opselect.cli.shared.findings_text import Report, print_report
    from opselect.cli.shared.sources import open_source, profile_of
    from opselect.usecases.judging import judge

    quiet = question.quiet
    index = open_source(question.source, macros=question.macros, profile=question.profile, quiet=quiet)
    profile = profile_of(index, question.profile, question.macros)
    needed = read_needs(question.needs, index, inserted=question.inserted, quiet=quiet)
    if needed.code == UNUSABLE:
        report_unread(needed)
        return None
    models = question.needs.only_model
    builds = builds_by_default(index.build_lists, profile) if question.builds is None else question.builds
    selection = judge(
        needed.requirements, index, profile, models, question.needs.choice, builds=builds, have=question.have
    )
    selection = replace(selection, unread=tuple(failure.model for failure in needed.unread))
    left_out = () if quiet else selection.criteria
    found = Report(index.release, profile, selection.unresolved, left_out, selection.verdict, models)
    print_report(found, err=True, quiet=quiet)
    may_write = selection.complete or question.allow_missing
    return Answer(index, selection, needed, may_write, needed.code if may_write else needed.code or NO)


def report(found: Answer) -> int:
    """Says at the end what could not be read or written, and returns the exit code."""
    report_unread(found.needed)
    if not found.may_write:
        click.echo("Nothing was written. --allow-missing writes the lists without these.", err=True)
    return found.code
