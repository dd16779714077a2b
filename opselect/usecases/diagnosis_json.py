"""Diagnoses as the JSON that scripts may rely on (``docs/diagnose.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel_index.records_json import Json
from opselect.findings import Finding
from opselect.findings.as_json import common_json
from opselect.logs.records import KernelRow, LogFailure

if TYPE_CHECKING:
    from opselect.usecases.diagnose import Diagnosis


def diagnosis_json(diagnosis: Diagnosis, log: str = "") -> Json:
    """A row of ``failures``; what the log does not tell is empty, or null for numbers and for kernels not listed."""
    failure = diagnosis.failure
    return {
        "kind": failure.kind,
        "code": diagnosis.causes[0].code if diagnosis.causes else "",
        "op": failure.op,
        "node": failure.node,
        "dtypes": dict(failure.dtypes),
        "device": failure.device,
        "runtime": failure.runtime,
        "release": diagnosis.release,
        "release_inferred": diagnosis.inferred,
        "log": log,
        "lines": list(failure.lines),
        "count": failure.count,
        "causes": [_cause_json(each) for each in diagnosis.causes],
        "checked": diagnosis.checked,
        "unsure": diagnosis.unsure,
        "next": list(dict.fromkeys(each.op for each in diagnosis.next)),
        "next_causes": [{"op": each.op, **_cause_json(each)} for each in diagnosis.next],
        "next_assumed": diagnosis.is_next_assumed and bool(diagnosis.next),
        **_told_json(failure),
    }


def _cause_json(finding: Finding) -> Json:
    return {**common_json(finding), "evidence": finding.reason, "mend": finding.advice}


def _told_json(failure: LogFailure) -> Json:
    """What only some messages tell."""
    return {
        "attrs": dict(failure.attrs),
        "attr": failure.attr,
        "version": failure.version,
        "graph_version": failure.graph_version,
        "removed_in": failure.removed_in,
        "node_number": failure.node_number,
        "builtin_code": failure.builtin_code,
        "ops": list(failure.ops),
        "custom_ops": list(failure.custom_ops),
        "devices": list(failure.devices),
        "registered": None if failure.rows is None else [_row_json(row) for row in failure.rows],
        "file": failure.file,
        "symbol": failure.symbol,
        "library": failure.library,
    }


def _row_json(row: KernelRow) -> Json:
    label: Json = {"label": row.label} if row.label else {}
    return {"device": row.device, **label, **{attr: list(types) for attr, types in row.allowed}}
