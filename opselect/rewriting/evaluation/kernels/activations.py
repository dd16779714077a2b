"""What comes after a layer: activations and Softmax. Source: ``kernels/relu_op_functor.h``, ``softplus_op.h``,
``softsign_op.h``, ``softmax_op_functor.h``, ``bias_op.cc``.
"""

from __future__ import annotations

import math

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import BFLOAT16, arithmetic, flushed, in_double, nearest
from opselect.rewriting.evaluation.kernel import FLOATS, NUMBERS, REALS, Accuracy, EvaluationError, KernelCall, kernel
from opselect.rewriting.evaluation.windows import channels_last


def _not_below_zero(x: Array) -> Array:
    return arithmetic(lambda a: np.where(a < 0, a.dtype.type(0), a), x)


@kernel("Relu", "x, and 0 below 0", REALS)
def relu(_: KernelCall, x: Array) -> Array:
    return _not_below_zero(x)


@kernel("Relu6", "x, 0 below 0 and 6 above 6", REALS)
def relu6(_: KernelCall, x: Array) -> Array:
    return np.asarray(np.minimum(_not_below_zero(x), x.dtype.type(6)))


@kernel("LeakyRelu", "x, and x times alpha below 0", FLOATS)
def leaky_relu(call: KernelCall, x: Array) -> Array:
    alpha = x.dtype.type(call.real("alpha", 0.2))
    return arithmetic(lambda a: np.where(a > 0, a, a * alpha), x)


def _less_one(x: Array) -> Array:
    """e to the power of x, rounded, less 1: near 0 little of it is right, and just that TensorFlow computes."""
    return arithmetic(np.subtract, nearest(np.exp, x), x.dtype.type(1))


@kernel("Elu", "x, and e to the power of x less 1 below 0", FLOATS, accuracy=Accuracy.SUM, approximate=FLOATS)
def elu(_: KernelCall, x: Array) -> Array:
    return np.where(x < 0, _less_one(x), flushed(x))


@kernel("Selu", "Elu, scaled so that variances stay", FLOATS, accuracy=Accuracy.SUM, approximate=FLOATS)
def selu(_: KernelCall, x: Array) -> Array:
    scale, scale_alpha = x.dtype.type(1.05070098735548), x.dtype.type(1.75809934084737)
    return np.where(x < 0, arithmetic(np.multiply, _less_one(x), scale_alpha), arithmetic(np.multiply, x, scale))


@kernel("Softplus", "log(1 + e to the power of x)", FLOATS, accuracy=Accuracy.ONE_ULP, approximate=FLOATS)
def softplus(_: KernelCall, x: Array) -> Array:
    epsilon = 2.0**-7 if x.dtype == BFLOAT16 else float(np.finfo(x.dtype).eps)
    threshold = x.dtype.type(math.log(epsilon) + 2)
    power = nearest(np.exp, x)
    return np.where(x > -threshold, x, np.where(x < threshold, power, nearest(np.log1p, power)))


@kernel("Softsign", "x / (1 + |x|)", FLOATS, accuracy=Accuracy.ONE_ULP)
def softsign(_: KernelCall, x: Array) -> Array:
    return nearest(lambda wide: wide / (1 + np.abs(wide)), x)


@kernel(
    "Softmax",
    "along the last dimension e to the power of x, divided by the sum of all",
    FLOATS,
    accuracy=Accuracy.SUM,
)
def softmax(_: KernelCall, x: Array) -> Array:
    def normalized(wide: Array) -> Array:
        powers = np.exp(wide - np.max(wide, -1, keepdims=True, initial=-math.inf))
        return np.asarray(powers / np.sum(powers, -1, keepdims=True))

    return in_double(normalized, x)


@kernel("LogSoftmax", "the logarithm of Softmax", FLOATS, accuracy=Accuracy.SUM)
def log_softmax(_: KernelCall, x: Array) -> Array:
    def normalized(wide: Array) -> Array:
        shifted = wide - np.max(wide, -1, keepdims=True, initial=-math.inf)
        return np.asarray(shifted - np.log(np.sum(np.exp(shifted), -1, keepdims=True)))

    return in_double(normalized, x)


@kernel("BiasAdd|BiasAddV1", "a number for each channel added", NUMBERS)
def bias_add(call: KernelCall, x: Array, bias: Array) -> Array:
    channel = x.ndim - 1 if channels_last(call) else 1
    if bias.ndim != 1 or x.ndim < 2 or bias.shape[0] != x.shape[channel]:
        raise EvaluationError(f"adds {bias.shape} to {x.shape}")
    return arithmetic(np.add, x, bias.reshape(-1, *[1] * (x.ndim - 1 - channel)))
