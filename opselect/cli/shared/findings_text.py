"""Findings as people read them: one heading a cause, then the ops, who asks for them, and what to do."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kernel_index.shown import one_line, shortened, visible
from opselect.cli.shared.cells import attrs_text
from opselect.cli.shared.console import WIDTH, counted, print_whole_line, warn

if TYPE_CHECKING:
    from opselect.findings import Code, Finding
    from opselect.findings.mends import Command
    from opselect.requirements.loading import Verdict

MAX_PROSE = 120
"""Maximum number of columns for sentences: longer lines are hard to read, however wide the window is."""

_MIN_WIDTH = 40
_SHOWN_NODES = 2
_SHOWN_MODELS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What there is to say about some models and a build.

    ``missing`` are kernels that the build does not have, or of which nobody knows whether it has them, ``left_out`` is
    what builds of the profile lack by default,
    ``verdict`` what the release says when it loads the models. ``release`` is empty for TensorFlow Lite alone.
    ``models`` are the models as they were typed. ``heading`` stands above what is missing in place of the usual line,
    for findings of a described build, which are not about kernels alone.
    """

    release: str
    profile: str
    missing: Sequence[Finding] = ()
    left_out: Sequence[Finding] = ()
    verdict: Verdict | None = None
    models: Sequence[str] = ()
    heading: str = ""


def print_report(report: Report, *, err: bool, quiet: bool) -> None:
    """The findings by cause, on stdout or with ``err`` on stderr; nothing where there are none.

    What could not be judged, and what is ignored, are warnings on stderr, which ``quiet`` leaves out.
    """
    for line in report_lines(report, width_of(sys.stderr if err else sys.stdout)):
        print_whole_line(line, err=err)
    if report.verdict is None:
        return
    for each in report.verdict.ignored:
        ignored = f"TensorFlow {report.release} ignores what it does not know ({each.code}): {each.reason}"
        warn(f"{ignored} ({_asking(each)}). {each.advice}", quiet=quiet)
    for sentence in report.verdict.unjudged:
        warn(sentence, quiet=quiet)


def report_lines(report: Report, width: int) -> list[str]:
    """The lines of a report for a window of ``width`` columns."""
    from opselect.findings import code_of

    shown, left_out = _once(report.missing, report.left_out)
    missing = [each for each in shown if not code_of(each.code).is_unknown]
    unknown = [each for each in shown if each not in missing]
    refused = report.verdict.refused if report.verdict is not None else ()
    build = f"TensorFlow {report.release}, profile {report.profile}" if report.release else "TensorFlow Lite"
    several = len({model for each in (*shown, *left_out, *refused) for model in each.models}) > 1
    is_or_are = "is" if len(missing) == 1 else "are"
    usual = f"{build}: {len(missing)} of the needed kernels {is_or_are} missing"
    sections = (
        (report.heading or usual, "problem" if report.heading else "kernel", missing),
        (f"Not known, neither yes nor no ({build}):", "kernel", unknown),
        (f"Left out of mobile builds by default ({build}):", "op", left_out),
        (f"TensorFlow {report.release} does not load this:", "op", refused),
    )
    lines: list[str] = []
    codes: list[str] = []
    for heading, noun, findings in sections:
        if findings:
            lines.append(heading)
            for group in _by_cause(findings):
                lines += _group_lines(group, noun, report.models, width, with_models=several)
                codes.append(group[0].code)
    if codes:
        lines.append(f"More about a code: opselect explain {codes[0]}")
    return lines


def width_of(stream: object) -> int:
    """The columns of a terminal; elsewhere ``COLUMNS`` where that is set, and else :data:`WIDTH`."""
    is_terminal = getattr(stream, "isatty", lambda: False)()
    if is_terminal or os.environ.get("COLUMNS", "").isdecimal():
        return max(_MIN_WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)
    return WIDTH


