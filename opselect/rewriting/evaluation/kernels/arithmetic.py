"""Arithmetic of two arrays that are broadcast against each other. Source: ``kernels/cwise_ops.h``."""

from __future__ import annotations

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
    STRING,
    Accuracy,
    EvaluationError,
    KernelCall,
    UndefinedResultError,
    kernel,
)


def _integer(array: Array) -> bool:
    return array.dtype.kind in "iu"


def _is_zero(array: Array) -> Array:
    return np.equal(flushed(array), 0)


def _divisor(y: Array, shape: tuple[int, ...]) -> Array:
    if _integer(y) and 0 not in shape and not np.all(y):
        raise EvaluationError("divides by zero")
    return y


def _check_normal(*arrays: Array) -> None:
    """UndefinedResultError for subnormals, which are zeros to a vector and numbers to the C library."""
    if any(((flushed(array) == 0) & (array != 0)).any() for array in arrays):
        raise UndefinedResultError("has a subnormal input, of which different processors make something else")


def _product(x: Array, y: Array) -> Array:
    return arithmetic(complex_product if x.dtype.kind == "c" else np.multiply, x, y)


def quotient_toward_zero(x: Array, y: Array) -> Array:
    """Whole numbers divided as C++ does, none of ``y`` being 0."""
    toward_zero = (np.fmod(x, y) != 0) & ((x < 0) != (y < 0))
    return np.asarray(np.floor_divide(x, y) + toward_zero.astype(x.dtype))


