"""The differences between two indexes as JSON; docs/commands/index.md describes the shape."""

from __future__ import annotations

from collections.abc import Iterable

from kernel_index.diff import DefinitionChange, IndexDiff, KernelChange, KnownOp
from kernel_index.records import KernelRegistration
from kernel_index.records_json import Json, registration_json


def diff_json(diff: IndexDiff) -> Json:
    """All differences, as rows."""
    return {
        "before": diff.before,
        "after": diff.after,
        "profiles": [{"before": before, "after": after} for before, after in diff.profiles],
        "ops_added": _ops(diff.ops_added),
        "ops_removed": _ops(diff.ops_removed),
        "ops_with_first_kernels": list(diff.first_kernels),
        "ops_with_last_kernels": list(diff.last_kernels),
        "kernels_lost": _kernels(diff.lost),
        "kernels_gained": _kernels(diff.gained),
        "kernels_changed": [_change(change) for change in diff.changed],
        "definitions_changed": [_definition(change) for change in diff.definitions],
        "build_lists": [
            {"before": c.before, "after": c.after, "added": list(c.added), "removed": list(c.removed)}
            for c in diff.lists
        ],
    }


def _ops(ops: Iterable[KnownOp]) -> list[Json]:
    return [
        {
            "op": op.name,
            "profiles": list(op.profiles),
            "file": op.definition.location.file if op.definition else None,
            "line": op.definition.location.line if op.definition else None,
        }
        for op in ops
    ]


def _kernels(registrations: Iterable[KernelRegistration]) -> list[Json]:
    return [registration_json(registration) for registration in registrations]


def _change(change: KernelChange) -> Json:
    return {
        "file_changed": change.moved,
        "class_changed": change.renamed,
        "before": registration_json(change.before),
        "after": registration_json(change.after),
    }


def _definition(change: DefinitionChange) -> Json:
    return {
        "op": change.after.name,
        "breaks": change.breaks,
        "changes": [{"what": e.what, "attr": e.attr, "text": e.text, "breaks": e.breaks} for e in change.edits],
    }
