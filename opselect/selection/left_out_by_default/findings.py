"""What of a model is left out of mobile builds by default, why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from kernel_index.records_json import Json
from opselect.criteria import CRITERIA, Criterion
from opselect.requirements.collect import MAX_MODELS_NAMED, MAX_NODES_NAMED, Requirements
from opselect.selection.left_out_by_default.advice import Advice, Adviser, Key, key_of
from opselect.selection.left_out_by_default.left_out import MobileBuild


@dataclass(frozen=True, slots=True)
class Finding:
    """An op, or a type of it, that a mobile build lacks by default.

    ``dtype`` is there where it is about a type: one that the op's attr ``attr`` has, or, without ``attr``, the one that
    the op is made for. ``nodes`` and ``models`` are examples, ``count`` is of all nodes.
    """

    op: str
    criterion: Criterion
    advice: Advice
    attr: str = ""
    dtype: DataType | None = None
    count: int = 1
    nodes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """``{"op", "criterion", "attr", "dtype", "reason", "source", "advice", "count", "nodes", "models"}``.

        ``criterion`` is the key, ``reason`` its sentence, ``dtype`` an enum name or null, ``advice`` an object of
        ``action``, ``text``, ``inputs``, ``outputs`` and ``files``.
        """
        return {
            "op": self.op,
            "criterion": self.criterion.key,
            "attr": self.attr,
            "dtype": None if self.dtype is None else self.dtype.name,
            "reason": self.criterion.sentence,
            "source": self.criterion.source,
            "advice": self.advice.to_json(),
            "count": self.count,
            "nodes": list(self.nodes),
            "models": list(self.models),
        }


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
            advice = adviser.advise(item, found)
            other = Finding(item.op, found.criterion, advice, found.attr, found.dtype, 0)
        merged[key] = replace(
            other,
            count=other.count + item.count,
            nodes=tuple(sorted({*other.nodes, *item.nodes})[:MAX_NODES_NAMED]),
            models=tuple(sorted({*other.models, *item.models})[:MAX_MODELS_NAMED]),
        )
    place = {criterion.key: number for number, criterion in enumerate(CRITERIA)}
    return tuple(merged[key] for key in sorted(merged, key=lambda key: (place[key[1]], key)))
