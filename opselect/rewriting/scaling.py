"""Scaling the output channels of a convolution or matrix product by scaling its weights."""

from __future__ import annotations

import math

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Node

SCALED_TYPES = (DataType.DT_FLOAT, DataType.DT_DOUBLE)
"""Products of weights of these types are exact to the last bit; of smaller types they would lose precision."""


def output_channels(node: Node, weights: Array) -> int:
    """How many channels the op's output has; ValueError for weights of a rank that the op does not take."""
    return math.prod(weights.shape[axis] for axis in _channel_axes(node, weights))


def scaled_weights(node: Node, weights: Array, scale: Array) -> Array:
    """The weights with which the op's output is ``scale`` times what it was, channel by channel.

    ``scale`` has a value for each output channel. Conv2D has these in the last dimension of its weights, MatMul too
    unless it transposes them, and DepthwiseConv2dNative in the last two.
    """
    axes = _channel_axes(node, weights)
    shape = [size if axis in axes else 1 for axis, size in enumerate(weights.shape)]
    product: Array = np.multiply(weights, scale.reshape(shape), dtype=weights.dtype)
    return product


def _channel_axes(node: Node, weights: Array) -> tuple[int, ...]:
    rank, axes = _AXES[node.op]
    if weights.ndim != rank:
        raise ValueError(f"{node.op} takes weights with {rank} dimensions, these have {weights.ndim}")
    if node.op == "MatMul" and node.attrs.get("transpose_b") is True:
        return (0,)
    return axes


_AXES = {"Conv2D": (4, (3,)), "DepthwiseConv2dNative": (4, (2, 3)), "MatMul": (2, (1,))}


def channel_axis(node: Node) -> int:
    """The dimension of the op's output that holds its channels."""
    if node.op == "MatMul":
        return 1
    return 1 if str(node.attrs.get("data_format", "NHWC")).startswith("NC") else 3


def output_rank(node: Node) -> int:
    """How many dimensions the op's output has."""
    return 2 if node.op == "MatMul" else 4
