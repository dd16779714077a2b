"""Functions of one array, element by element. Source: ``kernels/cwise_ops.h`` and the ``cwise_op_*.cc`` that use it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.evaluation.floats import arithmetic, flushed, in_double
from opselect.evaluation.kernel import BOOL, COMPLEX, FLOATS, INTEGERS, NUMBERS, REALS, Accuracy, Call, kernel
from opselect.formats.numpy_types import Array


@kernel("Abs", "the distance from 0; the smallest whole number stays as it is", REALS)
def absolute(_: Call, x: Array) -> Array:
    return np.abs(x)


@kernel("Neg", "-x, wrapped around for whole numbers", NUMBERS)
def negative(_: Call, x: Array) -> Array:
    return np.negative(x)


@kernel("Sign", "-1, 0 or 1; x / |x| of complex numbers; NaN of NaN", NUMBERS)
def sign(_: Call, x: Array) -> Array:
    if x.dtype.kind != "c":
        return np.asarray(np.sign(flushed(x)) + x.dtype.type(0))  # no zero below 0
    return arithmetic(lambda z: np.where(z == 0, z.dtype.type(0), z / np.abs(z)), x)


@kernel("Square", "x * x", NUMBERS)
def square(_: Call, x: Array) -> Array:
    return arithmetic(np.multiply, x, x)


@kernel("Sqrt", "the square root, NaN of numbers below 0", FLOATS)
def square_root(_: Call, x: Array) -> Array:
    return arithmetic(np.sqrt, x)


@kernel("Reciprocal|Inv", "1 / x; releases from 2.9 on are not exact", FLOATS | COMPLEX, accuracy=Accuracy.FEW_ULPS)
def reciprocal(_: Call, x: Array) -> Array:
    return arithmetic(lambda a: np.divide(a.dtype.type(1), a), x)


@kernel("Floor", "the whole number at or below x", FLOATS)
def floor(_: Call, x: Array) -> Array:
    return arithmetic(np.floor, x)


@kernel("Ceil", "the whole number at or above x", FLOATS)
def ceil(_: Call, x: Array) -> Array:
    return arithmetic(np.ceil, x)


@kernel("Round|Rint", "the nearest whole number, the even one of two", REALS)
def round_to_even(_: Call, x: Array) -> Array:
    return x if x.dtype.kind in "iu" else arithmetic(np.rint, x)


@kernel("Invert", "every bit the other way", INTEGERS)
def invert(_: Call, x: Array) -> Array:
    return np.invert(x)


@kernel("LogicalNot", "whether x is false", BOOL, outputs=DataType.DT_BOOL)
def logical_not(_: Call, x: Array) -> Array:
    return np.logical_not(x)


@kernel("IsNan", "whether x is no number", FLOATS, outputs=DataType.DT_BOOL)
def is_nan(_: Call, x: Array) -> Array:
    return np.isnan(x)


@kernel("IsInf", "whether x is infinite", FLOATS, outputs=DataType.DT_BOOL)
def is_infinite(_: Call, x: Array) -> Array:
    return np.isinf(x)


@kernel("IsFinite", "whether x is neither infinite nor NaN", FLOATS, outputs=DataType.DT_BOOL)
def is_finite(_: Call, x: Array) -> Array:
    return np.isfinite(x)


@kernel("Complex", "the complex number of a real and an imaginary part", FLOATS, outputs="Tout")
def complex_number(call: Call, real: Array, imaginary: Array) -> Array:
    out = np.empty(call.broadcast(real, imaginary), np.complex64 if real.dtype == np.float32 else np.complex128)
    out.real, out.imag = real, imaginary
    return out


@kernel("Real", "the real part", COMPLEX, outputs="Tout")
def real_part(_: Call, z: Array) -> Array:
    return z.real


@kernel("Imag", "the imaginary part", COMPLEX, outputs="Tout")
def imaginary_part(_: Call, z: Array) -> Array:
    return z.imag


@kernel("Conj", "the number with the other imaginary part", COMPLEX)
def conjugate(_: Call, z: Array) -> Array:
    return np.conj(z)


@kernel("ComplexAbs", "the distance from 0", COMPLEX, outputs="Tout", accuracy=Accuracy.FEW_ULPS)
def complex_absolute(_: Call, z: Array) -> Array:
    return in_double(np.abs, z).real.astype(z.real.dtype)


@kernel("Angle", "the angle of a complex number", COMPLEX, outputs="Tout", accuracy=Accuracy.ONE_ULP)
def angle(_: Call, z: Array) -> Array:
    return in_double(np.arctan2, z.imag, z.real)


def _by_element(compute: Callable[[float], float]) -> Callable[[Array], Array]:
    return np.vectorize(compute, otypes=[np.float64])


def _log_gamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf  # at its poles, and where it is larger than any number


def _sigmoid(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    positive: Array = np.where(x.real >= 0, 1, small) / (1 + small)
    return positive


def _complex_sigmoid(x: Array) -> Array:
    return _sigmoid(x) if x.dtype.kind != "c" else 1 / (1 + np.exp(-x))


def _register(op: str, summary: str, compute: Callable[[Array], Any], accuracy: Accuracy, complex_too: bool) -> None:
    def elements(_: Call, x: Array) -> Array:
        return in_double(compute, x)

    kernel(op, summary, FLOATS | COMPLEX if complex_too else FLOATS, accuracy=accuracy)(elements)


_FUNCTIONS: tuple[tuple[str, str, Callable[[Array], Any], Accuracy, bool], ...] = (
    ("Rsqrt", "1 / the square root", lambda x: 1 / np.sqrt(x), Accuracy.FEW_ULPS, True),
    ("Exp", "e to the power of x", np.exp, Accuracy.ONE_ULP, True),
    ("Expm1", "e to the power of x, less 1", np.expm1, Accuracy.FEW_ULPS, True),
    ("Log", "the natural logarithm", np.log, Accuracy.FEW_ULPS, True),
    ("Log1p", "the natural logarithm of 1 + x", np.log1p, Accuracy.FEW_ULPS, True),
    ("Sin", "the sine", np.sin, Accuracy.ONE_ULP, True),
    ("Cos", "the cosine", np.cos, Accuracy.ONE_ULP, True),
    ("Tan", "the tangent", np.tan, Accuracy.ONE_ULP, True),
    ("Asin", "the angle of a sine", np.arcsin, Accuracy.FEW_ULPS, False),
    ("Acos", "the angle of a cosine", np.arccos, Accuracy.FEW_ULPS, False),
    ("Atan", "the angle of a tangent", np.arctan, Accuracy.FEW_ULPS, False),
    ("Sinh", "the hyperbolic sine", np.sinh, Accuracy.ONE_ULP, True),
    ("Cosh", "the hyperbolic cosine", np.cosh, Accuracy.ONE_ULP, True),
    ("Tanh", "the hyperbolic tangent", np.tanh, Accuracy.FEW_ULPS, True),
    ("Asinh", "the inverse of Sinh", np.arcsinh, Accuracy.ONE_ULP, False),
    ("Acosh", "the inverse of Cosh", np.arccosh, Accuracy.ONE_ULP, False),
    ("Atanh", "the inverse of Tanh", np.arctanh, Accuracy.ONE_ULP, False),
    ("Sigmoid", "1 / (1 + e to the power of -x)", _complex_sigmoid, Accuracy.FEW_ULPS, True),
    ("Erf", "the error function", _by_element(math.erf), Accuracy.FEW_ULPS, False),
    ("Erfc", "1 less the error function", _by_element(math.erfc), Accuracy.FEW_ULPS, False),
    ("Lgamma", "the logarithm of the gamma function's size", _by_element(_log_gamma), Accuracy.SUM, False),
)

for _op, _summary, _compute, _accuracy, _complex in _FUNCTIONS:
    _register(_op, _summary, _compute, _accuracy, _complex)
