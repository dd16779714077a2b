"""Audits as people read them: figures first, then the rows, then what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from opselect.cli.shared.console import counted, print_command, print_line, print_section, print_table, warn
from opselect.cli.shared.findings_text import Report, mend_steps, print_report
from opselect.cli.shared.kernel_table import value_word

if TYPE_CHECKING:
    from opselect.audit.audited import Audit, By, Linked, Row
    from opselect.audit.budget import Budget, OverBudget
    from opselect.audit.difference import Change, Difference
    from opselect.binaries.records import CompiledDefinition, RegisteredKernel
    from opselect.findings import Finding
    from opselect.usecases.audit import Audited
    from opselect.usecases.audit_models import ModelsAudit
    from opselect.usecases.compare_binaries import Compared

_FILES = 2
"""Maximum number of source files that a row names."""

_MODELS = 3
_ALIKE = 3
_SECTIONS = 12
_LINKED: Mapping[Linked, str] = {
    "by function": "function by function, as it is linked (--gc-sections, -dead_strip)",
    "by file": "file by file, as it is linked (without --gc-sections, -dead_strip)",
    "unknown": "function by function, though nothing tells how it is linked",
    "not told": "nowhere: it has no section headers",
}


def print_audit(audited: Audited, by: By, top: int, models: ModelsAudit | None, *, quiet: bool) -> None:
    """All of an audit: what it is, sections, what costs most, what belongs to no op, what should not ship."""
    audit = audited.audit
    for each in audit.binaries:
        print_line(f"{each.name}: {each.size:,} bytes, {each.abi}{_download(each.packed)}")
    print_line(_registered(audit))
    if audited.index is not None:
        print_line(_release(audited))
    _print_linked(audit)
    if by != "section":
        _print_shares("Sections", audit.sections(), audit.size, top)
    rows = audit.rows(by)
    needed_by = models.needed_by if models is not None and by == "op" else {}
    _print_rows(rows, by, top, needed_by, audit.size)
    if by == "op":
        shared = [(_some(ops, _ALIKE), f"{count:,}") for ops, count in list(audit.shared().items())[:top]]
        if shared:
            print_section("Belongs to several ops, and counts below", ("ops", "bytes"), shared)
        _print_shares("Belongs to no op alone", audit.unattributed(), audit.size, top)
    checks = [each for binary in audit.binaries for each in binary.checks]
    _print_findings(checks, "Should not ship as it is:", quiet=quiet)


def _print_linked(audit: Audit) -> None:
    """How what would go is counted, which depends on how the build takes functions."""
    for each in audit.binaries:
        if each.costs is not None and each.registrations.kernels:
            name = f" of {each.name}" if len(audit.binaries) > 1 else ""
            print_line(f"What would go{name} is counted {_LINKED[each.costs.linked]}")


def _download(packed: object) -> str:
    size = getattr(packed, "compressed_size", None)
    return "" if size is None else f", {size:,} bytes to download"


def _registered(audit: Audit) -> str:
    parts = [each.registrations for each in audit.binaries]
    ops = len({kernel.op for kernel in audit.kernels})
    definitions = len({each.op for part in parts for each in part.definitions})
    undecoded = sum(len(part.undecoded) for part in parts)
    doubt = f"; {counted(undecoded, 'registration')} could not be decoded" if undecoded else ""
    defined = counted(definitions, "op definition")
    return f"Registered: {counted(len(audit.kernels), 'kernel')} of {counted(ops, 'op')}, {defined}{doubt}"


def _release(audited: Audited) -> str:
    index, nearest = audited.index, audited.nearest
    assert index is not None
    if nearest is None:
        return f"Held against TensorFlow {index.release}"
    others = [release for release in nearest.alike if release != nearest.release]
    alike = f"; {_some(others, _ALIKE)} as many" if others else ""
    classes = "class" if nearest.classes == 1 else "classes"
    known = f"{nearest.known} of {nearest.classes} kernel {classes}"
    return f"Nearest release: TensorFlow {nearest.release}, which has {known}{alike}"


def _print_shares(title: str, sizes: Mapping[str, int], total: int, top: int) -> None:
    """A table of sections; what is left out of it is summed in its last row."""
    shown = [(name, count) for name, count in sizes.items() if count][: min(top, _SECTIONS)]
    rest = sum(sizes.values()) - sum(count for _, count in shown)
    rows = [*shown, *([("(others)", rest)] if rest else [])]
    cells = [(name, f"{count:,}", _percent(count, total)) for name, count in rows]
    print_section(title, ("section", "bytes", "share"), cells)


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else ""


def _print_rows(rows: Sequence[Row], by: By, top: int, needed_by: Mapping[str, tuple[str, ...]], total: int) -> None:
    shown = rows[:top]
    kept = any(row.retained_bytes is not None for row in rows)
    headers = [by, *(("kernels", "would go") if kept else ()), "own bytes", "share"]
    with_files, with_models = by in ("op", "dtype", "kernel"), bool(needed_by)
    headers += [*(("files",) if with_files else ()), *(("needed by",) if with_models else ())]
    table = []
    for row in shown:
        cells = [row.name]
        if kept:
            cells += [str(row.kernels or ""), "" if row.retained_bytes is None else f"{row.retained_bytes:,}"]
        cells += [f"{row.own_bytes:,}", _percent(row.own_bytes, total)]
        cells += [_some(row.files, _FILES)] if with_files else []
        cells += [_some(needed_by.get(row.name, ()), _MODELS) or "nobody"] if with_models else []
        table.append(tuple(cells))
    noun = {"dtype": "data type"}.get(by, by)
    of = f", {len(shown)} of {len(rows)}" if len(shown) < len(rows) else ""
    print_section(f"By {noun}{of}", tuple(headers), table)


def _some(names: Sequence[str], most: int) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _print_findings(findings: Sequence[Finding], heading: str, *, quiet: bool) -> None:
    if findings:
        print_report(Report("", "", findings, heading=heading), err=False, quiet=quiet)


def print_registrations(audit: Audit) -> None:
    """The kernels as a table."""
    rows = {
        (each.op, _device(each), _constraints(each), each.kernel_class, each.file, each.known_from.value)
        for each in audit.kernels
    }
    print_table(("op", "device", "constraints", "class", "file", "known from"), sorted(rows))


def _device(kernel: RegisteredKernel) -> str:
    label = f" label={kernel.label}" if kernel.label else ""
    return f"{kernel.device}{label}" + (f" priority={kernel.priority}" if kernel.priority else "")


def _constraints(kernel: RegisteredKernel) -> str:
    from kernel_index.records_json import allowed_json

    texts = [f"{each.attr}={'|'.join(map(value_word, allowed_json(each.allowed)))}" for each in kernel.constraints]
    return "; ".join(sorted(texts)) or "any"


def print_definitions(audit: Audit) -> None:
    """The op definitions that are compiled in, as a table."""
    definitions = [each for binary in audit.binaries for each in binary.registrations.definitions]
    rows = {
        (each.op, *(mark.join(text or _MADE for text in texts) for mark, texts in _parts(each)), each.file)
        for each in definitions
    }
    print_table(("op", "inputs", "outputs", "attrs", "file"), sorted(rows))


_MADE = "(made when it runs)"
"""Stands for what no text of the binary is."""


def _parts(definition: CompiledDefinition) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Inputs, outputs and attrs, each with what stands between two of them."""
    return (", ", definition.inputs), (", ", definition.outputs), ("; ", definition.attrs)


