"""Operators of ONNX that are made of other operators, and which of these ONNX Runtime runs in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from opselect.onnxruntime.function_kernels import has_kernel
from opselect.onnxruntime.inference import Types, parameters_of, schema_of
from opselect.onnxruntime.value_types import ValueType, proto_of

if TYPE_CHECKING:
    from onnx import FunctionProto, NodeProto

_Schema: TypeAlias = Any
"""``onnx.defs.OpSchema``, whose published types lack what it says of functions."""


def onnx_function_names() -> frozenset[str]:
    """The operators of ONNX that are functions, in some opset."""
    from onnx import defs

    schemas: Iterator[_Schema] = (each for each in defs.get_all_schemas_with_history() if not each.domain)
    return frozenset(each.name for each in schemas if each.has_function or each.has_context_dependent_function)


def expanded(domain: str, opset: int, node: NodeProto, inputs: Types, outputs: Types) -> FunctionProto | None:
    """What ONNX Runtime runs in place of a node that it has no kernel for, or may have none as types are not known: a
    function, with the attributes that the node does not have itself.

    None where it runs the node, and for what ONNX does not make of other operators. A function without nodes is one
    that depends on types which are not known, or on shapes.
    """
    schema: _Schema = schema_of(domain, opset, node.op_type) if domain == "ai.onnx" else None
    if schema is None or not (schema.has_function or schema.has_context_dependent_function):
        return None
    types: dict[str, ValueType | None] = {}
    for parameters, names, found in ((schema.inputs, node.input, inputs), (schema.outputs, node.output, outputs)):
        for parameter, name, value_type in zip(parameters_of(parameters), names, found, strict=False):
            if name:
                types[parameter.type_str] = types.get(parameter.type_str) or value_type
    if has_kernel(node.op_type, schema.since_version, types):
        return None
    function = _body(schema, opset, node, inputs)
    if function is None or not function.node:
        return function
    own = {each.name for each in (*node.attribute, *function.attribute_proto)}
    defaults = (each.default_value for name, each in schema.attributes.items() if name not in own)
    function.attribute_proto.extend(each for each in defaults if each.name)
    return function


def _body(schema: _Schema, opset: int, node: NodeProto, inputs: Types) -> FunctionProto | None:
    """The function that a schema has for an opset, of which there may be none that is so old."""
    from onnx import FunctionProto

    versions = [each for each in schema.function_opset_versions if each <= opset]
    if versions:
        function = FunctionProto.FromString(schema.get_function_with_opset_version(max(versions)))
        return function if _holds_in(function, max(versions), opset) else None
    versions = [each for each in schema.context_dependent_function_opset_versions if each <= opset]
    if not versions or not _is_sound(schema, node, inputs):
        return None
    found = {_built(schema, max(versions), node, inputs, choose) for choose in (min, max)}
    # What is made with one type and with another is of no use where it differs.
    return FunctionProto.FromString(found.pop() if len(found) == 1 else b"")


def _built(schema: _Schema, version: int, node: NodeProto, inputs: Types, choose: Callable[[set[str]], str]) -> bytes:
    """The function that a schema makes of a node, types that are not known chosen among those that it takes."""
    from onnx import shape_inference

    known: dict[str, ValueType] = {}
    places = list(zip(node.input, parameters_of(schema.inputs), inputs, strict=False))
    for _, parameter, value_type in places:
        if value_type is not None and parameter.is_homogeneous:
            known[parameter.type_str] = value_type
    types = []
    for name, parameter, value_type in places:
        chosen = value_type or known.get(parameter.type_str) or choose(parameter.types)
        types.append(proto_of(chosen).SerializeToString() if name else b"")
    try:
        data: bytes = schema.get_context_dependent_function_with_opset_version(version, node.SerializeToString(), types)
    except (shape_inference.InferenceError, RuntimeError, ValueError):
        return b""
    return data


def _is_sound(schema: _Schema, node: NodeProto, inputs: Types) -> bool:
    """Whether a node is as its schema says: what makes functions of nodes takes that for granted, and other nodes may
    end the process.
    """
    parameters = [parameter for _, parameter in zip(node.input, parameters_of(schema.inputs), strict=False)]
    if not schema.min_input <= len(node.input) == len(parameters):
        return False
    for name, parameter, value_type in zip(node.input, parameters, inputs, strict=True):
        if (not name and parameter.option != parameter.option.Optional) or (
            value_type is not None and value_type not in parameter.types
        ):
            return False
    given = {each.name: each for each in node.attribute}
    if any(each.required and name not in given for name, each in schema.attributes.items()):
        return False
    return all(
        name in schema.attributes
        and each.type == schema.attributes[name].type.value
        and not each.ref_attr_name
        and (each.type != each.GRAPH or len(each.g.input) == len(node.input))
        for name, each in given.items()
    )


def _holds_in(function: FunctionProto, since: int, opset: int) -> bool:
    """Whether a function that was written for an opset holds in a later one, too: where none of its operators has
    changed (``OpSchema::ValidateReferencedOpsInFunction`` in ``onnx/defs/schema.cc``).
    """
    schemas = (
        (schema_of("ai.onnx", since, node.op_type), schema_of("ai.onnx", opset, node.op_type)) for node in function.node
    )
    return all(old and new and old.since_version == new.since_version for old, new in schemas)
