"""``fold_batch_norms``: a multiplication after a convolution goes into its weights.

Source: ``tools/graph_transforms/fold_batch_norms.cc``.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, input_node
from opselect.models.graph.references import control_inputs
from opselect.rewriting import Context, Match, Pattern, Transform, find_matches
from opselect.rewriting.constants import changed_constant, constant_header, constant_value
from opselect.rewriting.edit import GraphEdit
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
    double. With ``gtt`` a scale of another shape is an error, and of several that read the same node one is folded.
    """
    refused: set[str] = set()
    while True:
        edit = GraphEdit(graph, (*context.inputs, *context.outputs))
        matches = find_matches(graph, PATTERN, refused)
        refused |= {match.node.name for match in matches if not _fold(match, edit, context)}
        graph = edit.result()
        # Matches share no node, so those that do come in a later pass.
        if context.gtt or all(match.node.name in refused for match in matches):
            return graph


def _fold(match: Match, edit: GraphEdit, context: Context) -> bool:
    """Folds one; where it stays as it is, nothing was edited."""
    mul, conv, scale_node = match.node, match.inputs[0].node, match.inputs[1].node
    weights_node = match.inputs[0].inputs[1].node
    if not _are_private(match, edit, context):
        if edit.is_needed(conv):
            context.note(f"{mul.name!r} stays a Mul: the program uses {conv.name!r}, which would be renamed")
        return False
    data_type, _ = constant_header(weights_node, context)
    if data_type not in SCALED_TYPES or constant_header(scale_node, context)[0] is not data_type:
        context.note(f"{mul.name!r} stays a Mul: weights of {data_type} are not folded")
        return False
    weights = constant_value(weights_node, context)
    scale = _scale(conv, weights, constant_value(scale_node, context), context)
    if scale is None:
        context.note(f"{mul.name!r} stays a Mul: {scale_node.name!r} is not one value for each channel")
        return False
    scaled = scaled_weights(conv, weights, scale)
    edit.replace(weights_node, changed_constant(weights_node, scaled, data_type, context))
    edit.retire(scale_node)
    edit.replace(conv)
    awaited = () if context.gtt else (*control_inputs(mul), *control_inputs(scale_node))
    waits = [each for each in dict.fromkeys(awaited) if each not in conv.inputs and input_node(each) != conv.name]
    edit.replace(mul, replace(conv, name=mul.name, inputs=(*conv.inputs, *waits)))
    return True


def _are_private(match: Match, edit: GraphEdit, context: Context) -> bool:
    """Whether nobody else uses what would change. With ``gtt`` what the op reads is not somebody else."""
    mul, conv, scale = match.node, match.inputs[0].node, match.inputs[1].node
    source, weights = (each.node for each in match.inputs[0].inputs)
    if context.gtt:
        return all(edit.is_private(node, mul, conv, weights, scale, source) for node in (conv, weights, scale))
    private = edit.is_private(conv, mul) and edit.is_private(weights, conv) and edit.is_private(scale, mul)
    return private and source.name != weights.name


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