@kernel("Add|AddV2", "x + y; strings are put together", NUMBERS | STRING)
def add(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return arithmetic(np.add, x, y)


@kernel("Sub", "x - y", NUMBERS)
def subtract(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return arithmetic(np.subtract, x, y)


@kernel("Mul", "x * y", NUMBERS)
def multiply(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return _product(x, y)


@kernel("AddN", "the sum of all inputs, from the first on", NUMBERS)
def add_n(call: KernelCall, *terms: Array) -> Array:
    call.alike(*terms)
    if not terms or any(term.shape != terms[0].shape for term in terms):
        raise EvaluationError("adds arrays of different shapes")
    total = terms[0]
    for term in terms[1:]:
        total = arithmetic(np.add, total, term)
    return total


@kernel(
    "Div",
    "x / y, of whole numbers without the fraction; an error where a whole number is divided by zero",
    NUMBERS,
    approximate=COMPLEX,
)
def divide(call: KernelCall, x: Array, y: Array) -> Array:
    return truncate_divide(call, x, y) if _integer(x) else real_divide(call, x, y)


@kernel("RealDiv", "x / y", FLOATS | COMPLEX, approximate=COMPLEX)
def real_divide(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return arithmetic(np.divide, x, y)


@kernel("TruncateDiv", "x / y towards zero; an error where a whole number is divided by zero", REALS)
def truncate_divide(call: KernelCall, x: Array, y: Array) -> Array:
    shape = call.broadcast(x, y)
    if not _integer(x):
        return arithmetic(np.trunc, real_divide(call, x, y))
    return quotient_toward_zero(x, _divisor(y, shape))


@kernel("FloorDiv", "x / y towards minus infinity; an error where a whole number is divided by zero", REALS)
def floor_divide(call: KernelCall, x: Array, y: Array) -> Array:
    shape = call.broadcast(x, y)
    if _integer(x):
        return np.asarray(np.floor_divide(x, _divisor(y, shape)))
    return arithmetic(np.floor, real_divide(call, x, y))


@kernel("Mod|TruncateMod", "what is left of x / y towards zero, with the sign of x; an error as for TruncateDiv", REALS)
def truncate_mod(call: KernelCall, x: Array, y: Array) -> Array:
    shape = call.broadcast(x, y)
    return arithmetic(np.fmod, x, _divisor(y, shape))


@kernel("FloorMod", "what is left of x / y towards minus infinity, with the sign of y; an error as for FloorDiv", REALS)
def floor_mod(call: KernelCall, x: Array, y: Array) -> Array:
    rest = truncate_mod(call, x, y)
    other_sign = (rest != 0) & ((y < 0) != (rest < 0))
    return np.where(other_sign, arithmetic(np.add, rest, y), rest)


@kernel("DivNoNan", "x / y, and 0 where y is 0", FLOATS | COMPLEX, approximate=COMPLEX)
def divide_no_nan(call: KernelCall, x: Array, y: Array) -> Array:
    return np.where(_is_zero(y), x.dtype.type(0), real_divide(call, x, y))


@kernel("MulNoNan", "x * y, and 0 where y is 0, whatever x is", FLOATS | COMPLEX)
def multiply_no_nan(call: KernelCall, x: Array, y: Array) -> Array:
    return np.where(_is_zero(y), x.dtype.type(0), multiply(call, x, y))


@kernel("SquaredDifference", "(x - y) times its own conjugate", NUMBERS)
def squared_difference(call: KernelCall, x: Array, y: Array) -> Array:
    difference = subtract(call, x, y)
    return _product(difference, np.conj(difference))


@kernel("Maximum", "the larger of x and y; NaN where one is, either zero of two", REALS)
def maximum(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return arithmetic(np.maximum, x, y)


@kernel("Minimum", "the smaller of x and y; NaN where one is, either zero of two", REALS)
def minimum(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return arithmetic(np.minimum, x, y)


@kernel(
    "Pow",
    "x to the power of y; an error for a whole number to a negative one",
    NUMBERS,
    accuracy=Accuracy.ONE_ULP,
    approximate=COMPLEX,
    vectorized=DOUBLE,
)
def power(call: KernelCall, x: Array, y: Array) -> Array:
    shape = call.broadcast(x, y)
    if not _integer(x):
        _check_normal(x, y)
        return nearest(np.power, x, y)
    if 0 not in shape and np.any(y < 0):
        raise EvaluationError("raises a whole number to a negative power")
    return np.asarray(np.power(x, y))


@kernel("Atan2", "the angle of the point (y, x)", FLOATS, accuracy=Accuracy.ONE_ULP, vectorized=FLOAT | DOUBLE)
def arc_tangent(call: KernelCall, y: Array, x: Array) -> Array:
    call.broadcast(y, x)
    _check_normal(y, x)
    return nearest(np.arctan2, y, x)


def _unless_zero(call: KernelCall, compute: Callable[..., Any], x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.where(_is_zero(x), x.dtype.type(0), multiply(call, x, nearest(compute, y)))


@kernel(
    "Xlogy",
    "x * log(y), and 0 where x is 0",
    FLOATS | COMPLEX,
    accuracy=Accuracy.ONE_ULP,
    approximate=COMPLEX,
    vectorized=FLOAT | DOUBLE,
)
def x_log_y(call: KernelCall, x: Array, y: Array) -> Array:
    return _unless_zero(call, np.log, x, y)


@kernel(
    "Xlog1py",
    "x * log(1 + y), and 0 where x is 0",
    FLOATS | COMPLEX,
    accuracy=Accuracy.ONE_ULP,
    approximate=COMPLEX,
    vectorized=FLOAT | DOUBLE,
)
def x_log1p_y(call: KernelCall, x: Array, y: Array) -> Array:
    return _unless_zero(call, np.log1p, x, y)


@kernel("Xdivy", "x / y, and 0 where x is 0", FLOATS | COMPLEX, approximate=COMPLEX)
def x_div_y(call: KernelCall, x: Array, y: Array) -> Array:
    return np.where(_is_zero(x), x.dtype.type(0), real_divide(call, x, y))


@kernel("BitwiseAnd", "the bits that x and y both have", INTEGERS)
def bitwise_and(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.bitwise_and(x, y)


@kernel("BitwiseOr", "the bits that x or y has", INTEGERS)
def bitwise_or(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.bitwise_or(x, y)


@kernel("BitwiseXor", "the bits that only one of x and y has", INTEGERS)
def bitwise_xor(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.bitwise_xor(x, y)


def _shift(y: Array) -> Array:
    return np.asarray(np.minimum(np.maximum(y, y.dtype.type(0)), y.dtype.type(y.dtype.itemsize * 8 - 1)))


@kernel("LeftShift", "x shifted up by y bits, at least 0 and at most all but one", INTEGERS)
def left_shift(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.asarray(np.left_shift(x, _shift(y)))


@kernel("RightShift", "x shifted down by y bits, at least 0 and at most all but one, with its sign", INTEGERS)
def right_shift(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.asarray(np.right_shift(x, _shift(y)))


@kernel("LogicalAnd", "whether x and y both are true", BOOL, outputs=DataType.DT_BOOL)
def logical_and(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.logical_and(x, y)


@kernel("LogicalOr", "whether x or y is true", BOOL, outputs=DataType.DT_BOOL)
def logical_or(call: KernelCall, x: Array, y: Array) -> Array:
    call.broadcast(x, y)
    return np.logical_or(x, y)
