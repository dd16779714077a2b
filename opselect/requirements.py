"""What models need: which ops, with which attrs, on which device, and who asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from kernel_index.datatypes import DataType, from_spec
from kernel_index.index import KernelIndex
from kernel_index.records import AttrValue, OpDefinition
from opselect.graph import (
    CalledNode,
    Entry,
    FedNode,
    Graph,
    Node,
    NodeAttr,
    check_graph,
    expand_functions,
    reach_entries,
    training_warning,
)
from opselect.registration_json import Json, attrs_json
from opselect.runtime import SESSION_OPS, Addition, Origin, runtime_additions

MAX_NODES_NAMED = 5
"""So many nodes of a requirement are named as examples; the count is of all."""

MAX_MODELS_NAMED = 20
"""So many models of a requirement are named as examples; the count is of all."""

LABEL_ATTR = "_kernel"
"""The attr that asks for a kernel with a label (``framework/op_kernel.cc``)."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One op with one set of attrs on one device, and who asks for it.

    ``attrs`` are sorted by name and hold what kernels constrain on, defaults filled in. ``device`` is the device type
    that the nodes ask for (``CPU``, ``GPU``), empty where they ask for none. ``label`` is the ``_kernel`` attr.
    ``nodes`` and ``models`` are examples, the first by name (at most :data:`MAX_NODES_NAMED` and
    :data:`MAX_MODELS_NAMED`), so that a requirement stays small however many ask; ``count`` and ``model_count`` are of
    all. A node of a function is ``function:node``. ``origin`` is None for what nodes of the model ask for themselves;
    else the runtime makes the op of the nodes, or replaces theirs (:class:`opselect.runtime.Origin`).
    """

    op: str
    attrs: tuple[tuple[str, AttrValue], ...] = ()
    device: str = ""
    label: str = ""
    count: int = 1
    nodes: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    model_count: int = 1
    origin: Origin | None = None

    @property
    def may_insert(self) -> bool:
        """Whether only an optimizer of the runtime brings the op in, so that the model runs without it too."""
        return self.origin is not None and self.origin.may_insert

    def attrs_json(self) -> Json:
        """The attrs, types by name; a kernel label that nodes ask for is their attr ``_kernel``, as in the graph."""
        attrs = attrs_json(self.attrs)
        return {**attrs, LABEL_ATTR: self.label} if self.label else attrs


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
        merger = Merger()
        for part in parts:
            merger.add(part)
        return merger.merged()

    def without_inserted(self) -> Requirements:
        """All but what the runtime only may insert."""
        return Requirements(tuple(item for item in self.items if not item.may_insert), self.warnings)


class Merger:
    """Merges requirements one after the other; what it holds grows with what they need, not with how many they are."""

    def __init__(self) -> None:
        self._items: dict[str, Requirement] = {}
        self._warnings: set[str] = set()

    def add(self, part: Requirements) -> None:
        """Merge one more into what there is."""
        self._warnings.update(part.warnings)
        for item in part.items:
            key = _sort_key(item)
            other = self._items.get(key)
            self._items[key] = item if other is None else _merge_two(other, item)

    def merged(self) -> Requirements:
        """All that was added."""
        items = tuple(self._items[key] for key in sorted(self._items))
        return Requirements(items, tuple(sorted(self._warnings)))


def collect_requirements(
    graph: Graph,
    model: str,
    *,
    index: KernelIndex | None,
    entries: Sequence[Entry] = (Entry(),),
) -> Requirements:
    """What a graph needs, ``model`` being the path that the user gave for it.

    Only what ``entries`` reach counts (:func:`opselect.graph.reach`); an input that is no Placeholder counts as one.
    Functions count where they are called; a node whose op is a function of the graph needs no kernel itself. A
    requirement's attrs are the node's attrs of type ``type`` and ``list(type)`` and every attr that a registration of
    the op in ``index`` constrains on, defaults filled in from the op's definition; without an index only the former.
    With an index, what the runtime of its release makes of the nodes counts too
    (:func:`opselect.runtime.runtime_additions`), but no op that it may insert and that is needed anyway. Raises
    InputError for a graph that makes no sense (:func:`opselect.graph.check_graph`) and for unknown inputs and outputs.
    """
    check_graph(graph, model)
    reached = reach_entries(graph, entries, model)
    expansion = expand_functions(graph, reached.nodes, model)
    relevant = _RelevantAttrs(index)
    added = list(runtime_additions(expansion, graph.functions, index)) if index is not None else []
    replaced = {id(addition.nodes[0]) for addition in added if addition.origin.kind == "replaced"}
    nodes = [called for called in expansion.nodes if not called.is_call and id(called.node) not in replaced]
    nodes.extend(CalledNode(relevant.placeholder(fed)) for fed in reached.fed)
    items = _counted([*nodes, *added], relevant, model)
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
    if not all(entry.outputs for entry in entries):
        warnings.append(training_warning((called.node for called in expansion.nodes), model))
    return Requirements(items, tuple(sorted(filter(None, warnings))))


def _counted(asking: Iterable[CalledNode | Addition], relevant: _RelevantAttrs, model: str) -> tuple[Requirement, ...]:
    """The requirements of nodes, each once, sorted; without what may be inserted and is needed anyway."""
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for called in asking:
        requirement = relevant.requirement(called.node)
        if isinstance(called, Addition):
            requirement = replace(requirement, origin=called.origin)
        name = f"{called.function}:{called.node.name}" if called.function else called.node.name
        found.setdefault(_sort_key(requirement), (requirement, []))[1].append(name)
    needed = {_kernel_key(item) for item, _ in found.values() if item.origin is None or item.origin.kind == "added"}
    items = []
    for key in sorted(found):
        item, names = found[key]
        if not item.may_insert or (item.op not in SESSION_OPS and _kernel_key(item) not in needed):
            examples = tuple(sorted(set(names))[:MAX_NODES_NAMED])
            items.append(replace(item, count=len(names), nodes=examples, models=(model,)))
    return tuple(items)


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
    """Orders requirements whatever the types of their attrs; equal for two that are one, whoever asks."""
    origin = (item.origin.kind, item.origin.why) if item.origin is not None else ()
    return json.dumps([item.op, item.label, item.device, item.attrs_json(), origin])


def _kernel_key(item: Requirement) -> str:
    """The same for two that need the same kernel, for whatever reason."""
    return _sort_key(replace(item, origin=None))


def _merge_two(one: Requirement, other: Requirement) -> Requirement:
    return replace(
        one,
        count=one.count + other.count,
        nodes=tuple(sorted({*one.nodes, *other.nodes})[:MAX_NODES_NAMED]),
        models=tuple(sorted({*one.models, *other.models})[:MAX_MODELS_NAMED]),
        model_count=one.model_count + other.model_count,
    )
