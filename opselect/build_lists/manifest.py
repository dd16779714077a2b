"""The manifest: every file and kernel of a build, and why it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence

from kernel_index.index import KernelIndex
from kernel_index.records_json import Json, attrs_json, registration_json
from opselect.build_lists.keep_rule import Mode, support_files
from opselect.findings import Finding
from opselect.findings.as_json import left_out_json, missing_json, not_inserted_json
from opselect.selection.select import Reason, SelectedFile, Selection


def manifest(
    selection: Selection,
    index: KernelIndex,
    mode: Mode,
    keep_core: bool,
    *,
    criteria: Sequence[Finding] = (),
    unread: Sequence[str] = (),
    besides: Sequence[Finding] = (),
) -> Json:
    """The manifest as plain data; its keys are what scripts may rely on.

    ``files`` are those of the selection and the sources that the mode keeps of the release's own lists
    (``role: support``), sorted by path; ``kernels`` are rows as ``index export`` prints them, with ``reasons``;
    ``unresolved`` are kernels that are missing, and what is missing ``besides``;
    ``not_inserted`` are ops that the runtime may insert elsewhere and that have no kernel in this build; ``criteria``
    are rows of :func:`opselect.findings.as_json.left_out_json`; ``refused``, ``ignored`` and ``unjudged`` are as
    :meth:`opselect.requirements.loading.Verdict.to_json` has them. ``unread``, the models that could not be read, is
    there only where there are such.
    """
    return {
        "tensorflow": selection.release,
        "profile": selection.profile,
        "files": [
            {"path": file.path, "role": file.role, "reasons": [_reason_json(r) for r in file.reasons]}
            for file in manifest_files(selection, index, mode, keep_core)
        ],
        "kernels": [
            {**registration_json(kernel.registration), "reasons": [_reason_json(r) for r in kernel.reasons]}
            for kernel in selection.kernels
        ],
        "unresolved": [missing_json(missing) for missing in (*selection.unresolved, *besides)],
        "not_inserted": [not_inserted_json(missing) for missing in selection.not_inserted],
        "criteria": [left_out_json(found) for found in criteria],
        **selection.verdict.to_json(),
        **({"unread": list(unread)} if unread else {}),
    }


def manifest_files(selection: Selection, index: KernelIndex, mode: Mode, keep_core: bool) -> tuple[SelectedFile, ...]:
    """The files of a build: those of the selection, and what the mode keeps of the release's own lists."""
    files = (*selection.files, *support_files(selection, index, mode, keep_core))
    return tuple(sorted(files, key=lambda file: (file.path, file.role)))


def _reason_json(reason: Reason) -> Json:
    return {
        "op": reason.op,
        "attrs": attrs_json(reason.attrs),
        "kernel_class": reason.kernel_class,
        "nodes": list(reason.nodes),
        "models": list(reason.models),
        "note": reason.note,
    }


def to_json(data: Json) -> str:
    """JSON text, indented, without a final line break; bytes of names that are no UTF-8 come out as escapes."""
    return json.dumps(data, indent=2)
