"""What becomes of a node that uses a frozen variable.

Source: ``python/framework/graph_util_impl.py`` of 1.15, ``python/framework/convert_to_constants.py`` of 2.14 and
``kernels/resource_variable_ops.cc``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.graph import Node, NodeAttr, input_node
from opselect.models.graph.op_definitions import OpDefinitions
from opselect.models.graph.references import control_inputs, data_inputs, waits_for
from opselect.rewriting.constants import constant_node
from opselect.rewriting.freezing.flow import REF_TWINS, FrozenValue, Values, joined_values, passes_on


class RefusalError(Exception):
    """A node does with a variable what no constant can do; the message completes "node … "."""


@dataclass(frozen=True, slots=True)
class Converted:
    """The nodes in the place of one, and how its outputs are called in functions: the name before, the name now."""

    nodes: tuple[Node, ...]
    renamed: tuple[str, str] | None = None


def convert(node: Node, inputs: Values, ops: OpDefinitions, new_node: Callable[[str], tuple[str, str]]) -> Converted:
    """The node on values; ``inputs`` has one at each data input that is a frozen variable.

    What reads or gathers from a variable has no device afterwards, as neither has its constant: TensorFlow's tools
    make these nodes anew.

    ``new_node`` gives the name of a constant that is added, from the one that is wanted, and what refers to its value.
    Raises RefusalError for a node that changes a variable, and for one of which nobody knows what it does with it.
    """
    first = next(value for value in inputs if value is not None)
    if node.op == "ResourceGather":
        return _gather(node, first, new_node)
    if node.op in _READS:
        return _READS[node.op](node, first)
    if passes_on(node, inputs):
        return Converted((_retyped(node, inputs),))
    if node.op == "Identity":  # what reads nearly every reference; no op definition need be looked up
        return Converted((node,))
    for position, value in enumerate(inputs):
        if value is None:
            continue
        if not value.is_ref:
            raise RefusalError(_verdict(node, value))
        takes_ref = _takes_ref(ops, node, position)
        if takes_ref is None:
            raise RefusalError(f"has the variable {value.name!r} as input, and its op {node.op} is not known")
        if takes_ref:
            raise RefusalError(_verdict(node, value))
    return Converted((node,))


def _takes_ref(ops: OpDefinitions, node: Node, position: int) -> bool | None:
    """Whether the data input at a position must be a ref variable; None where nobody knows."""
    signature = ops.signature(node.op)
    if signature is not None and not any(each.is_ref for each in signature.inputs):
        return False
    inputs = ops.inputs(node)
    return next((each.is_ref for each in inputs or () if each.start <= position < each.stop), None)


def _verdict(node: Node, value: FrozenValue) -> str:
    words = ("Assign", "Apply", "Scatter", "CountUpTo")
    if any(word in node.op for word in words):
        return f"changes the variable {value.name!r} by op {node.op}"
    return f"uses the variable {value.name!r} by op {node.op}, which needs a variable"


def _retyped(node: Node, inputs: Values) -> Node:
    """A node that passes values on, with their types."""
    attrs = {name: value for name, value in node.attrs.items() if name != "_output_shapes"}
    if node.op == "IdentityN":
        types = attrs.get("T")
        if isinstance(types, tuple):
            attrs["T"] = tuple(value.dtype if value else old for value, old in zip(inputs, types, strict=True))
        return replace(node, attrs=attrs)
    op = REF_TWINS.get(node.op, node.op)
    value = joined_values([value for value in inputs if value is not None])
    if value is None:
        names = ", ".join(repr(value.name) for value in inputs if value is not None)
        raise RefusalError(f"is one of the variables {names}, which are of different types")
    if op == "Merge" and None in inputs:
        raise RefusalError(f"is the variable {value.name!r} or something that does not become a constant")
    return replace(node, op=op, attrs={**attrs, "T": value.dtype})


def _kept_attrs(node: Node) -> dict[str, NodeAttr]:
    return {"_class": node.attrs["_class"]} if "_class" in node.attrs else {}


def _checked_type(node: Node, value: FrozenValue) -> DataType:
    dtype = node.attrs.get("dtype", value.dtype)
    if dtype != value.dtype:
        raise RefusalError(f"reads the variable {value.name!r} as {dtype}, which is {value.dtype}")
    return value.dtype


def _read(node: Node, value: FrozenValue) -> Converted:
    attrs = {"T": _checked_type(node, value), **_kept_attrs(node)}
    return Converted((replace(node, op="Identity", device="", attrs=attrs),), ("value", "output"))


def _gather(node: Node, value: FrozenValue, new_node: Callable[[str], tuple[str, str]]) -> Converted:
    """``ResourceGather`` is ``GatherV2`` along the axis after the batch dimensions."""
    batch_dims = node.attrs.get("batch_dims", 0)
    params, positions, indices = _gathered(node)
    attrs: dict[str, NodeAttr] = {
        "Tparams": _checked_type(node, value),
        "Tindices": indices,
        "Taxis": indices,
        **_kept_attrs(node),
    }
    if batch_dims:
        attrs["batch_dims"] = batch_dims
    axis_type = DataType.DT_INT64 if indices is DataType.DT_INT64 else DataType.DT_INT32
    dtype = np.int64 if axis_type is DataType.DT_INT64 else np.int32
    name, reference = new_node(f"{node.name}/axis")
    axis = constant_node(name, np.array(batch_dims, dtype), axis_type)
    attrs["Taxis"] = axis_type
    axis = replace(axis, inputs=_in_frame_of(node, value))
    inputs = (params, positions, reference, *control_inputs(node))
    gather = Node(node.name, "GatherV2", inputs, attrs=attrs)
    return Converted((axis, gather), ("output", "output"))


def _gather_nd(node: Node, value: FrozenValue) -> Converted:
    attrs = {"Tparams": _checked_type(node, value), "Tindices": _gathered(node)[2], **_kept_attrs(node)}
    return Converted((replace(node, op="GatherNd", device="", attrs=attrs),), ("output", "output"))


def _gathered(node: Node) -> tuple[str, str, DataType]:
    """What is gathered from, the indices, and their type."""
    inputs, indices = data_inputs(node), node.attrs.get("Tindices")
    if len(inputs) != 2 or not isinstance(indices, DataType):
        raise RefusalError("lacks its indices or their type")
    return inputs[0], inputs[1], indices


def _shape(node: Node, value: FrozenValue) -> Converted:
    attrs = {"T": value.dtype, "out_type": node.attrs.get("out_type", DataType.DT_INT32), **_kept_attrs(node)}
    return Converted((replace(node, op="Shape", attrs=attrs),))


def _initialized(node: Node, value: FrozenValue) -> Converted:
    """A variable that was restored has been initialized."""
    constant = constant_node(node.name, np.array(True), DataType.DT_BOOL)
    inputs = (*control_inputs(node), *_in_frame_of(node, value))
    constant = replace(constant, inputs=tuple(dict.fromkeys(inputs)), device=node.device)
    return Converted((constant,), ("is_initialized", "output"))


def _nothing(node: Node, _: FrozenValue) -> Converted:
    return Converted((Node(node.name, "NoOp", control_inputs(node), node.device),))


def _in_frame_of(node: Node, value: FrozenValue) -> tuple[str, ...]:
    """A constant inside of a while loop must wait for something of the loop, or it runs outside of it."""
    return (waits_for(input_node(data_inputs(node)[0])),) if value.in_loop else ()


_READS: Mapping[str, Callable[[Node, FrozenValue], Converted]] = {
    "ReadVariableOp": _read,
    "ResourceGatherNd": _gather_nd,
    "VariableShape": _shape,
    "VarIsInitializedOp": _initialized,
    "IsVariableInitialized": _initialized,
    "DisableCopyOnRead": _nothing,
}
