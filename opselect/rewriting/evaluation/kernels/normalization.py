"""Normalisation with statistics that are given. Source: ``kernels/fused_batch_norm_op.cc``, ``batch_norm_op.h``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import arithmetic
from opselect.rewriting.evaluation.kernel import FLOATS, Accuracy, EvaluationError, KernelCall, kernel
from opselect.rewriting.evaluation.kernels.convolution import from_channels_last, to_channels_last

_EPSILON = 1e-4


def _normalized(x: Array, mean: Array, variance: Array, scale: Array, offset: Array, epsilon: float) -> Array:
    """``(x - mean) / sqrt(variance + epsilon) * scale + offset`` of the last dimension, in ``double``."""
    statistics = (mean, variance, scale, offset)
    if any(each.shape != (x.shape[-1],) for each in statistics):
        raise EvaluationError(f"has statistics that are not for {x.shape[-1]} channels")
    center, spread, factor, shift = (each.astype(np.float64) for each in statistics)
    wide = (x.astype(np.float64) - center) * (factor / np.sqrt(spread + epsilon)) + shift
    return arithmetic(np.positive, wide.astype(x.dtype))


@kernel(
    "FusedBatchNorm|FusedBatchNormV2",
    "an image normalised with given statistics, and these four times; not in training",
    FLOATS,
    outputs=("T", "U", "U", "U", "U"),
    accuracy=Accuracy.SUM,
)
def fused_batch_norm(
    call: KernelCall, x: Array, scale: Array, offset: Array, mean: Array, variance: Array
) -> Sequence[Array]:
    if call.flag("is_training", True):
        raise EvaluationError("is in training")
    image = to_channels_last(call, x)
    y = _normalized(image, mean, variance, scale, offset, call.real("epsilon", _EPSILON))
    return from_channels_last(call, y), mean, variance, mean, variance


@kernel(
    "FusedBatchNormV3",
    "FusedBatchNorm, and one more output that is not computed",
    FLOATS,
    outputs=("T", "U", "U", "U", "U", "U"),
    accuracy=Accuracy.SUM,
)
def fused_batch_norm_v3(call: KernelCall, *inputs: Array) -> Sequence[Array]:
    return *fused_batch_norm(call, *inputs), np.zeros((), inputs[1].dtype)


@kernel(
    "BatchNormWithGlobalNormalization",
    "an image normalised with given statistics, scaled where the node says so",
    FLOATS,
    accuracy=Accuracy.SUM,
)
def batch_norm(call: KernelCall, x: Array, mean: Array, variance: Array, beta: Array, gamma: Array) -> Array:
    scale = gamma if call.flag("scale_after_normalization", True) else np.ones_like(gamma)
    return _normalized(x, mean, variance, scale, beta, call.real("variance_epsilon", 0))