def _once(missing: Sequence[Finding], left_out: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Both, with what stands in both only among the missing, where the edits of the other are added to the mends."""
    shown = list(missing)
    rest = []
    for each in left_out:
        place = next((i for i, other in enumerate(shown) if _covers(other, each)), None)
        if place is None:
            rest.append(each)
            continue
        texts = {mend.text for mend in shown[place].mends}
        more = tuple(mend for mend in each.mends if mend.kind == "list" and mend.text not in texts)
        shown[place] = replace(shown[place], mends=(*shown[place].mends, *more))
    return shown, rest


def _covers(missing: Finding, left_out: Finding) -> bool:
    if missing.op != left_out.op or not set(left_out.nodes) <= set(missing.nodes):
        return False
    values = {v for _, value in missing.attrs for v in (value if isinstance(value, tuple) else (value,))}
    return not left_out.dtypes or not left_out.attr or values.issuperset(left_out.dtypes)


def _by_cause(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[tuple[str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.code, each.topic), []).append(each)
    return [groups[key] for key in sorted(groups, key=lambda key: key[0])]


def _group_lines(
    group: Sequence[Finding], noun: str, models: Sequence[str], width: int, *, with_models: bool
) -> list[str]:
    from opselect.findings import code_of

    known = code_of(group[0].code)
    prose = min(width, MAX_PROSE)
    count = len(group) if noun != "op" else len({each.op for each in group if each.op})
    topic = f" ({group[0].topic})" if group[0].topic else ""
    title = f"{counted(count, noun)}: {known.title}" if count else known.title
    lines = filled(f"{known.code}  {title}{topic}", prose, 2, 10)
    by_reason: dict[str, list[Finding]] = {}
    for each in group:
        by_reason.setdefault("" if known.evidence_tells else _reason(each), []).append(each)
    rows = _rows([_parts(each, known, with_models=with_models) for each in group], width)
    text_of = dict(zip(map(id, group), rows, strict=True))
    for reason, findings in by_reason.items():
        for each in findings:
            lines += text_of[id(each)]
        if reason:
            lines += filled(reason, prose, 6, 6)
    return lines + _mend_lines(group, models, prose)


def _reason(finding: Finding) -> str:
    return f"{finding.reason} ({finding.source})" if finding.source else finding.reason


def _parts(finding: Finding, known: Code, *, with_models: bool) -> list[str]:
    """The op, its types, the device, the nodes that ask and the place of the kernel; empty where there is none."""
    place = f"kernel at {finding.place}" if known.evidence_tells and finding.places else ""
    asking = _asking(finding, with_models=with_models)
    parts = (finding.op, _types_text(finding), finding.device, asking, place)
    return [shortened(one_line(part)) for part in parts]


def _rows(rows: Sequence[list[str]], width: int) -> list[list[str]]:
    """The lines of each row: one, with the columns of all aligned, where all fit."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = []
    for row in rows:
        cells = [cell.ljust(size) for cell, size in zip(row, widths, strict=True) if size]
        aligned.append(f"    {'  '.join(cells)}".rstrip())
    if all(len(line) <= width for line in aligned):
        return [[line] if line else [] for line in aligned]
    return [_packed(row, width) for row in rows]


def _packed(parts: Sequence[str], width: int) -> list[str]:
    """The parts one after the other, on a new line where one does not fit."""
    lines = [f"    {parts[0]}"]
    for part in filter(None, parts[1:]):
        if len(lines[-1]) + 2 + len(part) <= width:
            lines[-1] += f"  {part}"
        else:
            lines += filled(part, width, 8, 10)
    return [line for line in lines if line.strip()]


def _types_text(finding: Finding) -> str:
    """``T=DT_INT64`` and the like; the bare type where an op is made for one; a refused attr."""
    from kernel_index.records_json import attrs_json

    if finding.attrs:
        return attrs_text(attrs_json(finding.attrs))
    if finding.dtypes:
        name = finding.dtypes[0].name
        return f"{finding.attr}={name}" if finding.attr else name
    return finding.attr


def _asking(finding: Finding, *, with_models: bool = False) -> str:
    """``a, b and 3 more nodes of x.pb``: who asks."""
    shown = finding.nodes[:_SHOWN_NODES]
    rest = max(finding.count, len(finding.nodes)) - len(shown)
    text = _and_more(shown, rest, "node")
    if with_models and finding.models:
        named = finding.models[:_SHOWN_MODELS]
        text += f" in {_and_more(named, len(finding.models) - len(named), 'model')}"
    return text.strip()


def _and_more(names: Sequence[str], rest: int, noun: str) -> str:
    listed = ", ".join(names)
    return f"{listed} and {counted(rest, f'more {noun}')}" if names and rest > 0 else listed


def _mend_lines(group: Sequence[Finding], models: Sequence[str], width: int) -> list[str]:
    """What to do, each thing once: with the ops in front where it is not for all of the group."""
    from opselect.findings.mends import uncapitalized

    ops: dict[tuple[str, ...], list[str]] = {}
    for each in group:
        for step in mend_steps(each, models):
            ops.setdefault(step, []).append(each.op)
    lines = []
    all_ops = {each.op for each in group}
    for (text, *commands), asking in ops.items():
        names = list(dict.fromkeys(asking))
        if set(names) != all_ops:
            text = f"{', '.join(filter(None, names))}: {uncapitalized(text)}"
        lines += filled(f"- {text}", width, 4, 6)
        # A command is copied: it is never broken.
        lines += [f"        {command}" for command in commands]
    return lines


def mend_steps(finding: Finding, models: Sequence[str]) -> list[tuple[str, ...]]:
    """A step for each mend: its sentence, and the commands that it speaks of, which stand below it."""
    from opselect.findings.mends import Command, advice_text

    steps: list[tuple[str, ...]] = []
    for mend in finding.mends:
        text = advice_text([mend])
        commands: tuple[str, ...] = ()
        if isinstance(mend, Command):
            text = text.replace(f"`{mend.line}`", _THIS).replace(mend.line, _THIS)
            commands = (_as_typed(mend, models),)
        if mend.lead.startswith(",") and steps:
            before, *others = steps.pop()
            steps.append((before + text, *others, *commands))
        else:
            text = text.lstrip("; ")
            steps.append((f"{text[:1].upper()}{text[1:]}", *commands))
    return [(text if text.endswith((".", ":")) else f"{text}.", *commands) for text, *commands in steps]


def _as_typed(command: Command, models: Sequence[str]) -> str:
    """The command with the only model named as it was typed, so that it can be copied."""
    from opselect.usecases.model_names import shown_name

    typed = {name: path for path in models[:1] if len(models) == 1 for name in (shown_name(path), Path(path).name)}
    words = command.argv
    named = [typed.get(word, word) for word in words]
    return command.line if named == words else shlex.join(named)


_THIS = "the command below"


def filled(text: str, width: int, indent: int, deeper: int) -> list[str]:
    """A sentence on lines of ``width`` columns, the first one indented by ``indent``, the others ``deeper``."""
    return textwrap.wrap(
        shortened(visible(text)),
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * deeper,
        break_long_words=False,
        break_on_hyphens=False,
    )
