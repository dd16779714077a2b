"""Ops that are in a graph by mistake: training, input pipelines, Python; and what takes them out."""

from __future__ import annotations

import re
from dataclasses import replace

from opselect.criteria import TRAINING, Criterion, criterion_of_op
from opselect.diagnosis.setting import Setting, about
from opselect.findings import Finding
from opselect.findings.mends import Command, Mend, run, uncapitalized
from opselect.logs.records import LogFailure

_PHASE = re.compile(r"(^|/)(dropout|keras_learning_phase|is_training|learning_phase)[^/]*(/|$)", re.IGNORECASE)

BEFORE_FILES = ("OPS201", "OPS202", "OPS203", "OPS204", "OPS206")
"""Codes of criteria that say that a model can do without; the others say no more than that lists leave it out."""


def left_out(failure: LogFailure, setting: Setting) -> list[Finding]:
    """Why the node is in no build for a phone, where it has no business in a model there; empty for all others."""
    found = by_op(failure, setting)
    if not found and setting.is_mobile and is_of_training_phase(failure):
        found = [_finding(failure, TRAINING, setting)]
    return found


def by_op(failure: LogFailure, setting: Setting) -> list[Finding]:
    """The criterion of the op, as a finding with the command that takes it out."""
    criterion = criterion_of_op(failure.op)
    if criterion is None or criterion.code not in BEFORE_FILES:
        return []
    if not (setting.is_mobile or criterion.is_impossible or criterion.key == "python"):
        return []
    return [_finding(failure, criterion, setting)]


def is_of_training_phase(failure: LogFailure) -> bool:
    """Whether the node's name speaks of a training phase: dropout's boolean Switch and what hangs on it."""
    return _PHASE.search(failure.node) is not None


def _finding(failure: LogFailure, criterion: Criterion, setting: Setting) -> Finding:
    mends: list[Mend] = [_prepare(criterion, setting)]
    finding = Finding(
        criterion.code,
        f"{failure.op} belongs to {criterion.title}: {uncapitalized(criterion.sentence.rstrip('.'))}",
        kind=criterion.key,
        topic=criterion.title,
        source=criterion.source,
        mends=tuple(mends),
    )
    return about(finding, failure)


def _prepare(criterion: Criterion, setting: Setting) -> Mend:
    release = f" {setting.source_options}" if not setting.inferred else ""
    line = f"opselect prepare {setting.shown_model} -o phone.pb{release}"
    if criterion.is_impossible:
        return replace(run(f"{criterion.advice} {{command}} takes out what the outputs do not need.", line,
                           applicability="likely", action="prepare"))  # fmt: skip
    if criterion.stage == "input":
        line += " --inputs NODE --outputs NODE"
        text = "Feed the model behind it and take it out: {command}."
        return Command(text=text.replace("{command}", line), line=line, applicability="likely", action="prepare")
    return run("Freeze the model and take it out: {command}.", line, applicability="likely", action="prepare")
