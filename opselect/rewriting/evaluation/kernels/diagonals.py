"""Diagonals of matrices. Source: ``kernels/diag_op.cc``, ``linalg/matrix_diag_op.cc``,
``linalg/matrix_set_diag_op.cc``, ``linalg/matrix_band_part_op.cc``, ``linalg/linalg_ops_common.cc``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from opselect.models.formats.numpy_types import Array
from opselect.rewriting.evaluation.kernel import BOOL, NUMBERS, PLAIN, EvaluationError, KernelCall, kernel

_ZERO = np.zeros((), np.int32)
_UNSAID = np.full((), -1, np.int32)


@kernel("Diag", "an array on the diagonal of one of twice its dimensions", NUMBERS)
def diag(call: KernelCall, x: Array) -> Array:
    call.reserve(x.shape * 2, x.dtype)
    return np.diag(x.ravel()).reshape(x.shape * 2)


@kernel("DiagPart", "the diagonal of an array whose dimensions come twice", NUMBERS)
def diag_part(_: KernelCall, x: Array) -> Array:
    half = x.shape[: x.ndim // 2]
    if not half or x.shape != half * 2:
        raise EvaluationError(f"takes the diagonal of shape {list(x.shape)}")
    size = math.prod(half)
    return np.reshape(np.diagonal(x.reshape(size, size)), half)


@dataclass(frozen=True, slots=True)
class _Diagonal:
    """Where a diagonal of a matrix lies, and where it stands in the row of an array of diagonals."""

    rows: range
    columns: range
    place: slice


def _bounds(k: Array) -> tuple[int, int]:
    if k.ndim > 1 or not 1 <= k.size <= 2:
        raise EvaluationError("takes one diagonal, or the lowest and the highest")
    numbers = k.ravel().tolist()
    if numbers[0] > numbers[-1]:
        raise EvaluationError(f"takes the diagonals {numbers[0]} to {numbers[-1]}")
    return numbers[0], numbers[-1]


def _longest(matrices: Array, bounds: tuple[int, int]) -> int:
    """The length of the longest of some diagonals; EvaluationError for diagonals that there are not."""
    (rows, columns), (lowest, highest) = matrices.shape[-2:], bounds
    if any(each and not -rows < each < columns for each in bounds):
        raise EvaluationError(f"takes the diagonals {lowest} to {highest} of {rows} rows and {columns} columns")
    length: int = min(rows + min(highest, 0), columns - max(lowest, 0))
    return length


def _diagonals(call: KernelCall, matrices: Array, bounds: tuple[int, int], longest: int) -> list[_Diagonal]:
    """The diagonals, the highest first, in rows of that length (``ComputeContentOffset``)."""
    (rows, columns), (lowest, highest) = matrices.shape[-2:], bounds
    aligned = _ALIGNED.get(call.text("align", "LEFT_LEFT"))
    if aligned is None:
        raise EvaluationError(f"has an attr 'align' that is none of {', '.join(_ALIGNED)}")
    above, below = aligned
    found = []
    for number in range(highest, lowest - 1, -1):
        length = max(0, min(rows + min(number, 0), columns - max(number, 0)))
        row, column = max(-number, 0), max(number, 0)
        left = (number >= 0 and above) or (number <= 0 and below)
        place = slice(0, length) if left else slice(longest - length, longest)
        found.append(_Diagonal(range(row, row + length), range(column, column + length), place))
    return found


_ALIGNED = {
    "LEFT_LEFT": (True, True),
    "LEFT_RIGHT": (True, False),
    "RIGHT_LEFT": (False, True),
    "RIGHT_RIGHT": (False, False),
}
"""Whether diagonals above and below the main one start on the left; MatrixDiagV2 and its like know the first only."""


def _aligned(call: KernelCall) -> KernelCall:
    """The attrs of the third versions, whose diagonals end on the right above and start on the left below."""
    return KernelCall({"align": "RIGHT_LEFT", **call.attrs}, call.limit)


@kernel("MatrixDiag", "rows on the diagonals of square matrices", NUMBERS | BOOL)
def matrix_diag(call: KernelCall, x: Array) -> Array:
    return matrix_diag_v2(call, x, _ZERO, _UNSAID, _UNSAID, np.zeros((), x.dtype))


@kernel("MatrixDiagV2", "rows on diagonals of matrices, a value everywhere else", PLAIN)
def matrix_diag_v2(call: KernelCall, x: Array, k: Array, rows: Array, columns: Array, padding: Array) -> Array:
    call.alike(x, padding)
    bounds = _bounds(k)
    lowest, highest = bounds
    several = lowest != highest
    if x.ndim < 1 + several or (several and x.shape[-2] != highest - lowest + 1):
        raise EvaluationError(f"puts {list(x.shape)} on the diagonals {lowest} to {highest}")
    height, width = _matrix_size(x.shape[-1], bounds, int(rows), int(columns))
    batch = x.shape[: x.ndim - 1 - several]
    out = np.full(call.reserve((*batch, height, width), x.dtype), padding, x.dtype)
    return _set_diagonals(call, out, x.reshape(*batch, highest - lowest + 1, x.shape[-1]), bounds)


@kernel("MatrixDiagV3", "MatrixDiagV2, with short diagonals where the node says so", PLAIN)
def matrix_diag_v3(call: KernelCall, *inputs: Array) -> Array:
    return matrix_diag_v2(_aligned(call), *inputs)


def _matrix_size(length: int, bounds: tuple[int, int], rows: int, columns: int) -> tuple[int, int]:
    """The size of matrices with diagonals of that length, -1 for what nobody says."""
    least_rows, least_columns = length - min(bounds[1], 0), length + max(bounds[0], 0)
    if rows == columns == -1:
        rows = columns = max(least_rows, least_columns)
    rows, columns = least_rows if rows == -1 else rows, least_columns if columns == -1 else columns
    if rows < least_rows or columns < least_columns or (rows > least_rows and columns > least_columns):
        raise EvaluationError(f"puts diagonals of {length} into {rows} rows and {columns} columns")
    return rows, columns


def _set_diagonals(call: KernelCall, out: Array, x: Array, bounds: tuple[int, int]) -> Array:
    """Puts diagonals of shape ``[..., number, length]`` into matrices."""
    for number, diagonal in enumerate(_diagonals(call, out, bounds, x.shape[-1])):
        out[..., diagonal.rows, diagonal.columns] = x[..., number, diagonal.place]
    return out


@kernel("MatrixDiagPart", "the diagonals of matrices", PLAIN)
def matrix_diag_part(call: KernelCall, x: Array) -> Array:
    return matrix_diag_part_v2(call, x, _ZERO, np.zeros((), x.dtype))


@kernel("MatrixDiagPartV2", "diagonals of matrices, a value after those that are shorter", PLAIN)
def matrix_diag_part_v2(call: KernelCall, x: Array, k: Array, padding: Array) -> Array:
    call.alike(x, padding)
    bounds = _bounds(k)
    if x.ndim < 2:
        raise EvaluationError(f"takes the diagonal of shape {list(x.shape)}")
    longest = _longest(x, bounds)
    found = _diagonals(call, x, bounds, longest)
    out = np.full(call.reserve((*x.shape[:-2], len(found), longest), x.dtype), padding, x.dtype)
    for number, diagonal in enumerate(found):
        out[..., number, diagonal.place] = x[..., diagonal.rows, diagonal.columns]
    return out if bounds[0] != bounds[1] else out[..., 0, :]


@kernel("MatrixDiagPartV3", "MatrixDiagPartV2, with short diagonals where the node says so", PLAIN)
def matrix_diag_part_v3(call: KernelCall, *inputs: Array) -> Array:
    return matrix_diag_part_v2(_aligned(call), *inputs)


@kernel("MatrixSetDiag", "matrices with other diagonals", PLAIN)
def matrix_set_diag(call: KernelCall, x: Array, diagonal: Array) -> Array:
    return matrix_set_diag_v2(call, x, diagonal, _ZERO)


@kernel("MatrixSetDiagV2", "matrices with several other diagonals", PLAIN)
def matrix_set_diag_v2(call: KernelCall, x: Array, diagonal: Array, k: Array) -> Array:
    call.alike(x, diagonal)
    bounds = _bounds(k)
    if x.ndim < 2 or not diagonal.ndim:
        raise EvaluationError(f"sets the diagonals of {list(x.shape)} to {list(diagonal.shape)}")
    several = bounds[0] != bounds[1]
    rows = diagonal if several else np.expand_dims(diagonal, -2)
    if rows.shape != (*x.shape[:-2], bounds[1] - bounds[0] + 1, _longest(x, bounds)):
        raise EvaluationError(f"puts {list(diagonal.shape)} on diagonals of {list(x.shape)}")
    return _set_diagonals(call, x.copy(), rows, bounds)


@kernel("MatrixSetDiagV3", "MatrixSetDiagV2, with short diagonals where the node says so", PLAIN)
def matrix_set_diag_v3(call: KernelCall, *inputs: Array) -> Array:
    return matrix_set_diag_v2(_aligned(call), *inputs)


@kernel(
    "MatrixBandPart",
    "matrices with zeros outside of a band around the diagonal, a side below 0 left whole",
    NUMBERS | BOOL,
)
def matrix_band_part(_: KernelCall, x: Array, below: Array, above: Array) -> Array:
    if below > x.shape[-2] or above > x.shape[-1]:
        raise EvaluationError("has a band wider than its matrices")
    rows, columns = np.arange(x.shape[-2])[:, None], np.arange(x.shape[-1])
    inside = ((below < 0) | (rows - columns <= below)) & ((above < 0) | (columns - rows <= above))
    return np.where(inside, x, x.dtype.type(0))