def print_models(models: ModelsAudit, audit: Audit, typed: Sequence[str], top: int, *, quiet: bool) -> None:
    """What models need, lack and do not use, and what would be saved without each of several."""
    build = f"TensorFlow {models.release}, profile {models.profile}"
    _print_missing(models, audit, typed)
    for sentence in models.unjudged:
        warn(sentence, quiet=quiet)
    ops = counted(len({each.kernel.op for each in models.needed}), "op")
    needed = f"{counted(len(models.needed), 'kernel')} of {ops}"
    going = _going(models.needed_bytes)
    print_line(f"Needed by {counted(models.models, 'model')}, by {build}: {needed}; {going}")
    unused = sum(len(each.kernels) for each in models.unused)
    print_line(f"Unused: {counted(unused, 'kernel')}; {_going(models.unused_bytes)}")
    shown = models.unused[:top]
    rows = [
        (
            each.file or "(no file is known)",
            "" if each.bytes is None else f"{each.bytes:,}",
            _whole(each.whole, len(each.kernels)),
            _ops(each.kernels),
        )
        for each in shown
    ]
    of = f", {len(shown)} of {len(models.unused)}" if len(shown) < len(models.unused) else ""
    print_section(f"Unused by file{of}", ("file", "would go", "kernels", "ops"), rows)
    edits: dict[tuple[str, ...], None] = {}
    for row in shown:
        text, line = row.mend.text, getattr(row.mend, "line", "")
        edits[(text.replace(line, "the command below"), line) if line else (text,)] = None
    if edits:
        click.echo("What takes them out:")
    for text, *commands in edits:
        print_line(f"  - {text}")
        for command in commands:
            print_command(f"      {command}")
    for saving in models.savings:
        saved = "what is not told" if saving.bytes is None else f"{saving.bytes:,} bytes"
        print_line(
            f"Dropping {saving.model} saves {saved} ({counted(saving.kernels, 'kernel')} that no other model needs)"
        )


