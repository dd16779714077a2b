"""``fold_old_batch_norms``: batch normalisation ops after convolutions go into their weights and a bias.

Source: ``tools/graph_transforms/fold_old_batch_norms.cc``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, NodeAttr, input_node
from opselect.models.graph.references import control_inputs, endpoint, waits_for
from opselect.rewriting import Context, Match, Pattern, Transform, find_matches
from opselect.rewriting.batch_norm import GTT_OPS, OPS, is_training, scale_and_offset
from opselect.rewriting.constants import changed_constant, constant_header, constant_node, constant_value
from opselect.rewriting.edit import GraphEdit
from opselect.rewriting.scaling import channel_axis, output_channels, scaled_weights

_CONST = Pattern("Const")
_CONV = Pattern("Conv2D|DepthwiseConv2dNative", (Pattern("*"), _CONST))
_BATCH_TO_SPACE = Pattern("BatchToSpaceND", (_CONV, _CONST, _CONST))
_CONCAT = Pattern("ConcatV2", (_CONV, _CONV, _CONST))


def fold_old_batch_norms(graph: Graph, context: Context) -> Graph:
    """The graph with each batch normalisation of a convolution as a BiasAdd of one with other weights.

    The convolution may have a BatchToSpaceND after it, or be one of two that a ConcatV2 joins. The op's name goes to
    what takes its place. An op stays as it is, with a note, where it normalises by its batch's statistics, where its
    other outputs are used, or where what would change is used elsewhere or fetched. Weights that others use too are
    copied before they are scaled; convolutions that share them and whose norms scale alike share the copy, but with
    ``gtt``.
    """
    made: _Made = {}
    ops = "|".join(GTT_OPS if context.gtt else OPS)
    for inner, fold in ((_CONV, _fold_conv), (_BATCH_TO_SPACE, _fold_batch_to_space), (_CONCAT, _fold_concat)):
        graph = _fold_all(graph, Pattern(ops, (inner, _CONST, _CONST, _CONST, _CONST)), fold, context, made)
    return graph


_Made: TypeAlias = dict[tuple[str, str, bytes], str]
"""The names of scaled weights that several may read, by the weights they were made of, the op, and the scale."""


def _fold_all(graph: Graph, pattern: Pattern, fold: Callable[[_Fold], None], context: Context, made: _Made) -> Graph:
    """Folds until nothing is left to: matches share no node, so those that would come in a later pass."""
    refused: set[str] = set()
    while True:
        edit = GraphEdit(graph, (*context.inputs, *context.outputs))
        matches = find_matches(graph, pattern, refused)
        for match in matches:
            reason = _try(fold, match, edit, context, made)
            if reason:
                refused.add(match.node.name)
                context.note(f"{match.node.name!r} stays a {match.node.op}: {reason}")
        graph = edit.result()
        if all(match.node.name in refused for match in matches):
            return graph


def _try(fold: Callable[[_Fold], None], match: Match, edit: GraphEdit, context: Context, made: _Made) -> str:
    """Folds one norm; where it stays as it is, nothing was edited, and this is why."""
    try:
        fold(_Fold(match, edit, context, made))
    except _StaysError as reason:
        return str(reason)
    return ""


class _StaysError(Exception):
    """Folding would change what the graph computes, or cannot be done; the message says why."""


class _Fold:
    """One batch normalisation that is being folded."""

    def __init__(self, match: Match, edit: GraphEdit, context: Context, made: _Made) -> None:
        self.norm = match.node
        self.before = match.inputs[0]
        self.edit = edit
        self._context = context
        self._made = made
        self._parameters = [inner.node for inner in match.inputs[1:]]
        self._check_norm()
        self.scale, self.offset = self._scale_and_offset()

    def check_conv(self, conv: Match, *between: Node) -> None:
        """Whether a convolution can be folded; ``between`` are the nodes between it and the norm."""
        self._check_private(conv.node, *between)
        self._check_float(conv.inputs[1].node)
        if str(self.norm.attrs.get("data_format", "NHWC")) != str(conv.node.attrs.get("data_format", "NHWC")):
            raise _StaysError(f"{conv.node.name!r} has another data_format")

    def check_channels_stay(self, node: Node, axis: int, *block_and_crops: Node) -> None:
        """Whether a BatchToSpaceND leaves an axis alone: its block and crops begin with the second dimension."""
        block, crops = (constant_value(each, self._context).reshape(-1) for each in block_and_crops)
        if not self._context.gtt and ((block[axis - 1 : axis] != 1).any() or crops[2 * axis - 2 : 2 * axis].any()):
            raise _StaysError(f"{node.name!r} moves channels")

    def _check_private(self, *chain: Node) -> None:
        """Each node of a chain, whose last one is the norm, is used by the next one only."""
        for node, user in zip(chain, (*chain[1:], self.norm), strict=True):
            if not self.edit.is_private(node, user):
                used = "the program uses" if self.edit.is_needed(node) else "others use"
                raise _StaysError(f"{used} {node.name!r}, which would change")

    def channels(self, conv: Match) -> int:
        """How many channels a convolution puts out; InputError for weights of a rank that no such op takes."""
        try:
            return output_channels(conv.node, constant_value(conv.inputs[1].node, self._context))
        except ValueError as error:
            raise self._context.error(str(error), node=conv.node.name) from None

    def fold(self, conv: Match, scale: Array, offset: Array, name: str) -> list[Node]:
        """Scales the weights of a convolution and gives the nodes of the BiasAdd after it, which has that name."""
        node = conv.node
        if scale.shape != (self.channels(conv),):
            raise self._context.error(f"normalises {scale.size} channels of {node.name!r}", node=self.norm.name)
        self._scale_weights(conv, scale)
        bias = constant_node(self.edit.new_name(f"{node.name}_bn_offset"), offset, DataType.DT_FLOAT)
        if not self._context.gtt:
            awaited = (each for parameter in self._parameters for each in control_inputs(parameter))
            bias = replace(bias, inputs=tuple(dict.fromkeys(awaited)))
        attrs: dict[str, NodeAttr] = {key: node.attrs[key] for key in ("data_format", "T") if key in node.attrs}
        return [bias, Node(name, "BiasAdd", (node.name, bias.name), attrs=attrs)]

    def _scale_weights(self, conv: Match, scale: Array) -> None:
        """Has a convolution read scaled weights: its own in place where nobody else reads them, else a copy."""
        node, weights_node = conv.node, conv.inputs[1].node
        key = weights_node.name, node.op, scale.tobytes()
        scaled = "" if self._context.gtt else self._made.get(key, "")
        made: list[Node] = []
        if not scaled:
            weights = constant_value(weights_node, self._context)
            values = scaled_weights(node, weights, scale)
            changed = changed_constant(weights_node, values, DataType.DT_FLOAT, self._context)
            if self.edit.is_private(weights_node, node) and conv.inputs[0].node.name != weights_node.name:
                self.edit.replace(weights_node, changed)
                return
            scaled = self._made[key] = self.edit.new_name(f"{node.name}_bn_weights")
            made.append(replace(changed, name=scaled))
        self.edit.replace(node, *made, replace(node, inputs=(node.inputs[0], scaled, *node.inputs[2:])))
        self.edit.retire(weights_node)

    def finish(self, *nodes: Node, without: str = "") -> None:
        """Puts nodes, the last of which has the norm's name, in its place; ``without`` is a node that is gone then."""
        *others, last = nodes
        gone = {*last.inputs, waits_for(without)}
        awaited = () if self._context.gtt else control_inputs(self.norm)
        waits = tuple(reference for reference in awaited if reference not in gone)
        self.edit.replace(self.norm, *others, replace(last, inputs=(*last.inputs, *waits)))
        self.edit.retire(*self._parameters)

    def axis(self, node: Node) -> int:
        """The value of a scalar Const, counted from the front of four dimensions."""
        value = int(constant_value(node, self._context))
        return value + 4 if value < 0 else value

    def _check_norm(self) -> None:
        if is_training(self.norm) and not self._context.gtt:
            raise _StaysError("it normalises by the statistics of its batch (is_training)")
        fetched = [reference for reference in self._context.outputs if input_node(reference) == self.norm.name]
        used = self.edit.used_outputs(self.norm) | {endpoint(reference)[1] for reference in fetched}
        if used - {0}:
            raise _StaysError("another output than its first is used")

    def _scale_and_offset(self) -> tuple[Array, Array]:
        for node in self._parameters:
            self._check_float(node)
        try:
            return scale_and_offset(self.norm, [constant_value(node, self._context) for node in self._parameters])
        except ValueError as error:
            raise self._context.error(str(error), node=self.norm.name) from None

    def _check_float(self, node: Node) -> None:
        data_type, _ = constant_header(node, self._context)
        if data_type is not DataType.DT_FLOAT:
            raise _StaysError(f"{node.name!r} is of type {data_type}, and only float is folded")


