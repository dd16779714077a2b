"""Audits as the JSON that scripts may rely on (``docs/scripts.md``; ``docs/audit.md``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kernel_index.records_json import Json, allowed_json
from opselect.audit.audited import Audit, Row
from opselect.audit.difference import Change
from opselect.findings import Finding
from opselect.findings.as_json import common_json, problem_json

if TYPE_CHECKING:
    from opselect.audit.audited import By
    from opselect.audit.budget import OverBudget
    from opselect.binaries.records import CompiledDefinition, RegisteredKernel
    from opselect.usecases.audit import Audited
    from opselect.usecases.audit_models import ModelsAudit
    from opselect.usecases.compare_binaries import Compared


def kernel_json(kernel: RegisteredKernel) -> Json:
    """A line of ``--registrations``: the keys of ``opselect index export``, and ``known_from``."""
    return {
        "op": kernel.op,
        "device": kernel.device,
        "label": kernel.label,
        "priority": kernel.priority,
        "constraints": {each.attr: allowed_json(each.allowed) for each in sorted(kernel.constraints, key=_attr)},
        "host_memory_args": list(kernel.host_memory_args),
        "kernel_class": kernel.kernel_class,
        "file": kernel.file,
        "known_from": kernel.known_from.value,
    }


def _attr(constraint: object) -> str:
    return str(getattr(constraint, "attr", ""))


def definition_json(definition: CompiledDefinition) -> Json:
    """A line of ``--definitions``: an op as its builder is told of it."""
    return {
        "op": definition.op,
        "inputs": list(definition.inputs),
        "outputs": list(definition.outputs),
        "attrs": list(definition.attrs),
        "file": definition.file,
        "known_from": definition.known_from.value,
    }


def audit_json(audited: Audited, by: By = "op", models: ModelsAudit | None = None) -> Json:
    """``{"file", "size", "registered", "sections", "ops", "unattributed", "checks"}``, and what was asked besides.

    The own bytes of all ops and the unattributed bytes of all sections together are the size; so are the sections.
    """
    audit = audited.audit
    document: Json = {
        "file": audit.name,
        "size": audit.size,
        "registered": registered_json(audit),
        "sections": audit.sections(),
        "ops": ops_json(audit.rows("op"), models.needed_by if models is not None else {}),
        "unattributed": audit.unattributed(),
        "shared": [{"ops": list(ops), "bytes": count} for ops, count in audit.shared().items()],
        "checks": [check_json(each) for binary in audit.binaries for each in binary.checks],
        "tensorflow": audited.index.release if audited.index is not None else "",
        "binaries": [
            {
                "file": each.name,
                "size": each.size,
                "abi": each.abi,
                "download_size": each.packed.compressed_size if each.packed is not None else None,
                "linked": each.costs.linked if each.costs is not None and each.registrations.kernels else None,
            }
            for each in audit.binaries
        ],
    }
    if by != "op":
        document["by"] = by
        document["rows"] = [{"name": row.name, **_figures(row)} for row in audit.rows(by)]
    if models is not None:
        document["models"] = models_json(models)
    return document


def registered_json(audit: Audit) -> Json:
    """How much is registered."""
    parts = [each.registrations for each in audit.binaries]
    return {
        "kernels": len(audit.kernels),
        "ops": len({kernel.op for kernel in audit.kernels}),
        "definitions": len({each.op for part in parts for each in part.definitions}),
        "undecoded": sum(len(part.undecoded) for part in parts),
    }


def ops_json(rows: Iterable[Row], needed_by: Mapping[str, tuple[str, ...]]) -> list[Json]:
    """The rows of ``ops``."""
    return [{"op": row.name, **_figures(row), "needed_by": list(needed_by.get(row.name, ()))} for row in rows]


def _figures(row: Row) -> Json:
    return {
        "kernels": row.kernels,
        "own_bytes": row.own_bytes,
        "retained_bytes": row.retained_bytes,
        "files": list(row.files),
    }


def check_json(finding: Finding) -> Json:
    """A row of ``checks`` or ``explanations``."""
    return {
        "file": finding.files[0] if finding.files else "",
        "reason": finding.reason,
        "mend": finding.advice,
        **common_json(finding),
    }


def models_json(models: ModelsAudit) -> Json:
    """``models``: what is needed, what is missing, what is unused, and what would be saved without which model."""
    return {
        "ok": models.ok,
        "tensorflow": models.release,
        "profile": models.profile,
        "needed": [
            {**kernel_json(each.kernel), "models": list(each.models), "retained_bytes": each.bytes}
            for each in models.needed
        ],
        "needed_bytes": models.needed_bytes,
        "missing": [problem_json(each) for each in models.missing],
        "unused": [
            {
                "file": each.file,
                "whole_file": each.whole,
                "retained_bytes": each.bytes,
                "kernels": [kernel_json(kernel) for kernel in each.kernels],
                "mend": each.mend.to_json(),
            }
            for each in models.unused
        ],
        "unused_bytes": models.unused_bytes,
        "dropping": [
            {"model": each.model, "kernels": each.kernels, "saves_bytes": each.bytes} for each in models.savings
        ],
        "unjudged": list(models.unjudged),
        "unread": [failure.model for failure in models.unread],
    }


def diff_json(compared: Compared) -> Json:
    """``diff``: what became of a binary, by op and by file, and why it is not smaller."""
    found = compared.difference
    return {
        "ok": not found.failed,
        "old": {"file": found.old.name, "size": found.old.size, "registered": registered_json(found.old)},
        "new": {"file": found.new.name, "size": found.new.size, "registered": registered_json(found.new)},
        "growth_bytes": found.growth,
        "ops": [{"op": each.name, **_change(each)} for each in found.changes("op")],
        "files": [{"file": each.name, **_change(each)} for each in found.changes("file")],
        "kernels": {
            "added": [kernel_json(each) for each in found.added],
            "gone": [kernel_json(each) for each in found.gone],
        },
        "explanations": [check_json(each) for each in compared.explanations],
    }


def _change(change: Change) -> Json:
    return {
        "state": change.state,
        "kernels": change.kernels,
        "own_bytes": change.own,
        "retained_bytes": change.retained,
    }


def over_budget_json(exceeded: OverBudget) -> Json:
    """A row of ``over_budget``."""
    finding = exceeded.finding
    return {
        "budget": exceeded.limit,
        "op": exceeded.subject,
        "number": exceeded.number,
        "most": exceeded.most,
        "line": exceeded.spot.line,
        "reason": finding.reason,
        "mend": finding.advice,
        **common_json(finding),
    }
