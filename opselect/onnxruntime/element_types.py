"""Which types may the elements of a model's values have? Found without inference, from what the model says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from opselect.onnxruntime.models import OnnxModel, domain_of, function_key, text_of
from opselect.onnxruntime.value_types import CPP_NAMES, ValueType, tensor_of, type_of

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, NodeProto, TypeProto, ValueInfoProto

_KNOWN_DOMAINS = ("ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc")
"""Those whose operators return other types than they are given only where they are told to, or ``_ALWAYS``."""
_ALWAYS = frozenset({"float", "int64_t", "int32_t", "bool"})
"""What operators return of themselves: shapes, positions, conditions, and numbers where no type is named."""
_BYTES = "uint8_t"
"""What quantisations make if nothing says otherwise, and what images are."""
_TELLING = ("to", "type", "precision")
"""How the names of attributes end that have the number of a type: ``dtype``, ``stash_type``, ``softmax_precision``."""


def element_types(model: OnnxModel) -> frozenset[str] | None:
    """The C++ names of all types that elements of values may have; those without a name are left out.

    None where it cannot be known: an operator of a domain that is not known returns what it likes.
    """
    found = _Found(model)
    found.graph(model.graph)
    for function in model.functions.values():
        found.values(function.value_info)
        found.nodes(function.node)
    return None if found.anything else frozenset(found.types)


class _Found:
    def __init__(self, model: OnnxModel) -> None:
        self._functions = model.functions
        self.types = set(_ALWAYS)
        self.anything = False

    def graph(self, graph: GraphProto) -> None:
        self.values((*graph.input, *graph.output, *graph.value_info))
        for tensor in (*graph.initializer, *(sparse.values for sparse in graph.sparse_initializer)):
            self._type(tensor_of(tensor.data_type))
        self.nodes(graph.node)

    def values(self, values: Iterable[ValueInfoProto]) -> None:
        for value in values:
            self._declared(value.type)

    def nodes(self, nodes: Iterable[NodeProto]) -> None:
        for node in nodes:
            if domain_of(node.domain) not in _KNOWN_DOMAINS and function_key(node) not in self._functions:
                self.anything = True
            op = text_of(node.op_type)
            if "Quantize" in op or op == "ImageDecoder":
                self.types.add(_BYTES)
            for attribute in node.attribute:
                self._attribute(attribute)

    def _attribute(self, attribute: AttributeProto) -> None:
        sparse = (attribute.sparse_tensor, *attribute.sparse_tensors)
        for tensor in (attribute.t, *attribute.tensors, *(each.values for each in sparse)):
            self._type(tensor_of(tensor.data_type))
        for proto in (attribute.tp, *attribute.type_protos):
            self._declared(proto)
        if text_of(attribute.name).endswith(_TELLING):
            self._type(tensor_of(attribute.i))
        for graph in (attribute.g, *attribute.graphs):
            self.graph(graph)

    def _declared(self, proto: TypeProto) -> None:
        """Adds the element types of a type that a model names; those of maps are of no operator, but of its values."""
        kind = proto.WhichOneof("value")
        if kind == "map_type":
            self._type(tensor_of(proto.map_type.key_type))
            self._declared(proto.map_type.value_type)
        elif kind in ("sequence_type", "optional_type"):
            self._declared(getattr(proto, kind).elem_type)
        else:
            self._type(type_of(proto))

    def _type(self, value_type: ValueType | None) -> None:
        """Adds the element types of a type such as ``seq(tensor(float))``."""
        self.types.update(CPP_NAMES[name] for name in re.findall(r"\w+", value_type or "") if name in CPP_NAMES)
