"""``flatten_atrous_conv``: a filter with holes in the place of SpaceToBatchND and BatchToSpaceND.

Source: ``tools/graph_transforms/flatten_atrous.cc``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, NodeAttr, Shape, input_node
from opselect.models.graph.references import control_inputs, data_inputs, waits_for
from opselect.rewriting import Context, Pattern, Transform, find_matches
from opselect.rewriting.constants import constant_header, constant_node, constant_value
from opselect.rewriting.edit import GraphEdit

_CONVOLUTIONS = ("Conv2D", "DepthwiseConv2dNative")
_ANY = Pattern("*")
PATTERN = Pattern(
    "BatchToSpaceND",
    (Pattern("|".join(_CONVOLUTIONS), (Pattern("SpaceToBatchND", (_ANY, _ANY, _ANY)), _ANY)), _ANY, _ANY),
)
_ONES = (1, 1, 1, 1)
_MAX_ELEMENTS = 1 << 29
"""Of floats these are the two gigabytes that a graph can be at most."""
_KEPT = ("T", "strides", "data_format", "use_cudnn_on_gpu")


class _StaysError(Exception):
    """A convolution cannot be flattened; the message says why."""


@dataclass(frozen=True, slots=True)
class _Atrous:
    """A convolution between SpaceToBatchND and BatchToSpaceND, and what these read besides data."""

    space: Node
    conv: Node
    back: Node
    weights: Node
    block: Node
    paddings: Node
    back_block: Node
    crops: Node

    def constants(self) -> tuple[Node, ...]:
        return self.weights, self.block, self.paddings, self.back_block, self.crops


def flatten_atrous_conv(graph: Graph, context: Context) -> Graph:
    """The graph with each ``BatchToSpaceND(Conv2D(SpaceToBatchND(x), filter))`` as one Conv2D of an upsampled filter.

    DepthwiseConv2dNative likewise. It takes the name of the BatchToSpaceND. Where the two are not each other's
    opposite, the strides are not 1, or something between them is used elsewhere or is no constant, all stays as it is.
    With ``gtt`` one that reads another directly stays, too.
    """
    edit = GraphEdit(graph, (*context.inputs, *context.outputs))
    for atrous in _find(graph, context):
        _try_to_flatten(atrous, edit, context)
    return edit.result()


def _find(graph: Graph, context: Context) -> Iterator[_Atrous]:
    by_name = {node.name: node for node in graph.nodes}
    heads = tuple(match.node for match in find_matches(graph, PATTERN)) if context.gtt else graph.nodes
    for head in heads:
        back = _sources(head, ("BatchToSpaceND",), 3, by_name)
        conv = _sources(back[0], _CONVOLUTIONS, 2, by_name) if back else ()
        space = _sources(conv[0], ("SpaceToBatchND",), 3, by_name) if conv else ()
        if space:
            yield _Atrous(conv[0], back[0], head, conv[1], space[1], space[2], back[1], back[2])


def _sources(node: Node, ops: tuple[str, ...], count: int, by_name: Mapping[str, Node]) -> tuple[Node, ...]:
    """The nodes whose first outputs a node of one of the ops reads; none for every other node."""
    references = data_inputs(node)
    if node.op not in ops or len(references) != count:
        return ()
    found = tuple(by_name[name] for reference in references if (name := input_node(reference)) in by_name)
    return found if len(found) == count else ()


def _try_to_flatten(atrous: _Atrous, edit: GraphEdit, context: Context) -> None:
    try:
        _flatten(atrous, edit, context)
    except _StaysError as reason:
        context.note(f"{atrous.conv.name!r} stays an atrous convolution: {reason}")


def _flatten(atrous: _Atrous, edit: GraphEdit, context: Context) -> None:
    """Raises _StaysError where that is not exactly the same."""
    conv, weights = atrous.conv, atrous.weights
    _check(atrous, edit)
    data_type, shape = constant_header(weights, context)
    blocks = _blocks(atrous, shape, context)
    padding = _padding(atrous, blocks, shape, context)
    shared = not edit.is_private(weights, conv)
    name = edit.new_name(f"{weights.name}_upsampled") if shared else weights.name
    filter_node = constant_node(name, _upsampled(constant_value(weights, context), *blocks), data_type)
    if not shared:
        edit.replace(weights)
    edit.retire(*atrous.constants())
    edit.replace(atrous.space)
    edit.replace(conv)
    attrs: dict[str, NodeAttr] = {key: conv.attrs[key] for key in _KEPT if key in conv.attrs}
    gone = {waits_for(node.name) for node in (atrous.space, conv)}
    sources = (atrous.space, conv, atrous.back, *atrous.constants()[1:])
    waits = dict.fromkeys(each for node in sources for each in control_inputs(node) if each not in gone)
    edit.replace(
        atrous.back,
        replace(filter_node, inputs=control_inputs(weights), device=weights.device),
        Node(
            atrous.back.name,
            conv.op,
            (data_inputs(atrous.space)[0], name, *waits),
            conv.device,
            {**attrs, "padding": padding},
        ),
    )


def _check(atrous: _Atrous, edit: GraphEdit) -> None:
    conv = atrous.conv
    for node in atrous.constants():
        if node.op != "Const":
            raise _StaysError(f"{node.name!r} is no constant; run fold_constants first")
    for node, owner in ((atrous.space, conv), (conv, atrous.back)):
        if not edit.is_private(node, owner):
            raise _StaysError(f"{node.name!r} is used elsewhere")
    for name, default, needed in (
        ("strides", None, (_ONES,)),
        ("dilations", _ONES, (_ONES,)),
        ("data_format", "NHWC", ("NHWC",)),
        ("padding", None, ("SAME", "VALID")),
    ):
        value = conv.attrs.get(name, default)
        if value not in needed:
            raise _StaysError(f"it has {name} {value}")


def _blocks(atrous: _Atrous, filter_shape: Shape, context: Context) -> tuple[int, int]:
    """How far apart the pixels of the flat filter are, down and across."""
    dims = filter_shape.dims or ()
    block, back = (constant_value(node, context) for node in (atrous.block, atrous.back_block))
    if block.shape != (2,) or not np.array_equal(block, back) or block.min() < 1 or len(dims) != 4:
        raise _StaysError("BatchToSpaceND does not undo what SpaceToBatchND does")
    rows, columns = block.tolist()
    if (dims[0] * rows) * (dims[1] * columns) * dims[2] * dims[3] > _MAX_ELEMENTS:
        raise _StaysError("its filter would be larger than any constant")
    return rows, columns


def _padding(atrous: _Atrous, blocks: tuple[int, int], filter_shape: Shape, context: Context) -> str:
    """The padding of the flat convolution: what SpaceToBatchND adds, BatchToSpaceND crops and the convolution adds.

    With ``SAME`` a flat convolution of stride 1 adds one pixel less than its filter has, half of them in front.
    """
    paddings, crops = (constant_value(node, context) for node in (atrous.paddings, atrous.crops))
    if (paddings.shape, crops.shape) != ((2, 2), (2, 2)):
        raise _StaysError("its padding is not of two dimensions")
    padded = (paddings.astype(np.int64) - crops).tolist()
    same, none = [], []
    for (before, after), block, size in zip(padded, blocks, filter_shape.dims or (), strict=False):
        if atrous.conv.attrs["padding"] == "SAME":
            before += block * ((size - 1) // 2)
            after += block * (size - 1 - (size - 1) // 2)
        total = block * (size - 1)
        same.append((before, after) == (total // 2, total - total // 2))
        none.append((before, after) == (0, 0))
    if all(same):
        return "SAME"
    if all(none):
        return "VALID"
    raise _StaysError("its padding is neither SAME nor VALID")


def _upsampled(values: Array, rows: int, columns: int) -> Array:
    """A filter with its pixels ``rows`` and ``columns`` apart, zeros between them."""
    height, width, *rest = values.shape
    result: Array = np.zeros(((height - 1) * rows + 1, (width - 1) * columns + 1, *rest), values.dtype)
    result[::rows, ::columns] = values
    return result


TRANSFORM = Transform(
    "flatten_atrous_conv",
    "Makes plain convolutions of atrous ones: upsampled filters in the place of SpaceToBatchND.",
    flatten_atrous_conv,
)
