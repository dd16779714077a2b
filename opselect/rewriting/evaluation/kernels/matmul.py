"""Products of matrices. Source: ``kernels/matmul_op.cc``, ``batch_matmul_op_impl.h``, ``linalg/einsum_op_impl.h``.

Floating point is multiplied and added up in ``double`` and rounded once.
"""

from __future__ import annotations

import re

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.floats import in_double
from opselect.rewriting.evaluation.kernel import NUMBERS, Accuracy, EvaluationError, KernelCall, kernel


def _product(call: KernelCall, x: Array, y: Array) -> Array:
    if x.shape[-1] != y.shape[-2]:
        raise EvaluationError(f"multiplies matrices of shapes {list(x.shape)} and {list(y.shape)}")
    batch = np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    call.reserve((*batch, x.shape[-2], y.shape[-1]), x.dtype)
    return np.matmul(x, y) if x.dtype.kind in "iu" else in_double(np.matmul, x, y)


@kernel(
    "MatMul", "the product of two matrices, each turned first where the node says so", NUMBERS, accuracy=Accuracy.SUM
)
def matmul(call: KernelCall, x: Array, y: Array) -> Array:
    if x.ndim != 2 or y.ndim != 2:
        raise EvaluationError("multiplies what are no matrices")
    return _product(call, x.T if call.flag("transpose_a") else x, y.T if call.flag("transpose_b") else y)


def _adjoint(x: Array) -> Array:
    return np.conj(np.swapaxes(x, -1, -2))


@kernel(
    "BatchMatMul",
    "the products of matrices in pairs, each first its adjoint where the node says so",
    NUMBERS,
    accuracy=Accuracy.SUM,
)
def batch_matmul(call: KernelCall, x: Array, y: Array) -> Array:
    if x.shape[:-2] != y.shape[:-2]:
        raise EvaluationError("has different numbers of matrices")
    return batch_matmul_v2(call, x, y)


@kernel(
    "BatchMatMulV2|BatchMatMulV3",
    "the products of matrices in pairs, broadcast, each first its adjoint where the node says so",
    NUMBERS,
    outputs="T",
    accuracy=Accuracy.SUM,
)
def batch_matmul_v2(call: KernelCall, x: Array, y: Array) -> Array:
    if x.ndim < 2 or y.ndim < 2 or x.dtype != y.dtype:
        raise EvaluationError("multiplies what are no matrices of one type")
    return _product(call, _adjoint(x) if call.flag("adj_x") else x, _adjoint(y) if call.flag("adj_y") else y)


_LABELS = re.compile(r"([a-zA-Z]*)((?:\.\.\.)?)([a-zA-Z]*)")


@kernel("Einsum", "the sum of products that an equation of labels describes", NUMBERS, accuracy=Accuracy.SUM)
def einsum(call: KernelCall, *inputs: Array) -> Array:
    equation = call.text("equation", "").replace(" ", "")
    operands, arrow, result = equation.partition("->")
    sizes: dict[str, int] = {}
    rest: list[tuple[int, ...]] = []
    for labels, x in zip(operands.split(","), inputs, strict=True):
        match = _LABELS.fullmatch(labels)
        if match is None or not arrow:
            raise EvaluationError(f"has the equation {equation!r}")
        end = x.ndim - len(match[3])
        sizes |= zip(match[1], x.shape[: len(match[1])], strict=True)
        sizes |= zip(match[3], x.shape[end:], strict=True)
        rest.append(x.shape[len(match[1]) : end] if match[2] else ())
    dims = np.broadcast_shapes(*rest) if "..." in result else ()
    call.reserve((*dims, *(sizes[label] for label in result.replace(".", ""))), inputs[0].dtype)
    return in_double(lambda *wide: np.einsum(equation, *wide), *inputs)
