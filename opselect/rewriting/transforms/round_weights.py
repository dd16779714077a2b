"""``round_weights``: constants with few different values. Source: ``tools/graph_transforms/round_weights.cc``."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Graph, Node
from opselect.models.graph.references import control_inputs
from opselect.rewriting import Argument, Context, Transform
from opselect.rewriting.weights import Floats, large_weights

_MINIMUM_SIZE = 16
_MAXIMUM_STEPS = 1 << 30
_SMALL = np.float32(0.000001)


def round_weights(graph: Graph, context: Context) -> Graph:
    """The graph with every float constant of 16 elements and more rounded to the middles of ``num_steps`` steps."""
    steps = context.whole("num_steps", 256)
    if not 0 < steps <= _MAXIMUM_STEPS:
        raise context.error(f"argument 'num_steps' is {steps}, which is no number of steps")
    return replace(graph, nodes=tuple(_rounded(node, steps, context) for node in graph.nodes))


def _rounded(node: Node, steps: int, context: Context) -> Node:
    weights = large_weights(node, _MINIMUM_SIZE, context)
    if weights is None:
        return node
    low, high = _spread(*weights.range(context))
    width = (high - low) / np.float32(steps)
    if not width:
        return node  # The values are closer together than floats can tell apart.
    rounded = weights.changed(node.name, DataType.DT_FLOAT, partial(_round, low=low, width=width))
    return rounded if context.gtt else replace(rounded, inputs=control_inputs(node), device=node.device)


def _spread(low: np.float32, high: np.float32) -> tuple[np.float32, np.float32]:
    """A range in which there is room for steps."""
    if low != high:
        return low, high
    if abs(low) < _SMALL:
        return low, low + np.float32(1)
    return (low, np.float32(2) * low) if low > 0 else (np.float32(2) * high, high)


def _round(values: Floats, low: np.float32, width: np.float32) -> Array:
    step = np.floor((values - low) / width).astype(np.int32)
    rounded: Array = low + width * (step.astype(np.float32) + np.float32(0.5))
    return rounded


TRANSFORM = Transform(
    "round_weights",
    "Rounds large float constants to few different values, so that the file compresses well.",
    round_weights,
    (Argument("num_steps", "how many values each constant may have; 256 by default"),),
)
