"""Of which ops the runtimes of two releases may make different things."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kernel_index.datatypes import DataType
from kernel_index.records import AttrValue
from opselect.models.graph.op_families import PARTITIONED_CALLS
from opselect.requirements.runtime.control_flow import LOWERED
from opselect.requirements.runtime.releases import Release, Span
from opselect.requirements.runtime.rewrites import ACCUMULATES, ISOLATED_CALLS, PARALLEL_CONCATS, UNSAFE_READS

_CHANGED: Mapping[str, Span] = {
    "AccumulateNV2": ACCUMULATES,
    "ParallelConcat": PARALLEL_CONCATS,
    "ReadVariableOp": UNSAFE_READS,
    **dict.fromkeys(PARTITIONED_CALLS, ISOLATED_CALLS),
    **LOWERED,
}
"""The releases whose runtime always makes something else of an op, if its node asks for it or stands where it does."""


def may_differ(op: str, attrs: Mapping[str, AttrValue], releases: Collection[Release | None]) -> bool:
    """Whether what the runtime always makes of an op may depend on which of these releases it is of.

    What is known of a node are the attrs that kernels are chosen by. They do not tell whether it is lowered, nor in
    what function it is, so an op that one of the releases changes may differ; None is a release that is not known.
    What optimizers may insert besides is not looked at.
    """
    if op in PARTITIONED_CALLS and not _returns_resources(attrs):
        return False
    span = _CHANGED.get(op)
    return span is not None and any(release is None or release in span for release in releases)


def _returns_resources(attrs: Mapping[str, AttrValue]) -> bool:
    types = attrs.get("Tout", (DataType.DT_RESOURCE,))
    return isinstance(types, tuple) and DataType.DT_RESOURCE in types
