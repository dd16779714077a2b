"""What constants are filled with, as far as rewrites ask, which look for tensors whose elements are all one number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from kernel_index.datatypes import DataType

Filling = frozenset[float] | None
"""The numbers that a constant may be filled with: none of them if its elements differ, None if it may be any."""

DIFFERENT: Filling = frozenset()
_ZERO: Filling = frozenset({0.0})
_MOST_NUMBERS = 4
_MOST_INPUTS = 8

_FRACTIONS = frozenset(
    {DataType.DT_HALF, DataType.DT_BFLOAT16, DataType.DT_FLOAT, DataType.DT_DOUBLE}
    | {DataType.DT_COMPLEX64, DataType.DT_COMPLEX128}
)

OF_EVERY_INPUT: Mapping[str, float] = {"ZerosLike": 0.0, "OnesLike": 1.0}
"""Ops that give one number whatever they read, which rewrites know (``IsZeros``, ``IsOnes`` in
``grappler/optimizers/constant_folding.cc``)."""

_MOVES = frozenset(
    {"BroadcastTo", "CheckNumerics", "DepthToSpace", "ExpandDims", "Identity", "PreventGradient", "Reshape", "Reverse"}
    | {"ReverseV2", "Roll", "Snapshot", "SpaceToDepth", "Squeeze", "StopGradient", "Tile", "Transpose"}
)
"""Ops whose elements are those of their first input, all of them."""

_UNARY: Mapping[str, Callable[[float], float]] = {
    "Neg": lambda x: -x,
    "Exp": math.exp,
    "Expm1": math.expm1,
    "Inv": lambda x: 1 / x,
    "Log": math.log,
    "Log1p": math.log1p,
    "Reciprocal": lambda x: 1 / x,
    "Rsqrt": lambda x: 1 / math.sqrt(x),
    "Sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "Sqrt": math.sqrt,
    "Tanh": math.tanh,
}
_BINARY: Mapping[str, Callable[[float, float], float]] = {
    "Add": lambda x, y: x + y,
    "AddV2": lambda x, y: x + y,
    "BiasAdd": lambda x, y: x + y,
    "Div": lambda x, y: x / y,
    "Mul": lambda x, y: x * y,
    "Pow": lambda x, y: x**y,
    "RealDiv": lambda x, y: x / y,
    "Sub": lambda x, y: x - y,
}
_OF_ITSELF = {"Sub": 0.0, "Div": 1.0, "RealDiv": 1.0}
_PRODUCTS = frozenset({"Mul", "MulNoNan", "MatMul", "BatchMatMul", "BatchMatMulV2"})


KEEP_SIZE = frozenset({"Abs", "Cast", "Maximum", "Minimum", "MulNoNan", "Relu", "Square", "SquaredDifference"}).union(
    {"ExpandDims", "Identity", "Reshape", "Reverse", "ReverseV2", "Squeeze", "Transpose"}, _UNARY, _BINARY
)
"""Ops that give no more elements than the product of what they read."""


def either(one: Filling, other: Filling) -> Filling:
    """What may be filled as the one or as the other. A filling grows a few times at most before it may be any."""
    if one is None or other is None or len(one | other) > _MOST_NUMBERS:
        return None
    return one | other


def filling_of(op: str, inputs: Sequence[Filling], to: DataType | None = None, *, of_itself: bool = False) -> Filling:
    """What an op gives for constants; ``to`` is the type of a Cast, ``of_itself`` tells that all inputs are one.

    Elements that differ are taken to differ after arithmetic that keeps different numbers apart, and in sums and
    products with others; that is never certain, but the weights of a model do not cancel out. Of every other op that
    is not known here the result may be filled with anything: what is cut out of a tensor may be one number.
    """
    if not inputs or len(inputs) > _MOST_INPUTS:
        return None
    first = inputs[0]
    if op in _MOVES:
        return first
    if op == "Cast":
        return _cast(first, to)
    if op in _PRODUCTS and any(filling == _ZERO for filling in inputs):
        return frozenset({0.0})
    if op in _OF_ITSELF and of_itself:
        return frozenset({_OF_ITSELF[op]})
    if op in _UNARY and len(inputs) == 1:
        return _each(lambda x, _: _UNARY[op](x), first, frozenset({0.0}))
    if op in _BINARY and len(inputs) == 2:
        found = _each(_BINARY[op], *inputs)
        return either(found, frozenset({0.0})) if op in _PRODUCTS and _may_be_zero(inputs) else found
    return None


def _may_be_zero(fillings: Sequence[Filling]) -> bool:
    return any(filling is not None and 0.0 in filling for filling in fillings)


def _each(function: Callable[[float, float], float], one: Filling, other: Filling) -> Filling:
    if DIFFERENT in (one, other):
        return DIFFERENT
    if one is None or other is None:
        return None
    found: Filling = DIFFERENT
    for x in sorted(one):
        for y in sorted(other):
            try:
                value = float(function(x, y))
            except (ArithmeticError, TypeError, ValueError):
                continue  # infinite, complex or not a number: nothing that a rewrite asks for
            found = either(found, frozenset({value}))
    return found


def _cast(filling: Filling, to: DataType | None) -> Filling:
    """Whole numbers may be made of different fractions, and a bool of different numbers."""
    if to in _FRACTIONS:
        return filling
    if not filling:
        return None
    if to is DataType.DT_BOOL:
        return frozenset(float(bool(value)) for value in filling)
    return frozenset(float(int(value)) for value in filling if math.isfinite(value))
