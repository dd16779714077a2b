"""The types of what an operator returns, of the types of what it is given and ONNX's schemas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from opselect.onnxruntime.value_types import ValueType, agreed, proto_of, tensor_of, type_of

if TYPE_CHECKING:
    from onnx import NodeProto
    from onnx.defs import OpSchema

Types: TypeAlias = Sequence[ValueType | None]
"""Of values by position, None for those that are not known."""

_OF_CONSTANTS = {
    "value_float": "tensor(float)",
    "value_floats": "tensor(float)",
    "value_int": "tensor(int64)",
    "value_ints": "tensor(int64)",
    "value_string": "tensor(string)",
    "value_strings": "tensor(string)",
}


def knows_opset(domain: str, opset: int) -> bool:
    """Whether the installed package ``onnx`` has the schemas of an opset; of a domain that it does not have, it has
    none, whatever the opset.
    """
    return opset <= _newest_opsets().get(domain, opset)


def output_types(domain: str, opset: int, node: NodeProto, inputs: Types) -> Types:
    """The types of the outputs of a node without subgraphs whose attributes are its own, None where they are not known.

    ``domain`` is ``ai.onnx`` for ONNX itself. Operators of opsets and domains that the package ``onnx`` has no schema
    for, those of ONNX Runtime's own domain among them, return what is not known.
    """
    unknown = (None,) * len(node.output)
    if domain == "ai.onnx" and node.op_type == "Constant":
        return (_constant(node),) * len(node.output)
    schema = _schema(domain, opset, node.op_type)
    if schema is None:
        return unknown
    found = _by_schema(schema, node, inputs)
    if None not in found:
        return found
    inferred = _by_function(schema, domain, opset, node, inputs)
    return [agreed(first, second) for first, second in zip(found, inferred, strict=True)]


def _constant(node: NodeProto) -> ValueType | None:
    for attribute in node.attribute:
        if attribute.name == "value":
            return tensor_of(attribute.t.data_type)
        if attribute.name == "sparse_value":  # ONNX Runtime makes a dense tensor of it
            return tensor_of(attribute.sparse_tensor.values.data_type)
        if attribute.name in _OF_CONSTANTS:
            return _OF_CONSTANTS[attribute.name]
    return None


def _by_schema(schema: OpSchema, node: NodeProto, inputs: Types) -> list[ValueType | None]:
    """The types that follow from inputs of the same type, or from there being just one type that it can be."""
    bound: dict[str, ValueType] = {}
    for parameter, value_type in zip(_parameters(schema.inputs), inputs, strict=False):
        if value_type is not None and parameter.is_homogeneous:
            bound.setdefault(parameter.type_str, value_type)
    found: list[ValueType | None] = []
    for _, parameter in zip(node.output, _parameters(schema.outputs), strict=False):
        types = allowed_types(schema, parameter)
        only = next(iter(types)) if len(types) == 1 else None
        found.append((bound.get(parameter.type_str) if parameter.is_homogeneous else None) or only)
    return found + [None] * (len(node.output) - len(found))


def allowed_types(schema: OpSchema, parameter: OpSchema.FormalParameter) -> frozenset[str]:
    """The types that an input or output of an operator may have: those of its type variable, or the one it is said to
    be of. ``FormalParameter.types``, which has them, too, cannot be read in onnx 1.20.
    """
    for constraint in schema.type_constraints:
        if constraint.type_param_str == parameter.type_str:
            return frozenset(constraint.allowed_type_strs)
    return frozenset((parameter.type_str,))


def _parameters(parameters: Sequence[OpSchema.FormalParameter]) -> Iterator[OpSchema.FormalParameter]:
    """One for each value that a node may have: the last one stands for any number where it is variadic."""
    yield from parameters
    if parameters and parameters[-1].option == parameters[-1].option.Variadic:
        while True:
            yield parameters[-1]


def _by_function(schema: OpSchema, domain: str, opset: int, node: NodeProto, inputs: Types) -> Types:
    """The types that ONNX's own inference finds. It wants all inputs to have types: where one has none, all types are
    tried that the schema takes, and what follows from every one of them counts.
    """
    open_places = [place for place, name in enumerate(node.input) if name and inputs[place] is None]
    if not open_places:
        return _inferred(schema, domain, opset, node, inputs) or (None,) * len(node.output)
    if len(open_places) > 1:
        return (None,) * len(node.output)
    place = open_places[0]
    parameter = next(islice(_parameters(schema.inputs), place, None), None)
    found: list[Types] = []
    for value_type in sorted(allowed_types(schema, parameter)) if parameter else ():
        inferred = _inferred(schema, domain, opset, node, [*inputs[:place], value_type, *inputs[place + 1 :]])
        if inferred is not None:
            found.append(inferred)
    return [each[0] if len(set(each)) == 1 else None for each in zip(*found, strict=True)] or (None,) * len(node.output)


def _inferred(schema: OpSchema, domain: str, opset: int, node: NodeProto, inputs: Types) -> Types | None:
    """None for what ONNX's inference refuses: a node that lacks attributes, or is given types that it cannot have."""
    from onnx import checker, helper, shape_inference

    imports = [helper.make_opsetid("" if domain == "ai.onnx" else domain, opset)]
    try:
        known = {name: proto_of(each) for name, each in zip(node.input, inputs, strict=True) if name and each}
        inferred = shape_inference.infer_node_outputs(schema, node, known, opset_imports=imports)
    except (shape_inference.InferenceError, checker.ValidationError, RuntimeError, ValueError, TypeError):
        return None  # the last one for names that are no UTF-8
    return [type_of(inferred[name]) if name in inferred else None for name in node.output]


@cache
def _schema(domain: str, opset: int, op: str) -> OpSchema | None:
    """What ONNX says of an operator in an opset of a domain, ``ai.onnx`` for its own; None where it says nothing."""
    from onnx import defs

    if not knows_opset(domain, opset):
        return None
    try:
        return defs.get_schema(op, opset, "" if domain == "ai.onnx" else domain)
    except defs.SchemaError:
        return None


@cache
def _newest_opsets() -> dict[str, int]:
    from onnx import defs

    newest = {"ai.onnx": defs.onnx_opset_version(), "ai.onnx.ml": defs.onnx_ml_opset_version()}
    for schema in defs.get_all_schemas():
        if schema.domain:
            newest[schema.domain] = max(newest.get(schema.domain, 0), schema.since_version)
    return newest
