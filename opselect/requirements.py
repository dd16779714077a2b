"""What models need: which ops, with which attrs, on which device, and who asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeGuard, TypeVar

from kernel_index.datatypes import DataType, from_enum_name, from_spec
from kernel_index.errors import InputError
from kernel_index.index import KernelIndex
from kernel_index.records import AttrScalar, AttrValue, OpDefinition
from opselect.graph import (
    CalledNode,
    FedNode,
    Graph,
    Node,
    NodeAttr,
    check_graph,
    expand_functions,
    reach,
    training_warning,
)

MAX_NODES_NAMED = 5
"""So many nodes of a requirement are named as examples; the count is of all."""

LABEL_ATTR = "_kernel"
"""The attr that asks for a kernel with a label (``framework/op_kernel.cc``)."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One op with one set of attrs on one device, and who asks for it.

    ``attrs`` are sorted by name and hold what kernels constrain on, defaults filled in. ``device`` is the device type
    that the nodes ask for (``CPU``, ``GPU``), empty where they ask for none. ``label`` is the ``_kernel`` attr.
    ``nodes`` are examples, the first by name; a node of a function is ``function:node``.
    """

    op: str
    attrs: tuple[tuple[str, AttrValue], ...] = ()
    device: str = ""
    label: str = ""
    count: int = 1
    nodes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, tuple[tuple[str, AttrValue], ...], str, str]:
        """What makes two requirements the same one, whoever asks."""
        return self.op, self.attrs, self.device, self.label

    def to_json(self) -> dict[str, object]:
        """``{"op", "attrs", "device", "count", "nodes", "models"}``, types by name, the label as attr ``_kernel``."""
        return {
            "op": self.op,
            "attrs": attrs_to_json(self),
            "device": self.device,
            "count": self.count,
            "nodes": list(self.nodes),
            "models": list(self.models),
        }


@dataclass(frozen=True, slots=True)
class Requirements:
    """The requirements of one or several models, sorted by op; merging is commutative and idempotent in the ops."""

    items: tuple[Requirement, ...] = ()
    warnings: tuple[str, ...] = ()

    @staticmethod
    def merge(parts: Iterable[Requirements]) -> Requirements:
        """All requirements of the parts; those with the same key become one.

        Counts add up, so a part that comes twice counts twice; nothing else depends on order, grouping or repetition.
        """
        merged: dict[str, Requirement] = {}
        warnings: set[str] = set()
        for part in parts:
            warnings.update(part.warnings)
            for item in part.items:
                key = _sort_key(item)
                other = merged.get(key)
                merged[key] = item if other is None else _merge_two(other, item)
        return Requirements(tuple(merged[key] for key in sorted(merged)), tuple(sorted(warnings)))

    def to_json(self) -> dict[str, list[dict[str, object]]]:
        """``{"ops": […]}``, each as :meth:`Requirement.to_json` gives it; warnings are not kept."""
        return {"ops": [item.to_json() for item in self.items]}

    @staticmethod
    def from_json(data: object, path: str) -> Requirements:
        """What :meth:`to_json` wrote; ``path`` is where the data is from. InputError names the value that is wrong."""
        ops = _typed(_typed(data, dict, "the top level", path).get("ops"), list, "ops", path)
        items = tuple(_item_from_json(op, f"ops[{number}]", path) for number, op in enumerate(ops))
        return Requirements.merge([Requirements((item,)) for item in items])


def collect_requirements(
    graph: Graph,
    model: str,
    *,
    index: KernelIndex | None,
    inputs: Sequence[str] = (),
    outputs: Sequence[str] = (),
) -> Requirements:
    """What a graph needs, ``model`` being the path that the user gave for it.

    Only what ``outputs`` reach counts (:func:`opselect.graph.reach`); an input that is no Placeholder counts as one.
    Functions count where they are called; a node whose op is a function of the graph needs no kernel itself. A
    requirement's attrs are the node's attrs of type ``type`` and ``list(type)`` and every attr that a registration of
    the op in ``index`` constrains on, defaults filled in from the op's definition; without an index only the former.
    Raises InputError for a graph that makes no sense (:func:`opselect.graph.check_graph`) and for unknown inputs and
    outputs.
    """
    check_graph(graph, model)
    reached = reach(graph, inputs, outputs, model)
    expansion = expand_functions(graph, reached.nodes, model)
    relevant = _RelevantAttrs(index)
    found: dict[str, tuple[Requirement, list[str]]] = {}
    nodes = [called for called in expansion.nodes if not called.is_call]
    nodes.extend(CalledNode(relevant.placeholder(fed)) for fed in reached.fed)
    for called in nodes:
        requirement = relevant.requirement(called.node)
        key = _sort_key(requirement)
        name = f"{called.function}:{called.node.name}" if called.function else called.node.name
        found.setdefault(key, (requirement, []))[1].append(name)
    items = []
    for key in sorted(found):
        requirement, names = found[key]
        examples = tuple(sorted(set(names))[:MAX_NODES_NAMED])
        items.append(
            Requirement(*requirement.key, count=len(names), nodes=examples, models=(model,)),
        )
    warnings = [
        f"{model}: node {node!r} names function {name!r}, which the graph's library lacks; what it needs is not known."
        for name, node in expansion.missing.items()
    ]
    warnings += [
        f"{model}: the gradient of function {name!r} is made at run time; which ops it needs is not known."
        for name in expansion.gradients_made_at_run_time
    ]
    unbound = {(called.function, attr) for called in expansion.nodes for attr in called.unbound}
    warnings += [f"{model}: nothing binds attr {attr!r} of function {function!r}." for function, attr in unbound]
    warnings += [f"{model}: input {name!r} does not contribute to the outputs." for name in reached.unused_inputs]
    if not outputs:
        warnings.append(training_warning((called.node for called in expansion.nodes), model))
    return Requirements(tuple(items), tuple(sorted(filter(None, warnings))))


_LOCAL_DEVICE = re.compile(r"/(?:(?:device:)(\w+)|(cpu|gpu):)", re.IGNORECASE)


def device_type(device: str) -> str:
    """The device type that a node's device string asks for, empty where any will do.

    ``/job:x/device:GPU:0``, ``/device:GPU:*`` and the old ``/gpu:0`` are GPU (``util/device_name_utils.cc``).
    """
    match = _LOCAL_DEVICE.search(device)
    if match is None:
        return ""
    name = match[1] or match[2]
    return name.upper() if name.lower() in ("cpu", "gpu") else name


class _RelevantAttrs:
    """Picks the attrs of nodes that decide which kernel they get."""

    def __init__(self, index: KernelIndex | None) -> None:
        self._index = index
        self._definitions: dict[str, OpDefinition | None] = {}
        self._constrained: dict[str, frozenset[str]] = {}
        self._defaults: dict[str, dict[str, AttrValue]] = {}

    def requirement(self, node: Node) -> Requirement:
        """What one node needs, count 1, without names."""
        if node.op not in self._definitions:
            self._look_up(node.op)
        attrs = dict(self._defaults[node.op])
        constrained = self._constrained[node.op]
        for name, value in node.attrs.items():
            if name in constrained:
                plain = _plain(value)
                if plain is not None:
                    attrs[name] = plain
            elif not name.startswith("_") and _is_types(value):
                attrs[name] = value
        label = node.attrs.get(LABEL_ATTR, "")
        attrs.pop(LABEL_ATTR, None)
        return Requirement(
            node.op,
            tuple(sorted(attrs.items(), key=lambda entry: entry[0])),
            device_type(node.device),
            label if isinstance(label, str) else "",
        )

    def placeholder(self, fed: FedNode) -> Node:
        """The Placeholder that stands for a fed node; its type is that of the output, where the definition tells it."""
        node = fed.node
        if node.op not in self._definitions:
            self._look_up(node.op)
        definition = self._definitions[node.op]
        data_type: NodeAttr | None = None
        if definition is not None and fed.output < len(definition.outputs):
            text = definition.outputs[fed.output].type_text.removeprefix("Ref(").removesuffix(")")
            data_type = from_spec(text) or node.attrs.get(text, self._defaults[node.op].get(text))
        attrs: dict[str, NodeAttr] = {"dtype": data_type} if isinstance(data_type, DataType) else {}
        return Node(node.name, "Placeholder", (), node.device, attrs)

    def _look_up(self, op: str) -> None:
        definition = self._index.op_definition(op) if self._index else None
        registrations = self._index.registrations(op) if self._index else ()
        constrained = {constraint.attr for registration in registrations for constraint in registration.constraints}
        defaults: dict[str, AttrValue] = {}
        for attr in definition.attrs if definition else ():
            if attr.type in ("type", "list(type)"):
                constrained.add(attr.name)
            if attr.name in constrained and attr.has_default and attr.default is not None:
                defaults[attr.name] = attr.default
        self._definitions[op] = definition
        self._constrained[op] = frozenset(constrained)
        self._defaults[op] = defaults


def _plain(value: NodeAttr) -> AttrValue | None:
    """The value where kernels can constrain on it; None for shapes, tensors, functions and placeholders."""
    if isinstance(value, tuple):
        plain = tuple(item for item in value if isinstance(item, DataType | str | int | float | bool))
        return plain if len(plain) == len(value) else None
    return value if isinstance(value, DataType | str | int | float | bool) else None


def _is_types(value: NodeAttr) -> TypeGuard[DataType | tuple[DataType, ...]]:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(item, DataType) for item in value)
    return isinstance(value, DataType)


def _sort_key(item: Requirement) -> str:
    """Orders requirements whatever the types of their attrs; equal for two that are one."""
    return json.dumps([item.op, item.label, item.device, attrs_to_json(item)])


def _merge_two(one: Requirement, other: Requirement) -> Requirement:
    return Requirement(
        *one.key,
        count=one.count + other.count,
        nodes=tuple(sorted({*one.nodes, *other.nodes})[:MAX_NODES_NAMED]),
        models=tuple(sorted({*one.models, *other.models})),
    )


def attrs_to_json(item: Requirement) -> dict[str, object]:
    """The attrs of a requirement; a kernel label that nodes ask for is their attr ``_kernel``, as in the graph."""
    attrs: dict[str, object] = {name: _value_to_json(value) for name, value in item.attrs}
    return {**attrs, LABEL_ATTR: item.label} if item.label else attrs


def _value_to_json(value: AttrValue) -> object:
    if isinstance(value, tuple):
        return [_value_to_json(element) for element in value]
    return value.name if isinstance(value, DataType) else value


def _item_from_json(data: object, where: str, path: str) -> Requirement:
    fields = _typed(data, dict, where, path)
    attrs = dict(_typed(fields.get("attrs", {}), dict, f"{where}.attrs", path))
    label = _typed(attrs.pop(LABEL_ATTR, ""), str, f"{where}.attrs.{LABEL_ATTR}", path)
    count = _typed(fields.get("count", 1), int, f"{where}.count", path)
    if count < 1:
        raise InputError(path, f"{where}.count must be positive", _JSON_ADVICE)
    return Requirement(
        op=_typed(fields.get("op"), str, f"{where}.op", path),
        attrs=tuple((name, _value_from_json(attrs[name], f"{where}.attrs.{name}", path)) for name in sorted(attrs)),
        device=_typed(fields.get("device", ""), str, f"{where}.device", path),
        label=label,
        count=count,
        nodes=_strings_from_json(fields.get("nodes", []), f"{where}.nodes", path),
        models=_strings_from_json(fields.get("models", []), f"{where}.models", path),
    )


def _value_from_json(value: object, where: str, path: str) -> AttrValue:
    if isinstance(value, list):
        return tuple(_scalar_from_json(element, f"{where}[{number}]", path) for number, element in enumerate(value))
    return _scalar_from_json(value, where, path)


def _scalar_from_json(value: object, where: str, path: str) -> AttrScalar:
    if isinstance(value, str):
        return (from_enum_name(value) if value.startswith("DT_") else None) or value
    if isinstance(value, bool | int | float):
        return value
    raise InputError(path, f"{where} is no value of an attr", _JSON_ADVICE)


def _strings_from_json(value: object, where: str, path: str) -> tuple[str, ...]:
    elements = _typed(value, list, where, path)
    return tuple(_typed(element, str, f"{where}[{number}]", path) for number, element in enumerate(elements))


_JSON_ADVICE = "Write the file again with `opselect requirements MODEL --json`."
_JSON_NAMES = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}


def _typed(value: object, wanted: type[_T], where: str, path: str) -> _T:
    if isinstance(value, wanted) and not (wanted is int and isinstance(value, bool)):
        return value
    raise InputError(path, f"{where} must be {_JSON_NAMES[wanted]}", _JSON_ADVICE)
