"""Which attrs of a node decide what kernel it gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from kernel_index.datatypes import DataType
from kernel_index.index import KernelIndex
from kernel_index.records import AttrScalar, AttrValue, OpDefinition
from opselect.models.graph import FedNode, Node, NodeAttr
from opselect.models.graph.op_definitions import OpDefinitions

LABEL_ATTR = "_kernel"
"""The attr that asks for a kernel with a label (``framework/op_kernel.cc``)."""

CONSTRAINED: Mapping[str, Mapping[str, AttrScalar]] = {
    "ApproxTopK": {"is_max_k": True, "reduction_dimension": -1},
    "Conv2DBackpropFilter": {"data_format": "NHWC"},
    "DepthToSpace": {"data_format": "NHWC"},
    "GatherNd": {"bad_indices_policy": ""},
    "SpaceToDepth": {"data_format": "NHWC"},
}
"""The attrs besides data types that kernels of any shipped release constrain on, with their defaults, by op.

They count for every release, so that requirements that were collected for one can be answered by another.
"""

Attrs = tuple[tuple[str, AttrValue], ...]
"""Attrs, sorted by name."""


class KernelAttrs:
    """Picks the attrs of nodes that decide which kernel they get, for the kernels of one index.

    These are a node's attrs of type ``type`` and ``list(type)``, those in :data:`CONSTRAINED`, and every attr that a
    registration of its op in ``index`` constrains on, defaults filled in from the op's definition. Without an index
    nothing is known of an op but :data:`CONSTRAINED`. Each op is looked up once.
    """

    def __init__(self, index: KernelIndex | None) -> None:
        self._index = index
        self._definitions: dict[str, OpDefinition | None] = {}
        self._constrained: dict[str, frozenset[str]] = {}
        self._defaults: dict[str, dict[str, AttrValue]] = {}
        self._own_types: dict[str, dict[DataType, DataType]] = {}

    def of(self, node: Node) -> Attrs:
        """The attrs of a node that count; the label, which asks for a kernel by itself, is none of them."""
        self._look_up(node.op)
        attrs = dict(self._defaults[node.op])
        constrained = self._constrained[node.op]
        for name, value in node.attrs.items():
            if name in constrained:
                plain = _plain(value)
                if plain is not None:
                    attrs[name] = self._named(node.op, plain)
            elif not name.startswith("_") and _is_types(value):
                attrs[name] = self._named(node.op, value)
        attrs.pop(LABEL_ATTR, None)
        return _sorted(attrs)

    def _named(self, op: str, value: AttrValue) -> AttrValue:
        """The value with the names that the index's tree has for its types: a graph has their numbers only."""
        own = self._own_types[op]
        if not own:
            return value
        if isinstance(value, tuple):
            return tuple(own.get(item, item) if isinstance(item, DataType) else item for item in value)
        return own.get(value, value) if isinstance(value, DataType) else value

    def with_types(self, op: str, attrs: Attrs) -> Attrs:
        """Attrs of some node, with the defaults of types that they lack."""
        self._look_up(op)
        types = {name: value for name, value in self._defaults[op].items() if value == () or _is_types(value)}
        return _sorted({**types, **dict(attrs)})

    def placeholder(self, fed: FedNode) -> Node:
        """The Placeholder that stands for a fed node; its type is that of the output, where the definition tells it."""
        node = fed.node
        types = OpDefinitions(self._index).output_types(node) if self._index is not None else None
        data_type = types[fed.output] if types is not None and fed.output < len(types) else None
        attrs: dict[str, NodeAttr] = {"dtype": data_type} if data_type is not None else {}
        return Node(node.name, "Placeholder", (), node.device, attrs)

    def _look_up(self, op: str) -> None:
        if op in self._definitions:
            return
        definition = self._index.op_definition(op) if self._index else None
        registrations = self._index.registrations(op) if self._index else ()
        defaults: dict[str, AttrValue] = dict(CONSTRAINED.get(op, {}))
        constrained = {*defaults, *(c.attr for registration in registrations for c in registration.constraints)}
        for attr in definition.attrs if definition else ():
            if attr.type in ("type", "list(type)"):
                constrained.add(attr.name)
            if attr.name in constrained and attr.has_default and attr.default is not None:
                defaults[attr.name] = attr.default
        self._constrained[op] = frozenset(constrained)
        self._defaults[op] = defaults
        self._definitions[op] = definition
        values = (v for r in registrations for c in r.constraints for v in c.allowed if isinstance(v, DataType))
        self._own_types[op] = {value: value for value in values if value.name not in DataType.__members__}


def _sorted(attrs: Mapping[str, AttrValue]) -> Attrs:
    return tuple(sorted(attrs.items()))  # no two names are equal, so that values are never compared


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
