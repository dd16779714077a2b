"""``fold_batch_norms``: a multiplication behind a convolution goes into its weights.

Source: ``tools/graph_transforms/fold_batch_norms.cc``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opselect.formats.numpy_types import Array
from opselect.graph import Graph, Node
from opselect.rewriting import Context, Match, Pattern, Transform, find_matches
from opselect.rewriting.constants import constant_header, constant_node, constant_value
from opselect.rewriting.edit import GraphEdit
from opselect.rewriting.names import control_inputs
from opselect.rewriting.scaling import SCALED_TYPES, channel_axis, output_channels, output_rank, scaled_weights

PATTERN = Pattern(
    "Mul",
    (
        Pattern("Conv2D|MatMul|DepthwiseConv2dNative", (Pattern("*"), Pattern("Const"))),
        Pattern("Const"),
    ),
)


def fold_batch_norms(graph: Graph, context: Context) -> Graph:
    """The graph with each ``Mul(Conv2D(x, weights), scale)`` as one Conv2D, which takes the Mul's name.

    MatMul and DepthwiseConv2dNative likewise. It stays as it is where the convolution, the weights or the scale are
    used elsewhere or fetched, where the scale is not a value for each channel, and where weights are not float or
    double. With ``gtt`` a scale of another shape is an error.
    """
    edit = GraphEdit(graph, (*context.inputs, *context.outputs))
    for match in find_matches(graph, PATTERN):
        _fold(match, edit, context)
    return edit.result()


def _fold(match: Match, edit: GraphEdit, context: Context) -> None:
    mul, conv, scale_node = match.node, match.inputs[0].node, match.inputs[1].node
    weights_node = match.inputs[0].inputs[1].node
    owners = (mul, conv, weights_node, scale_node, match.inputs[0].inputs[0].node)
    if not all(edit.is_private(node, *owners) for node in (conv, weights_node, scale_node)):
        if edit.is_needed(conv):
            context.note(f"{mul.name!r} stays a Mul: the program uses {conv.name!r}, which would be renamed")
        return
    data_type, _ = constant_header(weights_node, context)
    if data_type not in SCALED_TYPES or constant_header(scale_node, context)[0] is not data_type:
        context.note(f"{mul.name!r} stays a Mul: weights of {data_type} are not folded")
        return
    weights = constant_value(weights_node, context)
    scale = _scale(conv, weights, constant_value(scale_node, context), context)
    if scale is None:
        context.note(f"{mul.name!r} stays a Mul: {scale_node.name!r} is not one value for each channel")
        return
    edit.replace(weights_node, constant_node(weights_node.name, scaled_weights(conv, weights, scale), data_type))
    edit.retire(scale_node)
    edit.replace(conv)
    waits = tuple(reference for reference in control_inputs(mul) if reference not in conv.inputs)
    edit.replace(mul, replace(conv, name=mul.name, inputs=(*conv.inputs, *waits)))


def _scale(conv: Node, weights: Array, values: Array, context: Context) -> Array | None:
    """A value for each output channel; None where the Mul does something else than that."""
    try:
        channels = output_channels(conv, weights)
    except ValueError as error:
        raise context.error(str(error), node=conv.name) from None
    if context.gtt and values.shape != (channels,):
        raise context.error(f"is scaled by a constant of shape {list(values.shape)}", node=conv.name)
    rank = output_rank(conv)
    if values.ndim > rank:
        return None
    shape = (1,) * (rank - values.ndim) + values.shape
    # Of every other dimension the constant must have one value only, and then it is the same for all of them.
    if any(size != 1 for axis, size in enumerate(shape) if axis != channel_axis(conv)):
        return None
    if shape[channel_axis(conv)] not in (1, channels):
        return None
    return np.broadcast_to(values.reshape(-1), (channels,))


TRANSFORM = Transform(
    "fold_batch_norms",
    "Multiplies the weights of Conv2D, MatMul and DepthwiseConv2dNative by the constant that scales their output.",
    fold_batch_norms,
)
