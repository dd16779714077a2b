"""Functions of one array, element by element. Source: ``kernels/cwise_ops.h`` and the ``cwise_op_*.cc`` that use it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import arithmetic, complex_product, flushed, nearest
from opselect.rewriting.evaluation.kernel import (
    BOOL,
    COMPLEX,
    DOUBLE,
    FLOAT,
    FLOATS,
    INTEGERS,
    NUMBERS,
    REALS,
    Accuracy,
    KernelCall,
    kernel,
)


@kernel("Abs", "the distance from 0; the smallest whole number stays as it is", REALS)
def absolute(_: KernelCall, x: Array) -> Array:
    return np.abs(x)


@kernel("Neg", "-x, wrapped around for whole numbers", NUMBERS)
def negative(_: KernelCall, x: Array) -> Array:
    return np.negative(x)


@kernel("Sign", "-1, 0 or 1; x / |x| of complex numbers; NaN of NaN", NUMBERS, approximate=COMPLEX)
def sign(_: KernelCall, x: Array) -> Array:
    if x.dtype.kind != "c":
        return np.asarray(np.sign(flushed(x)) + x.dtype.type(0))  # no zero below 0
    return arithmetic(lambda z: np.where(z == 0, z.dtype.type(0), z / np.abs(z)), x)


@kernel("Square", "x * x", NUMBERS)
def square(_: KernelCall, x: Array) -> Array:
    return arithmetic(complex_product if x.dtype.kind == "c" else np.multiply, x, x)


@kernel("Sqrt", "the square root, NaN of numbers below 0", FLOATS)
def square_root(_: KernelCall, x: Array) -> Array:
    return arithmetic(np.sqrt, x)


@kernel(
    "Reciprocal|Inv",
    "1 / x",
    FLOATS | COMPLEX,
    accuracy=Accuracy.ONE_ULP,
    approximate=COMPLEX,
    vectorized=FLOAT,
)
def reciprocal(_: KernelCall, x: Array) -> Array:
    return arithmetic(lambda a: np.divide(a.dtype.type(1), a), x)


@kernel("Floor", "the whole number at or below x", FLOATS)
def floor(_: KernelCall, x: Array) -> Array:
    return arithmetic(np.floor, x)


@kernel("Ceil", "the whole number at or above x", FLOATS)
def ceil(_: KernelCall, x: Array) -> Array:
    return arithmetic(np.ceil, x)


@kernel("Round|Rint", "the nearest whole number, the even one of two", REALS)
def round_to_even(_: KernelCall, x: Array) -> Array:
    return x if x.dtype.kind in "iu" else arithmetic(np.rint, x)


@kernel("Invert", "every bit the other way", INTEGERS)
def invert(_: KernelCall, x: Array) -> Array:
    return np.invert(x)


@kernel("LogicalNot", "whether x is false", BOOL, outputs=DataType.DT_BOOL)
def logical_not(_: KernelCall, x: Array) -> Array:
    return np.logical_not(x)


@kernel("IsNan", "whether x is no number", FLOATS, outputs=DataType.DT_BOOL)
def is_nan(_: KernelCall, x: Array) -> Array:
    return np.isnan(x)


@kernel("IsInf", "whether x is infinite", FLOATS, outputs=DataType.DT_BOOL)
def is_infinite(_: KernelCall, x: Array) -> Array:
    return np.isinf(x)


@kernel("IsFinite", "whether x is neither infinite nor NaN", FLOATS, outputs=DataType.DT_BOOL)
def is_finite(_: KernelCall, x: Array) -> Array:
    return np.isfinite(x)


@kernel("Complex", "the complex number of a real and an imaginary part", FLOATS, outputs="Tout")
def complex_number(call: KernelCall, real: Array, imaginary: Array) -> Array:
    out = np.empty(call.broadcast(real, imaginary), np.complex64 if real.dtype == np.float32 else np.complex128)
    out.real, out.imag = real, imaginary
    return out


@kernel("Real", "the real part", COMPLEX, outputs="Tout")
def real_part(_: KernelCall, z: Array) -> Array:
    return z.real


@kernel("Imag", "the imaginary part", COMPLEX, outputs="Tout")
def imaginary_part(_: KernelCall, z: Array) -> Array:
    return z.imag


@kernel("Conj", "the number with the other imaginary part", COMPLEX)
def conjugate(_: KernelCall, z: Array) -> Array:
    return np.conj(z)


@kernel("ComplexAbs", "the distance from 0", COMPLEX, outputs="Tout", accuracy=Accuracy.ONE_ULP, approximate=COMPLEX)
def complex_absolute(_: KernelCall, z: Array) -> Array:
    return nearest(np.abs, z).real.astype(z.real.dtype)


@kernel(
    "Angle",
    "the angle of a complex number",
    COMPLEX,
    outputs="Tout",
    accuracy=Accuracy.ONE_ULP,
    approximate=COMPLEX,
)
def angle(_: KernelCall, z: Array) -> Array:
    return nearest(np.arctan2, z.imag, z.real)


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


def _register(
    op: str,
    summary: str,
    compute: Callable[[Array], Any],
    complex_too: bool,
    approximate: frozenset[DataType],
    vectorized: frozenset[DataType],
    accuracy: Accuracy = Accuracy.ONE_ULP,
) -> None:
    def elements(_: KernelCall, x: Array) -> Array:
        return nearest(compute, x)

    kernel(
        op,
        summary,
        FLOATS | COMPLEX if complex_too else FLOATS,
        accuracy=accuracy,
        approximate=approximate | COMPLEX,
        vectorized=vectorized,
    )(elements)


_NONE: frozenset[DataType] = frozenset()
_FUNCTIONS: tuple[tuple[str, str, Callable[[Array], Any], bool, frozenset[DataType], frozenset[DataType]], ...] = (
    ("Exp", "e to the power of x", np.exp, True, _NONE, DOUBLE),
    ("Expm1", "e to the power of x, less 1", np.expm1, True, _NONE, FLOAT | DOUBLE),
    ("Log", "the natural logarithm", np.log, True, _NONE, FLOAT | DOUBLE),
    ("Log1p", "the natural logarithm of 1 + x", np.log1p, True, _NONE, FLOAT | DOUBLE),
    ("Sin", "the sine", np.sin, True, _NONE, FLOAT | DOUBLE),
    ("Cos", "the cosine", np.cos, True, _NONE, FLOAT | DOUBLE),
    ("Tan", "the tangent", np.tan, True, _NONE, _NONE),
    ("Asin", "the angle of a sine", np.arcsin, False, _NONE, FLOAT | DOUBLE),
    ("Acos", "the angle of a cosine", np.arccos, False, _NONE, FLOAT | DOUBLE),
    ("Atan", "the angle of a tangent", np.arctan, False, _NONE, FLOAT | DOUBLE),
    ("Sinh", "the hyperbolic sine", np.sinh, True, FLOAT | DOUBLE, _NONE),
    ("Cosh", "the hyperbolic cosine", np.cosh, True, FLOAT | DOUBLE, _NONE),
    ("Tanh", "the hyperbolic tangent", np.tanh, True, FLOATS, _NONE),
    ("Asinh", "the inverse of Sinh", np.arcsinh, False, FLOAT | DOUBLE, _NONE),
    ("Acosh", "the inverse of Cosh", np.arccosh, False, FLOAT | DOUBLE, _NONE),
    ("Atanh", "the inverse of Tanh", np.arctanh, False, FLOAT | DOUBLE, _NONE),
    ("Sigmoid", "1 / (1 + e to the power of -x)", _complex_sigmoid, True, FLOATS, _NONE),
    ("Erf", "the error function", _by_element(math.erf), False, FLOATS, _NONE),
    ("Erfc", "1 less the error function", _by_element(math.erfc), False, FLOATS, _NONE),
)

for _function in _FUNCTIONS:
    _register(*_function)
_register(
    "Lgamma",
    "the logarithm of the gamma function's size",
    _by_element(_log_gamma),
    False,
    FLOATS,
    _NONE,
    Accuracy.SUM,
)
_register("Rsqrt", "1 / the square root", lambda x: 1 / np.sqrt(x), True, _NONE, _NONE, Accuracy.TWO_ULPS)