def _going(count: int | None) -> str:
    return "what would go without them is not told" if count is None else f"{count:,} bytes would go without them"


def _print_missing(models: ModelsAudit, audit: Audit, typed: Sequence[str]) -> None:
    from opselect.findings import code_of
    from opselect.requirements.loading import Verdict

    refused = tuple(each for each in models.missing if code_of(each.code).family == "3")
    missing = [each for each in models.missing if each not in refused]
    heading = f"{audit.name} does not run all of it:"
    report = Report(models.release, models.profile, missing, (), Verdict(refused, (), ()), typed, heading)
    print_report(report, err=False, quiet=False)


def _whole(whole: bool, count: int) -> str:
    return f"all {count}" if whole else f"{count}, others are needed"


def _ops(kernels: Iterable[RegisteredKernel]) -> str:
    return _some(sorted({kernel.op for kernel in kernels}), _MODELS)


def print_difference(compared: Compared, top: int) -> None:
    """What became of an older build, by op and by file, and why it is no smaller."""
    found = compared.difference
    print_line(f"{found.old.name}: {found.old.size:,} bytes. {_registered(found.old)}")
    print_line(f"{found.new.name}: {found.new.size:,} bytes. {_registered(found.new)}")
    print_line(_verdict(found))
    for title, changes in (("By op", found.changes("op")), ("By file", found.changes("file"))):
        shown = changes[:top]
        of = f", {len(shown)} of {len(changes)}" if len(shown) < len(changes) else ""
        rows = [_change_row(each) for each in shown]
        print_section(f"{title}{of}", ("name", "", "kernels", "would go", "own bytes"), rows)
    _print_findings(
        compared.explanations, "Why it is not smaller:" if found.failed else "What keeps it large:", quiet=False
    )


def _verdict(found: Difference) -> str:
    size = f"{found.growth:+,} bytes" if found.growth else "as large as before"
    kernels = f"{counted(len(found.added), 'kernel')} added, {len(found.gone)} gone"
    if found.changed_nothing:
        return "Nothing changed: it registers the same kernels and is as large as before."
    failed = " Kernels are gone, and it is no smaller." if found.failed else ""
    return f"{size}; {kernels}.{failed}"


def _change_row(change: Change) -> tuple[str, ...]:
    kernels = f"{change.kernels:+}" if change.kernels else ""
    return (change.name, change.state, kernels, f"{change.retained:+,}", f"{change.own:+,}")


def print_over_budget(budget: Budget, exceeded: Sequence[OverBudget]) -> None:
    """A table of the limits that are exceeded."""
    if not exceeded:
        print_line(f"Within the budget of {budget.path}.")
        return
    headers = ("budget", "op", "bytes", "at most", "over")
    rows = [
        (
            f"{each.spot.file}:{each.spot.line} {each.limit}",
            each.subject,
            f"{each.number:,}",
            f"{each.most:,}",
            f"{each.number - each.most:,}",
        )
        for each in exceeded
    ]
    print_section("OPS601 over budget", headers, rows)
    for step in dict.fromkeys(step for each in exceeded for step in mend_steps(each.finding, ())):
        print_line(f"  - {step[0]}")
