"""What of a model is left out of mobile builds by default, why, and what to do about it."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.index import KernelIndex
from opselect.criteria import CRITERIA
from opselect.findings import Finding
from opselect.requirements.collect import MAX_MODELS_NAMED, MAX_NODES_NAMED, Requirements
from opselect.selection.left_out_by_default.advice import Adviser, Key, key_of
from opselect.selection.left_out_by_default.left_out import LeftOut, MobileBuild


def findings(
    requirements: Requirements, index: KernelIndex, profile: str, adviser: Adviser | None = None
) -> tuple[Finding, ...]:
    """What of the requirements a build of ``profile`` lacks by default, by criterion in the order of the table.

    What the release's own lists hold and the profile registers is never there; nor is what no kernel of the release
    does, which :func:`select` reports as unresolved. Nothing is for a profile that is no mobile one.

    With a :class:`GraphAdviser` of the graph that the requirements were collected from, advice names
    the outputs that make the op go away, the node to feed in its place or the command that takes it out, and has been
    tried. Without, for the merged requirements of several models, say, it is general.
    """
    build = MobileBuild(index, profile)
    adviser = adviser or Adviser(build)
    left_out = [
        (item, adviser.seen(item, found)) for item in requirements.items if (found := build.left_out(item)) is not None
    ]
    merged: dict[Key, Finding] = {}
    for item, found in left_out:
        key = key_of(item.op, found)
        other = merged.get(key)
        if other is None:
            other = replace(_finding(item.op, found), mends=adviser.advise(item, found))
        merged[key] = replace(
            other,
            count=other.count + item.count,
            nodes=tuple(sorted({*other.nodes, *item.nodes})[:MAX_NODES_NAMED]),
            models=tuple(sorted({*other.models, *item.models})[:MAX_MODELS_NAMED]),
        )
    place = {criterion.key: number for number, criterion in enumerate(CRITERIA)}
    return tuple(merged[key] for key in sorted(merged, key=lambda key: (place[key[1]], key)))


def _finding(op: str, left_out: LeftOut) -> Finding:
    """What is known of it whoever asks; its ``kind`` is the key of the criterion."""
    why = left_out.criterion
    return Finding(
        why.code,
        why.sentence,
        kind=why.key,
        topic=why.title,
        op=op,
        attr=left_out.attr,
        dtypes=() if left_out.dtype is None else (left_out.dtype,),
        files=left_out.files,
        source=why.source,
    )
