"""Compare what the evaluator computes with what TensorFlow's kernels computed.

    python -m tests.conformance.evaluator [CASES.pb.gz]

prints a line for each op and type: cases, how many were refused, and the largest difference in units in the last place,
or for sums relative to the largest element. What is not folded, as TensorFlow only approximates it, has lines with a ~.
``fixtures/evaluation/make_cases.py`` says what the file holds and makes more of them.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opselect.models.formats.graphdef import parse_graphdef
from opselect.models.formats.numpy_types import Array
from opselect.models.formats.tensor_headers import tensor_header
from opselect.models.formats.tensors import read_tensor
from opselect.models.graph import Node, TensorRef
from opselect.models.storage import MemoryBytes
from opselect.rewriting.evaluation import KERNELS, Accuracy, EvaluationError, UndefinedResultError, Value, evaluate
from opselect.rewriting.evaluation.floats import BFLOAT16, flushed
from opselect.rewriting.evaluation.kernel import data_type_of

FIXTURE = Path(__file__).parents[2] / "fixtures" / "evaluation" / "kernels.pb.gz"


@dataclass(frozen=True, slots=True)
class Case:
    """A node with the values of its inputs; ``expected`` are its outputs, None where TensorFlow refuses it."""

    node: Node
    inputs: tuple[Array, ...]
    expected: tuple[Value, ...] | None


def read_cases(path: Path) -> Iterator[Case]:
    """All cases of a file."""
    data = gzip.decompress(path.read_bytes())
    nodes = {node.name: node for node in parse_graphdef(data, [(0, len(data))], MemoryBytes(data)).nodes}
    values = {name: _value(node) for name, node in nodes.items() if node.op == "Const"}
    for name, node in nodes.items():
        if "/" in name:
            continue
        outputs: list[Value] = []
        while (output := f"{name}/out/{len(outputs)}") in values:
            outputs.append(values[output])
        expected = None if f"{name}/refused" in nodes else tuple(outputs)
        yield Case(node, tuple(values[reference].array for reference in node.inputs), expected)


def _value(node: Node) -> Value:
    ref = node.attrs["value"]
    assert isinstance(ref, TensorRef)
    return Value(read_tensor(ref), tensor_header(ref)[0])


def computed(case: Case) -> tuple[Value, ...] | EvaluationError:
    """What the evaluator makes of a case, or why it makes nothing."""
    try:
        return evaluate(case.node, case.inputs)
    except EvaluationError as error:
        return error


def approximated(case: Case) -> bool:
    """Whether a case is one of those that TensorFlow only approximates, so that it is not folded."""
    if not case.inputs or case.expected is None:
        return False
    count = max((value.array.size for value in case.expected), default=0)
    return KERNELS[case.node.op].approximates(data_type_of(case.inputs[0]), count)


def comparable(array: Array) -> Array:
    """The array without differences that are not counted.

    Subnormals are zeros; complex numbers that are not finite are NaN: C++ and vector instructions disagree on them.
    """
    if array.dtype.kind == "c":
        array = np.where(np.isfinite(array), array, np.nan).astype(array.dtype)
    return flushed(array)


def ulps(ours: Array, theirs: Array) -> float:
    """The largest difference of two arrays of one shape, in units in the last place; infinite where one is no number.

    Zeros of either sign are the same.
    """
    if ours.dtype.kind == "c":
        return max(ulps(ours.real, theirs.real), ulps(ours.imag, theirs.imag))
    if ours.dtype.kind not in "fV":
        return 0 if np.array_equal(ours, theirs) else np.inf
    same = (np.isnan(ours) & np.isnan(theirs)) | (ours == theirs)
    if (~same & ~(np.isfinite(ours) & np.isfinite(theirs))).any():
        return np.inf
    steps = [_step(a) - _step(b) for a, b in zip(ours[~same], theirs[~same], strict=True)]
    return max(map(abs, steps), default=0)


def _step(number: Any) -> int:
    """The place of a number among all that its type has."""
    bits = int(np.asarray(number).view(f"i{number.itemsize}"))
    return bits if bits >= 0 else -(1 << (8 * number.itemsize - 1)) - bits


def relative(ours: Array, theirs: Array, scale: Array) -> float:
    """The largest difference in units in the last place of a scale, which is as large as what was added up."""
    wide = np.complex128 if ours.dtype.kind == "c" else np.float64
    a, b, by = ours.astype(wide), theirs.astype(wide), np.abs(scale.astype(wide))
    if (np.isnan(a) != np.isnan(b)).any() or (np.isinf(a) & (a != b)).any():
        return np.inf
    differs = np.isfinite(a) & (a != b)
    epsilon = 2.0**-7 if ours.dtype == BFLOAT16 else float(np.finfo(ours.dtype).eps)
    return float(np.max(np.abs(a[differs] - b[differs]) / by[differs], initial=0)) / epsilon


def _of_batch_norm(x: Array, scale: Array, offset: Array, mean: Array, variance: Array) -> Array:
    return (np.abs(x) + np.abs(mean)) * np.abs(scale) / np.sqrt(variance) + np.abs(offset)


_SCALES: dict[str, Callable[..., Array]] = {
    "Elu": lambda x: 1 + np.abs(x),
    "Selu": lambda x: 2 * (1 + np.abs(x)),
    "Lgamma": lambda x: np.maximum(np.abs(np.where(np.isfinite(x), x, 1)), 1),
    "Softmax": np.ones_like,
    "LogSoftmax": lambda x: np.broadcast_to(2 * np.max(np.abs(x), -1, keepdims=True, initial=1), x.shape),
    "FusedBatchNorm": _of_batch_norm,
    "FusedBatchNormV2": _of_batch_norm,
    "FusedBatchNormV3": _of_batch_norm,
}
"""How large the terms of a sum are that are not the inputs themselves, of the first output."""


_DEFINED_OUTPUTS = dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), 3)
"""Of ops whose last outputs TensorFlow leaves undefined, how many are."""


def scale_of(case: Case, position: int) -> Array:
    """How large an output is without cancellation: what the node makes of the absolute values of its inputs."""
    if case.node.op in _SCALES and not position:
        return _SCALES[case.node.op](*(x.astype(np.float64) for x in case.inputs))
    inputs = [np.abs(x).astype(x.dtype) if x.dtype.kind in "fVc" else x for x in case.inputs]
    return evaluate(case.node, inputs)[position].array


@dataclass
class Row:
    """What was found for an op and a type."""

    cases: int = 0
    refused: int = 0
    largest: float = 0
    relative: float = 0
    problems: tuple[str, ...] = ()


def compare(case: Case, row: Row) -> None:
    """Adds a case to a row."""
    row.cases += 1
    found = computed(case)
    described = f"{case.node.name} {[list(array.shape) for array in case.inputs]}"
    if isinstance(found, EvaluationError):
        row.refused += 1
        if case.expected is not None and not isinstance(found, UndefinedResultError):
            row.problems += (f"{described}: ours refuses: {found}",)
        return
    if case.expected is None:
        row.problems += (f"{described}: ours computes",)
        return
    for position, (ours, theirs) in enumerate(zip(found, case.expected, strict=True)):
        if position >= _DEFINED_OUTPUTS.get(case.node.op, len(found)):
            break
        if ours.type != theirs.type or ours.array.shape != theirs.array.shape:
            row.problems += (f"{described}: {ours.type} {ours.array.shape}, not {theirs.type} {theirs.array.shape}",)
            continue
        a, b = comparable(ours.array), comparable(theirs.array)
        summed = KERNELS[case.node.op].accuracy is Accuracy.SUM and a.dtype.kind in "fVc"
        if summed or a.dtype.kind == "c":
            row.relative = max(row.relative, relative(a, b, scale_of(case, position) if summed else b))
        else:
            row.largest = max(row.largest, ulps(a, b))


def table(cases: Iterator[Case]) -> dict[tuple[str, str, bool], Row]:
    """What was found, by op, type of the first input, and whether it is approximated."""
    rows: dict[tuple[str, str, bool], Row] = {}
    for case in cases:
        kind = str(case.inputs[0].dtype) if case.inputs else ""
        compare(case, rows.setdefault((case.node.op, kind, approximated(case)), Row()))
    return rows


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path, nargs="?", default=FIXTURE)
    with np.errstate(all="ignore"):
        rows = table(read_cases(parser.parse_args().cases))
    for (op, kind, rough), row in sorted(rows.items()):
        counts = f"{row.cases:4} cases {row.refused:3} refused"
        print(f"{op:28} {kind:10} {'~' if rough else ' '} {counts} {row.largest:8g} ulp {row.relative:8.3g}")
        for problem in row.problems:
            print(f"    {problem}")
    sys.exit(any(row.problems for row in rows.values()))
