"""Constants of a graph as arrays, and arrays as constants."""

from __future__ import annotations

from dataclasses import replace

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.formats.tensor_writer import encode_tensor
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import Node, Shape, TensorRef
from opselect.models.graph.references import control_inputs
from opselect.rewriting.context import Context

_VALUE = "value"


def constant_value(node: Node, context: Context) -> Array:
    """The array of a Const, read only; TransformError for a Const without a tensor, InputError for a broken one."""
    return read_tensor(constant_tensor(node, context))


def constant_header(node: Node, context: Context) -> tuple[DataType, Shape]:
    """Type and shape of a Const, its content not read."""
    return tensor_header(constant_tensor(node, context))


def constant_node(name: str, array: Array, data_type: DataType) -> Node:
    """A Const of an array."""
    return tensor_node(name, data_type, encode_tensor(array, data_type))


def changed_constant(node: Node, array: Array, data_type: DataType, context: Context) -> Node:
    """A Const of an array in the place of another, on its device and inside what its control inputs put it into.

    The Graph Transform Tool drops both, which takes a constant of a loop's body out of the loop.
    """
    changed = constant_node(node.name, array, data_type)
    return changed if context.gtt else replace(changed, inputs=control_inputs(node), device=node.device)


def tensor_node(name: str, data_type: DataType, tensor: TensorRef) -> Node:
    """A Const of a tensor."""
    return Node(name, "Const", attrs={"dtype": data_type, _VALUE: tensor})


def constant_tensor(node: Node, context: Context) -> TensorRef:
    """The tensor of a Const; TransformError where it has none."""
    value = node.attrs.get(_VALUE)
    if not isinstance(value, TensorRef):
        raise context.error("is a Const without a value", "Export the graph again.", node=node.name)
    return value
