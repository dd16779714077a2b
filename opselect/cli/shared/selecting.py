"""What a build needs for models, and what is missing, as the commands say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opselect.cli.shared.console import counted, note, print_line
from opselect.cli.shared.exit_codes import NO
from opselect.cli.shared.findings_text import Report, print_report
from opselect.cli.shared.needs import report_unread, unread_code

if TYPE_CHECKING:
    from opselect.cli.shared.page_file import PageFile
    from opselect.usecases.select_kernels import BuildAnswer


def print_missing(found: BuildAnswer, models: Sequence[str], *, quiet: bool) -> None:
    """Tables of what is missing, left out by default or refused, on stderr.

    ``models`` is the model as it was typed where there is just one.
    """
    selection = found.selection
    left_out = () if quiet else found.criteria
    report = Report(selection.release, selection.profile, selection.unresolved, left_out, selection.verdict, models)
    print_report(report, err=True, quiet=quiet)


def print_build(found: BuildAnswer, *, quiet: bool) -> None:
    """What is written of a build, as a summary on stderr."""
    from opselect.findings import code_of

    selection = found.selection
    kernels = sum(file.role == "kernel" for file in selection.files)
    summary = f"TensorFlow {selection.release}, profile {selection.profile}: {counted(kernels, 'kernel file')}"
    unknown = sum(code_of(each.code).is_unknown for each in selection.unresolved)
    if len(selection.unresolved) > unknown:
        summary += f", {counted(len(selection.unresolved) - unknown, 'missing kernel')} left out"
    if unknown:
        summary += f", {counted(unknown, 'kernel')} of which nothing is known left out"
    if selection.verdict.refused:
        summary += f", {counted(len(selection.verdict.refused), 'refusal')} passed over"
    if found.unread:
        summary += f", {counted(len(found.unread), 'unread model')} left out"
    note(summary, quiet=quiet)
    if selection.not_inserted:
        ops = sorted({absent.op for absent in selection.not_inserted})
        note(f"  without kernels for ops that the runtime only may insert: {', '.join(ops)}", quiet=quiet)


def nothing_written(page: PageFile | None) -> str:
    """That no lists were written, and that a page was, where one was."""
    return "Nothing was written" if page is None or page.on_stdout else f"Nothing was written but {page.path}"


def report(found: BuildAnswer, page: PageFile | None = None, *, allow_missing: bool) -> int:
    """Says at the end what could not be read or written, and returns the exit code.

    ``page`` was written whatever is missing.
    """
    unread = found.needed.unread
    report_unread(unread, found.needed.models)
    code = unread_code(unread)
    if found.complete or allow_missing:
        return code
    print_line(f"{nothing_written(page)}. --allow-missing writes the lists without these.", err=True)
    return code or NO
