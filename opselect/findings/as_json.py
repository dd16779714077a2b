"""Findings as the JSON that scripts may rely on: one shape for each list that they stand in."""

from __future__ import annotations

from kernel_index.records_json import Json, attrs_json
from opselect.findings.mends import GraphCut, ListEdit
from opselect.findings.record import Finding


def missing_json(finding: Finding) -> Json:
    """A row of ``unresolved``: a kernel that is missing."""
    return {
        "op": finding.op,
        "attrs": attrs_json(finding.attrs),
        "device": finding.device,
        "reason": finding.reason,
        "advice": finding.advice,
        "nodes": list(finding.nodes),
        "models": list(finding.models),
        "count": finding.count,
        **_evidence(finding),
        **common_json(finding),
    }


def not_inserted_json(finding: Finding) -> Json:
    """A row of ``not_inserted``: a kernel that the runtime could do with and that is missing."""
    return {
        "op": finding.op,
        "attrs": attrs_json(finding.attrs),
        "reason": finding.reason,
        "nodes": list(finding.nodes),
        "code": finding.code,
        "kind": finding.kind,
    }


def left_out_json(finding: Finding) -> Json:
    """A row of ``criteria``: ``criterion`` is the key, ``dtype`` an enum name or null."""
    cut = next((mend for mend in finding.mends if isinstance(mend, GraphCut)), None)
    return {
        "op": finding.op,
        "criterion": finding.kind,
        "attr": finding.attr,
        "dtype": finding.dtypes[0].name if finding.dtypes else None,
        "reason": finding.reason,
        "source": finding.source,
        "advice": {
            "action": finding.mends[0].action if finding.mends else "change",
            "text": finding.advice,
            "inputs": list(cut.inputs) if cut else [],
            "outputs": list(cut.outputs) if cut else [],
            "files": list(dict.fromkeys(f for mend in finding.mends if isinstance(mend, ListEdit) for f in mend.add)),
        },
        "count": finding.count,
        "nodes": list(finding.nodes),
        "models": list(finding.models),
        **common_json(finding),
    }


def refusal_json(finding: Finding) -> Json:
    """A row of ``refused`` or ``ignored``."""
    return {
        "kind": finding.kind,
        "op": finding.op,
        "attr": finding.attr,
        "reason": finding.reason,
        "advice": finding.advice,
        "count": finding.count,
        "nodes": list(finding.nodes),
        "models": list(finding.models),
        **common_json(finding),
    }


def problem_json(finding: Finding) -> Json:
    """A row of ``problems``: what does not run, and what to do."""
    attrs = attrs_json(finding.attrs)
    return {
        "code": finding.code,
        "kind": finding.kind,
        "op": finding.op,
        "attrs": {**attrs, **({finding.attr: None} if finding.attr and finding.attr not in attrs else {})},
        "device": finding.device,
        "nodes": list(finding.nodes),
        "models": list(finding.models),
        "count": finding.count,
        "applicability": finding.applicability,
        "reason": f"{finding.reason} ({finding.topic})" if finding.topic else finding.reason,
        "mend": finding.advice,
    }


def list_json(finding: Finding) -> Json:
    """A row of ``findings`` about the build lists of a checkout."""
    return {
        "kind": finding.kind,
        "list": finding.list,
        "entry": finding.entry,
        "file": finding.place.file,
        "line": finding.place.line,
        "message": finding.reason,
        "mend": finding.advice,
        **common_json(finding),
    }


def common_json(finding: Finding) -> Json:
    """What the rows of all findings have."""
    return {
        "code": finding.code,
        "kind": finding.kind,
        "applicability": finding.applicability,
        "mends": [mend.to_json() for mend in finding.mends],
    }


def _evidence(finding: Finding) -> Json:
    return {
        "dtypes": [dtype.name for dtype in finding.dtypes],
        "profiles": list(finding.profiles),
        "places": [str(place) for place in finding.places],
    }
