"""What TensorFlow checks of a node before it runs, against the definition of the node's op.

Sources, the same in every release from 1.0 to 2.20 unless a rule says otherwise: ``ValidateNodeDef`` of
``framework/node_def_util.cc``, ``ValidateAttrValue`` and ``CheckOpDeprecation`` of ``framework/op_def_util.cc``,
``AttrValueHasType`` of ``framework/attr_value_util.cc``, ``TypesCompatible`` of ``framework/types.cc``, ``MakeEdge``
of ``graph_constructor.cc``, ``lower_if_while.cc`` (1.13) and ``lower_functional_ops.cc`` (from 1.14) of
``common_runtime``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kernel_index.datatypes import SINCE, DataType
from kernel_index.records import AttrDefinition, AttrScalar, OpDefinition
from opselect.models.graph import NodeAttr
from opselect.models.graph.op_definitions import signature_of
from opselect.requirements.loading.signatures import misfits, spelled
from opselect.requirements.loading.uses import AttrUse, Use
from opselect.requirements.loading.values import EMPTY_LIST, default_of
from opselect.requirements.runtime import LOWERED, LOWERING_ATTR

IGNORES_UNKNOWN_ATTRS = (2, 5)
"""From here on an attr that the op does not have is a line in the log, no error (``ValidateNodeDef``)."""

REFUSES_TO_LOWER = (1, 13)
"""From here on a node that asks to be lowered and cannot be ends the session; before, nobody looked at it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a release has against a use: ``kind`` is that of a code OPS3xx of :data:`opselect.findings.CATALOG`.

    ``reason`` has the words of TensorFlow's message. ``attr`` is the attr that it is about, if it is about one.
    """

    kind: str
    reason: str
    attr: str = ""


def problems(use: Use, definition: OpDefinition, release: tuple[int, int]) -> list[Problem]:
    """Everything that a release has against the use of an op that it defines, unknown attrs included in any release."""
    gone = definition.deprecation
    if gone is not None and use.producer >= gone.version:
        reason = (
            f"Op {use.op} is not available in GraphDef version {use.producer}. "
            f"It has been removed in version {gone.version}. {gone.explanation.removesuffix('.')}."
        )
        return [Problem("removed_op", reason)]
    given = {attr.name: attr for attr in use.attrs}
    found = [*unknown_attrs(use, definition), *_bad_values(given, definition, release), *_missing(given, definition)]
    if not any(each.kind in ("missing_attr", "attr_value") for each in found):
        found += _bad_inputs(use, given, definition)
    return [*found, *lowering(use, release)]


def unknown_attrs(use: Use, definition: OpDefinition | None) -> Iterator[Problem]:
    """Attrs that the op does not have; of a call, those are all that there are of its attrs."""
    for attr in use.attrs:
        if definition is None or definition.attr(attr.name) is None:
            yield Problem("unknown_attr", f"NodeDef mentions attr '{attr.name}' not in Op<name={use.op}>", attr.name)


def lowering(use: Use, release: tuple[int, int]) -> Iterator[Problem]:
    """A node that asks to be lowered, of an op that the release does not lower."""
    if use.lowered and refuses_to_lower(use.op, release):
        reason = f"Node of type {use.op} has '{LOWERING_ATTR}' attr set but it does not support lowering"
        yield Problem("lowering", reason, LOWERING_ATTR)


def refuses_to_lower(op: str, release: tuple[int, int]) -> bool:
    """Whether a release ends the session where a node of an op asks to be lowered."""
    return release >= REFUSES_TO_LOWER and not (op in LOWERED and release in LOWERED[op])


def values_not_kept(use: Use, definition: OpDefinition) -> list[str]:
    """Attrs with limits whose values are not known: those for which the use was collected had none, and kept none."""
    limited = {
        attr.name: attr.type for attr in definition.attrs if attr.minimum is not None or attr.allowed is not None
    }
    return [
        attr.name
        for attr in use.attrs
        # A value of another kind is refused whatever it is.
        if limited.get(attr.name) == attr.kind and attr.value is None and attr.length < 0
    ]


def _missing(given: Mapping[str, AttrUse], definition: OpDefinition) -> Iterator[Problem]:
    for attr in definition.attrs:
        if not attr.has_default and attr.name not in given:
            yield Problem(
                "missing_attr", f"NodeDef missing attr '{attr.name}' from Op<name={definition.name}>", attr.name
            )


def _bad_values(given: Mapping[str, AttrUse], definition: OpDefinition, release: tuple[int, int]) -> Iterator[Problem]:
    for attr in definition.attrs:
        use = given.get(attr.name)
        problem = _bad_value(use, attr, release) if use is not None else ""
        if problem:
            yield Problem("attr_value", problem, attr.name)


def _bad_value(use: AttrUse, attr: AttrDefinition, release: tuple[int, int]) -> str:
    if use.kind == EMPTY_LIST and not attr.type.startswith("list("):
        return f"AttrValue missing value with expected type '{attr.type}' for attr '{attr.name}'"
    if use.kind not in (attr.type, EMPTY_LIST):
        return f"AttrValue had value with type '{use.kind}' when '{attr.type}' expected for attr '{attr.name}'"
    value = use.value
    items = value if isinstance(value, tuple) else () if value is None else (value,)
    if attr.type in ("type", "list(type)") and DataType.DT_INVALID in items:
        return f"AttrValue has invalid DataType for attr '{attr.name}'"
    for item in items if attr.type in ("type", "list(type)") else ():
        if isinstance(item, DataType) and release < SINCE.get(item, release):
            return f"AttrValue has invalid DataType enum: {int(item)} for attr '{attr.name}'"
    return _below_minimum(use, attr) or _not_allowed(items, attr)


def _below_minimum(use: AttrUse, attr: AttrDefinition) -> str:
    if attr.minimum is None:
        return ""
    value = use.value
    if attr.type == "int":
        if isinstance(value, int) and value < attr.minimum:
            return f"Value for attr '{attr.name}' of {value} must be at least minimum {attr.minimum}"
        return ""
    length = len(value) if isinstance(value, tuple) else use.length
    if length < attr.minimum:
        return f"Length for attr '{attr.name}' of {length} must be at least minimum {attr.minimum}"
    return ""


def _not_allowed(items: tuple[object, ...], attr: AttrDefinition) -> str:
    if attr.allowed is None:
        return ""
    for item in items:
        if item not in attr.allowed:
            allowed = ", ".join(map(_text, attr.allowed))
            return f"Value for attr '{attr.name}' of {_text(item)} is not in the list of allowed values: {allowed}"
    return ""


def _text(value: AttrScalar | object) -> str:
    return spelled(value.name) if isinstance(value, DataType) else f'"{value}"'


def _bad_inputs(use: Use, given: Mapping[str, AttrUse], definition: OpDefinition) -> Iterator[Problem]:
    """The first that does not fit of the inputs, and whatever may be mere order."""
    if use.misfit:
        yield Problem("inputs", use.misfit)
        return
    if use.inputs is None:
        return
    inputs = signature_of(definition).inputs
    for reason in misfits(use.inputs, inputs, lambda name: _value(name, given, definition)):
        yield Problem("inputs", reason)


def _value(name: str, given: Mapping[str, AttrUse], definition: OpDefinition) -> NodeAttr | None:
    use = given.get(name)
    if use is not None:
        return use.value
    attr = definition.attr(name)
    return default_of(attr) if attr is not None else None
