"""Diagnoses as people read them: what failed, why, what mends it, the command, in this order and on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kernel_index.shown import one_line, shortened
from opselect.cli.shared.console import counted
from opselect.cli.shared.findings_text import MAX_PROSE, filled, mend_steps

if TYPE_CHECKING:
    from opselect.findings import Finding
    from opselect.usecases.diagnose import Diagnosis

MANY = 3
"""Failures of a log up to which each is told in full; of more, each has its cause and its first mend."""

MOST = 8
"""Maximum number of failures that are told without ``--verbose``."""

_SHOWN_LINES = 3
_SHOWN_NEXT = 12
_SHOWN_MENDS = 3


def diagnosis_lines(
    diagnosis: Diagnosis, log: str, models: Sequence[str], width: int, *, verbose: bool, brief: bool
) -> list[str]:
    """The lines of one failure for a window of ``width`` columns.

    ``verbose`` has all causes with all mends, ``brief`` the first of both.
    """
    prose = min(width, MAX_PROSE)
    lines = [shortened(one_line(_heading(diagnosis, log))), *filled(_what(diagnosis), prose, 2, 4)]
    causes = diagnosis.causes
    told = causes if verbose else causes[:1]
    for place, cause in enumerate(told):
        lines += _cause_lines(cause, models, prose, lead="Or" if place else "Cause", verbose=verbose, brief=brief)
    if causes[len(told) :]:
        others = "; ".join(f"{each.code} {_title(each)}" for each in causes[len(told) :])
        lines += filled(f"Other causes: {others}.", prose, 2, 4)
    if diagnosis.next and not brief:
        by = f", if the build has the lists of TensorFlow {diagnosis.release}" if diagnosis.is_next_assumed else ""
        lines += filled(f"Will fail next{by}: {_next(diagnosis, verbose=verbose)}.", prose, 2, 4)
    if diagnosis.unsure and not brief:
        lines += filled(diagnosis.unsure, prose, 2, 4)
    return lines


def _heading(diagnosis: Diagnosis, log: str) -> str:
    from opselect.logs.kinds import KINDS

    failure = diagnosis.failure
    at = ", ".join(map(str, failure.lines[:_SHOWN_LINES]))
    line = "line" if failure.count == 1 else "lines"
    more = " …" if failure.count > _SHOWN_LINES else ""
    times = f" ({failure.count} times)" if failure.count > 1 else ""
    return f"{log}, {line} {at}{more}{times}: {KINDS[failure.kind]}"


def _what(diagnosis: Diagnosis) -> str:
    """The op, its types, the node, and the TensorFlow that is meant."""
    failure = diagnosis.failure
    parts = [
        failure.op or ", ".join(failure.ops),
        ", ".join(f"{attr}={value}" for attr, value in failure.dtypes),
        failure.attr,
        f"version {failure.version}" if failure.version is not None else "",
        failure.device,
        f"node {failure.node}" if failure.node else "",
        failure.file,
        failure.symbol,
        failure.library,
    ]
    release = f"TensorFlow {diagnosis.release}" if diagnosis.release else ""
    if release and diagnosis.inferred:
        release = f"{release}, {diagnosis.release_told or 'taken as an example'}"
    told = "  ".join(filter(None, parts))
    return f"{told}  ({release})" if release and told else told or release or failure.text


def _title(finding: Finding) -> str:
    from opselect.findings import code_of

    return code_of(finding.code).title.rstrip(".")


def _cause_lines(
    cause: Finding, models: Sequence[str], prose: int, *, lead: str, verbose: bool, brief: bool
) -> list[str]:
    lines = filled(f"{lead}, {cause.code} ({cause.applicability}): {_title(cause)}", prose, 2, 4)
    if cause.reason:
        lines += filled(f"{_capitalized(cause.reason)}".rstrip(".") + ".", prose, 4, 4)
    steps = mend_steps(cause, models)
    most = len(steps) if verbose else 1 if brief else _SHOWN_MENDS
    for text, *commands in steps[:most]:
        lines += filled(f"- {text}", prose, 2, 4)
        # A command is copied: it is never broken.
        lines += [f"      {command}" for command in commands]
    return lines


def _capitalized(text: str) -> str:
    """A clause as a sentence; one that begins with the path or the name of a file keeps it as it is."""
    first = text.partition(" ")[0].rstrip(",.;:")
    return text if "/" in first or "." in first else f"{text[:1].upper()}{text[1:]}"


def _next(diagnosis: Diagnosis, *, verbose: bool) -> str:
    ops: dict[str, set[str]] = {}
    for each in diagnosis.next:
        ops.setdefault(each.op, set()).add(each.code)
    named = [f"{op} ({', '.join(sorted(codes))})" for op, codes in ops.items()]
    shown = named if verbose else named[:_SHOWN_NEXT]
    more = f" and {counted(len(named) - len(shown), 'more op')}" if len(named) > len(shown) else ""
    return ", ".join(shown) + more
