"""Audits as documents: what binaries have and cost, what models need of it, and what became of an older build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opselect.audit.audited import Audit
from opselect.audit.budget import unknown_ops
from opselect.report.audit_tables import audit_tables, difference_tables, model_tables
from opselect.report.audit_trees import audit_trees
from opselect.report.budget_rows import budget_rows
from opselect.report.document import (
    BudgetRow,
    ChangeRow,
    Changes,
    Document,
    Figure,
    Going,
    GoingRow,
    Remark,
    TypeMatrix,
)
from opselect.report.matrix import Mark, missing_mark, type_matrix, types_of
from opselect.report.shared import (
    MADE_BY,
    counted,
    last_name,
    missing_figures,
    model_row,
    remark,
    sentences,
    severity,
    some,
    unread_remarks,
)
from opselect.report.tables import with_rows
from opselect.report.uses import NEEDED, Uses

if TYPE_CHECKING:
    from opselect.audit.audited import Linked
    from opselect.audit.budget import Budget, OverBudget
    from opselect.usecases.audit import Audited
    from opselect.usecases.audit_models import ModelsAudit
    from opselect.usecases.compare_binaries import Compared
    from opselect.usecases.model_origins import ModelOrigin

_MOST = 50
"""Rows of what would go, and of changes, on the first screen; all of them stand in tables."""

_LINKED: Mapping[Linked, str] = {
    "by function": "counted function by function, as it is linked",
    "by file": "counted file by file, as it is linked",
    "unknown": "counted function by function, though nothing tells how it is linked: it may be less",
    "not told": "not known, for there are no section headers",
}


@dataclass(frozen=True, slots=True)
class AuditAnswer:
    """An audit and all that was asked besides: models, an older build, a budget; None where it was not asked.

    ``warnings`` are what the reader should know of all of it, those of the audit among them.
    """

    audited: Audited
    models: ModelsAudit | None = None
    compared: Compared | None = None
    budget: Budget | None = None
    exceeded: tuple[OverBudget, ...] = ()
    origins: tuple[ModelOrigin, ...] = ()
    warnings: tuple[str, ...] = ()


def audit_document(answer: AuditAnswer) -> Document:
    """What a page shows of an audit; its figures are those of ``opselect audit --json``."""
    audit, models, compared = answer.audited.audit, answer.models, answer.compared
    uses = Uses(audit, models)
    tables = [*audit_tables(audit, uses)]
    if models is not None:
        tables += model_tables(models, told=audit.tells_what_would_go)
    if compared is not None:
        tables += difference_tables(compared.difference)
    return Document(
        kind="audit",
        title=" + ".join(last_name(each.name) for each in audit.binaries),
        subtitle=_subtitle(answer),
        made_by=MADE_BY,
        figures=tuple(_figures(answer)),
        budget=_budget(answer),
        would_go=_going(models, told=audit.tells_what_would_go) if models is not None else None,
        diff=_changes(compared) if compared is not None else None,
        findings=tuple(_findings(answer)),
        trees=audit_trees(audit, uses),
        matrix=_matrix(audit, uses, models),
        tables=with_rows(tables),
        models=tuple(model_row(each) for each in answer.origins),
    )


def _subtitle(answer: AuditAnswer) -> str:
    audited = answer.audited
    processors = ", ".join(sorted({each.abi for each in audited.audit.binaries}))
    if audited.index is None:
        return f"of no release that is known, {processors}"
    nearest = audited.nearest
    known = ""
    if nearest is not None:
        others = [release for release in nearest.alike if release != nearest.release]
        alike = f", and {some(others)} as many" if others else ""
        known = f" (nearest: {nearest.known:,} of {nearest.classes:,} kernel classes{alike})"
    return f"TensorFlow {audited.index.release}{known}, {processors}"


def _figures(answer: AuditAnswer) -> Iterator[Figure]:
    """What was asked first, and then what is there in any case."""
    audit, models = answer.audited.audit, answer.models
    yield Figure("Total", audit.size, "bytes", "; ".join(_size_note(audit)))
    if answer.budget is not None:
        over = counted(len(answer.exceeded), "limit")
        text = f"{over} exceeded" if answer.exceeded else "within"
        yield Figure("Budget", text, "text", answer.budget.path, "bad" if answer.exceeded else "good")
    if answer.compared is not None:
        found = answer.compared.difference
        added, gone = counted(len(found.added), "kernel"), f"{len(found.gone):,} gone"
        note = f"{added} added, {gone} since {last_name(found.old.name)}"
        yield Figure("Growth", found.growth, "bytes", note, "bad" if found.failed else "")
    if models is not None:
        yield from _model_figures(models, told=audit.tells_what_would_go)
    own = sum(row.own_bytes for row in audit.rows("op"))
    yield Figure("Own bytes of ops", own, "bytes", "carry the name of one op; all others belong to no op alone")
    ops = len({kernel.op for kernel in audit.kernels})
    definitions = len({each.op for binary in audit.binaries for each in binary.registrations.definitions})
    note = f"of {counted(ops, 'op')}; {counted(definitions, 'op definition')}"
    yield Figure("Kernels", len(audit.kernels), "count", note)
    undecoded = sum(len(binary.registrations.undecoded) for binary in audit.binaries)
    if undecoded:
        yield Figure("Not decoded", undecoded, "count", "registrations of which it is not known what they are", "bad")


def _model_figures(models: ModelsAudit, *, told: bool) -> Iterator[Figure]:
    unused = sum(len(each.kernels) for each in models.unused)
    yield _would_go("Unused", models.unused_bytes, counted(unused, "kernel"), told=told)
    needed = len({each.kernel.op for each in models.needed})
    kernels = f"{counted(len(models.needed), 'kernel')} of {counted(needed, 'op')}"
    yield _would_go("Needed", models.needed_bytes, kernels, told=told)
    note = f"by {counted(models.models, 'model')}, TensorFlow {models.release}, profile {models.profile}"
    yield from missing_figures(models.missing, note)
    if models.unread:
        yield Figure("Unread models", len(models.unread), "count", "what they need is not known", "bad")


def _would_go(label: str, count: int, kernels: str, *, told: bool) -> Figure:
    if told:
        return Figure(label, count, "bytes", f"{kernels}; would go without them")
    return Figure(label, kernels, "text", "what would go without them is not told")


def _size_note(audit: Audit) -> Iterator[str]:
    for each in audit.binaries:
        download = each.packed.compressed_size if each.packed is not None else None
        text = f"{each.name}: {each.size:,} bytes, {each.abi}" if len(audit.binaries) > 1 else each.name
        yield text if download is None else f"{text}, {download:,} bytes to download"


def _budget(answer: AuditAnswer) -> tuple[BudgetRow, ...] | None:
    if answer.budget is None:
        return None
    old = answer.compared.difference.old if answer.compared is not None else None
    return budget_rows(answer.budget, answer.exceeded, answer.audited.audit, old)


def _going(models: ModelsAudit, *, told: bool) -> Going:
    rows = tuple(
        GoingRow(
            each.file or "(no file is known)",
            each.bytes if told else None,
            f"{_share(each.whole, len(each.kernels))}: {some(sorted({kernel.op for kernel in each.kernels}))}",
            each.mend.text,
        )
        for each in models.unused
    )
    note = "No model needs these kernels. What goes together is not the sum of the rows, for some share what goes."
    return Going(models.unused_bytes if told else None, note, rows[:_MOST], max(len(rows) - _MOST, 0))


def _share(whole: bool, count: int) -> str:
    return f"all of the file, {counted(count, 'kernel')}" if whole else f"{counted(count, 'kernel')}, others are needed"


def _changes(compared: Compared) -> Changes:
    found = compared.difference
    changed = found.changes("op")
    rows = tuple(ChangeRow(each.name, each.state, each.own, each.retained, each.kernels) for each in changed[:_MOST])
    explanations = tuple(remark(each, "check") for each in compared.explanations)
    return Changes(found.old.name, found.growth, rows, explanations, max(len(changed) - _MOST, 0))


def _findings(answer: AuditAnswer) -> Iterator[Remark]:
    """What does not run first, then what is not known, then what should not ship."""
    audit, models = answer.audited.audit, answer.models
    if models is not None:
        yield from (remark(each, severity(each)) for each in models.missing)
        yield from unread_remarks(models.unread)
        yield from sentences(models.unjudged, "unknown")
    if models is None:  # which says so itself, for it may be what a model lacks
        yield from _undecoded(audit, "a table below names them")
    if answer.compared is not None:
        yield from _undecoded(answer.compared.difference.old, "what became of them is not known")
    yield from sentences(answer.audited.warnings, "unknown")
    if answer.budget is not None:
        yield from sentences(unknown_ops(answer.budget, audit), "unknown")
    yield from sentences((each for each in answer.warnings if each not in answer.audited.warnings), "note")
    for binary in audit.binaries:
        if binary.costs is not None and binary.registrations.kernels:
            name = f" of {binary.name}" if len(audit.binaries) > 1 else ""
            yield Remark("", "note", f"What would go{name} is {_LINKED[binary.costs.linked]}.", "")
    for binary in audit.binaries:
        yield from (remark(each, "check") for each in binary.checks)


def _undecoded(audit: Audit, what: str) -> Iterator[Remark]:
    for binary in audit.binaries:
        if count := len(binary.registrations.undecoded):
            text = f"{binary.name}: {counted(count, 'registration')} could not be decoded; {what}"
            yield Remark("", "unknown", text, "")


def _matrix(audit: Audit, uses: Uses, models: ModelsAudit | None) -> TypeMatrix | None:
    note = "A kernel with constraints for several attrs counts for the types of the first."
    return type_matrix([*_present(audit, uses), *map(missing_mark, models.missing if models is not None else ())], note)


def _present(audit: Audit, uses: Uses) -> Iterator[Mark]:
    for kernel in audit.kernels:
        state = uses.of_kernel(kernel)
        yield kernel.op, types_of(kernel.constraints), "n" if state == NEEDED else "u" if state else "p"