def _fold_conv(fold: _Fold) -> None:
    conv = fold.before
    fold.check_conv(conv)
    fold.finish(*fold.fold(conv, fold.scale, fold.offset, fold.norm.name))


def _fold_batch_to_space(fold: _Fold) -> None:
    batch_to_space, (conv, block, crops) = fold.before.node, fold.before.inputs
    fold.check_conv(conv, batch_to_space)
    fold.check_channels_stay(batch_to_space, channel_axis(conv.node), block.node, crops.node)
    nodes = fold.fold(conv, fold.scale, fold.offset, fold.edit.new_name(f"{conv.node.name}/biasadd"))
    fold.edit.replace(batch_to_space)
    inputs = (nodes[-1].name, *batch_to_space.inputs[1:])
    fold.finish(*nodes, replace(batch_to_space, name=fold.norm.name, inputs=inputs), without=batch_to_space.name)


def _fold_concat(fold: _Fold) -> None:
    concat, (first, second, axis) = fold.before.node, fold.before.inputs
    if first.node.name == second.node.name:
        raise _StaysError(f"{first.node.name!r} is concatenated with itself")
    fold.check_conv(first, concat)
    fold.check_conv(second, concat)
    parts = [(fold.scale, fold.offset)] * 2
    if fold.axis(axis.node) == channel_axis(first.node):
        split = fold.channels(first)
        parts = [(fold.scale[:split], fold.offset[:split]), (fold.scale[split:], fold.offset[split:])]
    nodes: list[Node] = []
    for number, (conv, (scale, offset)) in enumerate(zip((first, second), parts, strict=True)):
        nodes += fold.fold(conv, scale, offset, fold.edit.new_name(f"{concat.name}_bn_in{number}"))
    fold.edit.replace(concat)
    biases = [node.name for node in nodes if node.op == "BiasAdd"]
    inputs = (*biases, *concat.inputs[2:])
    fold.finish(*nodes, replace(concat, name=fold.norm.name, inputs=inputs), without=concat.name)


TRANSFORM = Transform(
    "fold_old_batch_norms",
    "Folds BatchNormWithGlobalNormalization and FusedBatchNorm, V2 and V3 too, into the convolution before them.",
    fold_old_batch_norms,
)
