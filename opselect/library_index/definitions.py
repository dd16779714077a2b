"""Op definitions of a library as records; what it does not tell is that of the same op in the base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kernel_index.records import ArgDefinition, AttrDefinition, Location, OpDefinition
from kernel_index.scan.expressions import NotEvaluatedError
from kernel_index.scan.ops import argument_definition, attr_definition, finished
from opselect.binaries.records import CompiledDefinition
from opselect.library_index.matching import last_name


@dataclass(frozen=True, slots=True)
class Joined:
    """An op definition, and how it became one: ``same`` as in the base, or else with which parts that are borrowed.

    ``borrowed`` counts its inputs, outputs and attrs that are made when the library runs and are those of the base.
    """

    record: OpDefinition
    same: bool
    borrowed: int = 0


def joined(compiled: CompiledDefinition, base: OpDefinition | None, place: Location) -> Joined:
    """The record of a compiled definition, with what only the base tells.

    ``place`` is that of a definition that the base has not. Whether an op keeps state and since when it is deprecated
    no library tells: that is as in the base. A new op is taken as one that keeps state, for what does not may be folded
    and merged. Raises NotEvaluatedError where a part is made when the library runs and the base does not tell what that
    is.
    """
    inputs = _arguments(compiled.inputs, None if base is None else base.inputs)
    outputs = _arguments(compiled.outputs, None if base is None else base.outputs)
    attrs = _attrs(compiled.attrs, base)
    record = finished(compiled.op, inputs, outputs, attrs, place, stateful=base is None)
    missing = sum(not text for text in (*compiled.inputs, *compiled.outputs, *compiled.attrs))
    if base is None:
        return Joined(record, same=False)
    if (record.inputs, record.outputs, record.attrs) == (base.inputs, base.outputs, base.attrs):
        return Joined(_in_file(base, compiled.file, place), same=True, borrowed=missing)
    changed = replace(record, stateful=record.stateful or base.stateful, deprecation=base.deprecation)
    at = _in_file(base, compiled.file, place)
    return Joined(replace(changed, location=at.location, unit=at.unit), same=False, borrowed=missing)


def _in_file(base: OpDefinition, file: str, place: Location) -> OpDefinition:
    """The definition of the base, in the file that the library names."""
    if not file or last_name(file) in (last_name(base.source), last_name(base.location.file)):
        return base
    return replace(base, location=place, unit="")


def _arguments(texts: Sequence[str], known: Sequence[ArgDefinition] | None) -> list[ArgDefinition]:
    """The inputs or outputs that texts spell; one whose text is not known is that of the base, where it has as many."""
    if "" in texts and (known is None or len(known) != len(texts)):
        raise NotEvaluatedError("an input or output is made when the library runs")
    return [argument_definition(text) if text else (known or ())[number] for number, text in enumerate(texts)]


def _attrs(texts: Sequence[str], base: OpDefinition | None) -> list[AttrDefinition]:
    """The attrs that texts spell; those whose text is not known are the ones that only the base has, in its order.

    What has no colon is no attr, but was left in the memory in which the library makes one when it runs.
    """
    read = [attr_definition(text) if ":" in text else None for text in texts]
    names = {attr.name for attr in read if attr is not None}
    left = [attr for attr in base.attrs if attr.name not in names] if base is not None else []
    if len(left) != read.count(None) and None in read:
        raise NotEvaluatedError("an attr is made when the library runs")
    others = iter(left)
    attrs = [next(others) if attr is None else attr for attr in read]
    return attrs if base is None else [_as_the_base_spells(attr, base.attr(attr.name)) for attr in attrs]


def _as_the_base_spells(attr: AttrDefinition, known: AttrDefinition | None) -> AttrDefinition:
    """An attr with the types that a class of types stands for in the base: the newest ones have more.

    What ``numbertype`` and its like are is in no library (:mod:`kernel_index.scan.type_classes`).
    """
    if known is None or known.allowed is None or attr.allowed is None or attr.allowed == known.allowed:
        return attr
    is_class = len(attr.allowed) > len(known.allowed) and attr.allowed in _CLASSES
    return replace(attr, allowed=known.allowed) if is_class and set(known.allowed) < set(attr.allowed) else attr


_CLASSES = frozenset(
    attr_definition(f"T: {name}").allowed for name in ("numbertype", "realnumbertype", "quantizedtype")
)
