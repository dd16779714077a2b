"""Nodes and arrays in, arrays out, or the reason why not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kernel_index.datatypes import DataType
from opselect.models.formats.numpy_types import Array
from opselect.models.graph import Node, NodeAttr
from opselect.rewriting.evaluation import EvaluationError, UndefinedResultError, evaluate

ROOT = Path(__file__).resolve().parents[4]

INT32, FLOAT = DataType.DT_INT32, DataType.DT_FLOAT


def run(op: str, *inputs: object, **attrs: NodeAttr) -> list[Array]:
    node = Node("n", op, attrs=attrs)
    return [value.array for value in evaluate(node, [np.asarray(each) for each in inputs])]


def ints(*values: int) -> Array:
    return np.array(values, np.int32)


def texts(*values: bytes) -> Array:
    return np.array(values, object)


def copies(count: int, text: bytes) -> Array:
    """One text many times over, which is there once: numpy.full would make a text of each, and tests keep them all."""
    return np.array([text] * count, object)


STEPS: dict[str, NodeAttr] = {"strides": (1, 1, 1, 1), "padding": "SAME"}
HOSTILE: list[tuple[str, list[Array], dict[str, NodeAttr]]] = [
    ("Fill", [np.array([1 << 40], np.int64), np.float32(1)], {}),
    ("Fill", [ints(1 << 20, 1 << 20, 1 << 20), np.float32(1)], {}),
    ("Range", [np.int64(0), np.int64(1 << 62), np.int64(1)], {}),
    ("Range", [np.float32(0), np.float32(3e38), np.float32(1)], {}),
    ("Tile", [np.zeros(1024, np.float32), ints(1 << 30)], {}),
    ("BroadcastTo", [np.float32(0), ints(1 << 30, 1 << 30)], {}),
    ("Pad", [np.zeros(2, np.float32), np.array([[1 << 30, 1 << 30]], np.int32)], {}),
    ("OneHot", [np.zeros(1 << 16, np.int32), np.int32(1 << 30), np.float32(1), np.float32(0)], {}),
    ("LinSpace", [np.float32(0), np.float32(1), np.int32(1 << 30)], {}),
    ("AddV2", [np.zeros((1 << 15, 1), np.float32), np.zeros((1, 1 << 15), np.float32)], {}),
    ("MatMul", [np.zeros((1 << 15, 1), np.float32), np.zeros((1, 1 << 15), np.float32)], {}),
    ("Einsum", [np.zeros(1 << 15, np.float32), np.zeros(1 << 15, np.float32)], {"equation": "a,b->ab"}),
    ("ScatterNd", [np.array([[0]], np.int32), np.zeros(1, np.float32), ints(1 << 30)], {}),
    ("GatherV2", [np.zeros((1, 1 << 20), np.float32), np.zeros(1 << 20, np.int32), np.int32(0)], {}),
    ("MatrixDiag", [np.zeros(1 << 15, np.float32)], {}),
    ("Unpack", [np.zeros((1 << 31, 0), np.float32)], {"num": 1 << 31}),
    ("Split", [np.int32(0), np.zeros((1 << 31, 0), np.float32)], {"num_split": 1 << 31}),
    ("DynamicPartition", [np.zeros(1, np.float32), ints(0)], {"num_partitions": 1 << 40}),
    ("DynamicStitch", [ints((1 << 31) - 1), np.zeros((1, 1), np.float32)], {}),
    ("StringJoin", [copies(1 << 16, b"x" * 4096), copies(1 << 16, b"x" * 4096)], {}),
    ("AsString", [np.zeros(4, np.int32)], {"width": 1 << 30}),
    ("Neg", [np.broadcast_to(np.float32(1), 1 << 29)], {}),
    ("Unique", [np.zeros(1 << 24, np.int8)], {}),
    ("MaxPool", [np.zeros((1, 1, 1, 1), np.float32)], {"ksize": (1, 1 << 30, 1 << 30, 1), **STEPS}),
    (
        "MaxPool",
        [np.zeros((1, 1, 1, 1), np.float32)],
        {"ksize": (1, 256, 256, 1), "dilations": (1, 9999, 9999, 1), **STEPS},
    ),
    ("LRN", [np.zeros((1, 1, 1, 1), np.float32)], {"depth_radius": 1 << 40}),
    ("Bincount", [ints(0), np.int32(1 << 30), np.zeros(0, np.float32)], {}),
    ("LowerBound", [np.zeros((1 << 24, 0), np.float32), np.zeros((1 << 24, 0), np.float32)], {}),
    ("SparseToDense", [ints(0), ints(1 << 30), np.float32(1), np.float32(0)], {}),
    ("MatrixDiagV2", [np.zeros(2, np.float32), np.int32(0), np.int32(1 << 30), np.int32(2), np.float32(0)], {}),
    ("DecodeRaw", [copies(1 << 12, b"x" * (1 << 17))], {"out_type": DataType.DT_UINT8}),
]


@pytest.mark.parametrize(("op", "inputs", "attrs"), HOSTILE, ids=[f"{op}-{i}" for i, (op, _, _) in enumerate(HOSTILE)])
def test_what_would_take_too_much_is_refused_before_it_is_made(
    op: str, inputs: list[Array], attrs: dict[str, NodeAttr]
) -> None:
    with pytest.raises(EvaluationError, match=r"would|has an input of|has windows|leaves rows"):
        run(op, *inputs, **attrs)


def test_an_output_may_be_as_large_as_the_largest_input() -> None:
    x = np.zeros(64, np.float32)
    assert evaluate(Node("n", "Neg"), [x], limit=1)[0].array.shape == (64,)
    with pytest.raises(EvaluationError, match="512 bytes, more than 256"):
        evaluate(Node("n", "Tile"), [x, ints(2)], limit=1)


@pytest.mark.parametrize(
    ("op", "inputs", "attrs", "problem"),
    [
        ("Frobnicate", [1.0], {}, "has the op Frobnicate, which cannot be evaluated"),
        ("FloorDiv", [ints(1), ints(0)], {}, "divides by zero"),
        ("Mod", [ints(1), ints(0)], {}, "divides by zero"),
        ("Pow", [ints(2), ints(-1)], {}, "a negative power"),
        ("Gather", [ints(1, 2), ints(2)], {}, "index that is none of 2"),
        ("Sub", [ints(1, 2), ints(1, 2, 3)], {}, r"shapes \[2\] and \[3\]"),
        ("Sub", [np.array([True]), np.array([True])], {}, "no kernel for DT_BOOL"),
        ("AddV2", [ints(1), ints(1)], {"T": DataType.DT_QINT32}, "no kernel for DT_QINT32"),
        ("AddV2", [ints(1), ints(1)], {"T": FLOAT}, "gives int32, where its attrs say DT_FLOAT"),
        ("Neg", [], {}, "does not fit its inputs"),
        ("Neg", [ints(1), ints(2)], {}, "does not fit its inputs"),
        ("Sum", [ints(1), ints(0)], {"keep_dims": 1}, "attr 'keep_dims' that is not true or false"),
        ("Cast", [1.0], {}, "attr 'DstT' that is not a data type"),
        ("CheckNumerics", [np.float32(np.nan)], {}, "finds NaN"),
        ("StringToNumber", [texts(b"0x10")], {}, "no number in b'0x10'"),
        ("StridedSlice", [ints(1), ints(0), ints(1), ints(0)], {}, "a stride of 0"),
        ("MatrixDiagPartV3", [np.zeros((2, 2)), ints(0, 1), np.float64(0)], {"align": "ROUND"}, "'align'"),
        ("MatrixDiagPartV2", [np.zeros((2, 2)), ints(1, 0), np.float64(0)], {}, "takes the diagonals 1 to 0"),
        ("MatrixBandPart", [np.zeros((2, 2)), np.int64(3), np.int64(0)], {}, "a band wider than its matrices"),
        ("Range", [np.float32(0), np.float32(1), np.float32(0.1)], {}, "some releases of TensorFlow multiply"),
        ("Unique", [np.array([np.nan, np.nan])], {}, "compares NaN"),
        ("Pow", [np.float32(1e-40), np.float32(2)], {}, "has a subnormal input"),
        ("SparseToDense", [ints(2, 1), ints(3), np.float32(1), np.float32(0)], {}, "not in order"),
        ("DecodeRaw", [texts(b"ab", b"c")], {"out_type": DataType.DT_UINT8}, "lengths do not fit"),
        (
            "Dequantize",
            [np.zeros(1, np.int8), np.float32(0), np.float32(1)],
            {"T": DataType.DT_QINT8, "dtype": DataType.DT_BFLOAT16},
            "other numbers than float",
        ),
        ("StringLower", [texts(b"A")], {"encoding": "utf-8"}, "counts characters"),
    ],
)
def test_what_cannot_be_computed_says_why(
    op: str, inputs: list[object], attrs: dict[str, NodeAttr], problem: str
) -> None:
    with pytest.raises(EvaluationError, match=problem):
        run(op, *inputs, **attrs)


@pytest.mark.parametrize("number", [np.nan, np.inf, 3e9, -3e9, 2147483648.0])
def test_a_number_that_its_new_type_cannot_hold_has_no_defined_value(number: float) -> None:
    with pytest.raises(UndefinedResultError, match="int32 cannot hold"):
        run("Cast", np.float32(number), DstT=INT32)


def test_the_edges_of_a_type_can_be_cast() -> None:
    edges = np.array([-2147483648.9, 2147483647.9, -0.9])
    assert run("Cast", edges, DstT=INT32)[0].tolist() == [-2147483648, 2147483647, 0]
    assert run("Cast", np.array([255.5, -0.5], np.float32), DstT=DataType.DT_UINT8)[0].tolist() == [255, 0]


def test_quantized_types_are_kept_where_arrays_only_have_integers() -> None:
    node = Node("n", "Reshape", attrs={"T": DataType.DT_QUINT8})
    (value,) = evaluate(node, [np.zeros(2, np.uint8), ints(2, 1)])
    assert value.type is DataType.DT_QUINT8


def test_inputs_stay_as_they_are() -> None:
    x = np.arange(4, dtype=np.float32)
    x.flags.writeable = False
    for op in ("Relu", "Identity", "Cumsum"):
        run(op, x, *([np.int32(0)] if op == "Cumsum" else []))
    assert x.tolist() == [0, 1, 2, 3]


OLD_ML_DTYPES = """
import ml_dtypes
for name in ("int4", "uint4", "int2", "uint2", "float4_e2m1fn"):
    vars(ml_dtypes).pop(name, None)
import numpy as np
from kernel_index.datatypes import DataType
from opselect.models.graph import Node
from opselect.rewriting.evaluation import EvaluationError, evaluate
assert evaluate(Node("n", "Neg"), [np.float32(1)])[0].array == -1
try:
    evaluate(Node("n", "Bitcast", attrs={"type": DataType.DT_INT2}), [np.int8(1)])
except EvaluationError as error:
    assert "DT_INT2, which this ml_dtypes lacks" in str(error)
else:
    raise AssertionError
"""


def test_types_that_an_older_ml_dtypes_lacks_are_in_nobodys_way() -> None:
    subprocess.run([sys.executable, "-c", OLD_ML_DTYPES], check=True, cwd=ROOT)
