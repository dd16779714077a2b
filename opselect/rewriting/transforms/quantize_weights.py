"""``quantize_weights``: constants in eight bits.

Source: ``tools/graph_transforms/quantize_weights.cc`` and ``FloatToQuantized`` of ``kernels/quantization_utils.h``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node, NodeAttr
from opselect.models.graph.references import control_inputs
from opselect.rewriting import Argument, Context, Transform
from opselect.rewriting.constants import constant_node
from opselect.rewriting.edit import GraphEdit
from opselect.rewriting.weights import Floats, Weights, large_weights

_STEPS = 256
_SMALL = np.float32(0.000001)
_ZERO = np.float32(0)


def quantize_weights(graph: Graph, context: Context) -> Graph:
    """The graph with every float constant of ``minimum_size`` elements and more as bytes and a Dequantize."""
    minimum_size = context.whole("minimum_size", 1024)
    edit = GraphEdit(graph)
    for node in graph.nodes:
        weights = large_weights(node, minimum_size, context)
        if weights is not None:
            edit.replace(node, *_quantized(node, weights, edit, context))
    return edit.result()


def _quantized(node: Node, weights: Weights, edit: GraphEdit, context: Context) -> list[Node]:
    low, high = _spread(*weights.range(context))
    names = [edit.new_name(f"{node.name}_quantized_{what}") for what in ("const", "min", "max")]
    constants = [
        weights.changed(names[0], DataType.DT_QUINT8, partial(_quantize, low=low, high=high)),
        constant_node(names[1], np.asarray(low), DataType.DT_FLOAT),
        constant_node(names[2], np.asarray(high), DataType.DT_FLOAT),
    ]
    controls, device = ((), "") if context.gtt else (control_inputs(node), node.device)
    attrs: dict[str, NodeAttr] = {"T": DataType.DT_QUINT8, "mode": "MIN_FIRST"}
    return [
        *(replace(constant, inputs=controls, device=device) for constant in constants),
        Node(node.name, "Dequantize", tuple(names), device, attrs),
    ]


def _spread(low: np.float32, high: np.float32) -> tuple[np.float32, np.float32]:
    """A range that has zero in it, and room for steps."""
    low, high = min(low, _ZERO), max(_ZERO, high)
    return (low, low + np.float32(1)) if low == high else (low, high)


def _quantize(values: Floats, low: np.float32, high: np.float32) -> Array:
    scale = np.float64(_STEPS) / (np.float64(high - low) * (_STEPS / (_STEPS - 1.0)))
    offset = _round(np.float64(low) * scale)
    quantized: Array = np.clip(_round(values.astype(np.float64) * scale) - offset, 0, _STEPS - 1).astype(np.uint8)
    return quantized


def _round(values: Array) -> Array:
    """To the nearest whole number, away from zero where two are equally near, as C does."""
    whole: Array = np.trunc(values)
    whole += np.copysign(np.abs(values - whole) >= 0.5, values)
    return whole


TRANSFORM = Transform(
    "quantize_weights",
    "Stores large float constants in eight bits, with an op after each that makes floats of them.",
    quantize_weights,
    (Argument("minimum_size", "constants with fewer elements stay as they are; 1024 by default"),),
)
